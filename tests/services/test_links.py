# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from scheduler.services.links import Links, fingerprint


def test_a_token_carries_256_bits_and_is_the_same_again():
    links = Links(["key"], "https://x.example/")

    token = links.token("inv_1", 1, links.newest)

    assert token == Links(["newer", "key"], "").token("inv_1", 1, fingerprint("key"))
    assert token is not None
    assert len(token) == 43
    assert links.url(token) == f"https://x.example/c/{token}"


def test_every_invitation_generation_and_key_has_a_token_of_its_own():
    links = Links(["one", "two"], "")

    tokens = {
        links.token(invitation, generation, fingerprint(key))
        for invitation in ("inv_1", "inv_2")
        for generation in (1, 2)
        for key in ("one", "two")
    }

    assert len(tokens) == 8


def test_a_retired_key_makes_no_tokens():
    assert Links(["new"], "").token("inv_1", 1, fingerprint("old")) is None


def test_a_signature_serves_one_purpose_and_one_text():
    links = Links(["key"], "")
    signature = links.sign("book", "text")

    assert links.verify("book", "text", signature)
    assert not links.verify("cancel", "text", signature)
    assert not links.verify("book", "other", signature)
    assert Links(["newer", "key"], "").verify("book", "text", signature)
    assert not Links(["newer"], "").verify("book", "text", signature)
