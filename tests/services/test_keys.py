# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.errors import Invalid, NotFound
from scheduler.logs import redact
from scheduler.services import keys
from scheduler.services.keys import Principal


def create(town, *scopes: str) -> tuple[str, str]:
    return keys.create(town.parts, town.organization_id, name="ATS", scopes=scopes or ("read",))


def test_a_key_opens_its_organisation(town):
    key_id, text = create(town, "schedule", "read")
    assert keys.authenticate(town.parts, text) == Principal(
        organization_id=town.organization_id, key_id=key_id, scopes=frozenset({"read", "schedule"})
    )


def test_only_the_hash_of_a_key_is_kept(town):
    _, text = create(town)
    with town.parts.database.transaction(town.organization_id) as session:
        (row,) = session.scalars(sa.select(rows.ApiKey))
    kept = repr(vars(row))
    assert text not in kept
    assert text[4:] not in kept


def test_no_two_keys_are_alike(town):
    assert len({create(town)[1] for _ in range(20)}) == 20


def test_a_revoked_key_opens_nothing_at_once_and_stays_listed(town):
    key_id, text = create(town)
    town.clock.forward(minutes=1)
    other_id, other = create(town, "read", "manage")
    first = keys.revoke(town.parts, key_id)
    town.clock.forward(minutes=1)
    assert keys.revoke(town.parts, key_id) == first
    assert keys.authenticate(town.parts, text) is None
    assert keys.authenticate(town.parts, other) is not None
    shown = keys.find(town.parts, town.organization_id)
    assert [(key["id"], key["scopes"]) for key in shown] == [
        (key_id, ["read"]),
        (other_id, ["read", "manage"]),
    ]
    assert [key["created_at"][11:16] for key in shown] == ["09:00", "09:01"]
    assert [key["revoked_at"] for key in shown] == ["2026-11-30T09:01:00Z", None]


def test_a_key_or_an_organisation_that_is_not_there_is_said_to_be_none(town):
    with pytest.raises(NotFound):
        keys.revoke(town.parts, "key_0")
    with pytest.raises(NotFound):
        keys.find(town.parts, "org_0")


def test_a_key_that_was_never_made_opens_nothing(town):
    made_up = "cvn_" + "0" * keys.SECRET_LENGTH
    assert keys.authenticate(town.parts, made_up + keys._checksum("0" * keys.SECRET_LENGTH)) is None


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "0", lambda t: t[4:], lambda t: t.swapcase()]
)
def test_a_mistyped_key_is_known_by_its_checksum(town, change):
    _, text = create(town)
    assert keys._is_well_formed(text)
    assert not keys._is_well_formed(change(text))


@pytest.mark.parametrize("text", ["", "cvn_", "\x00", "cvn_é" + "0" * 37, "x" * 10_000])
def test_what_is_no_key_opens_nothing(town, text):
    assert keys.authenticate(town.parts, text) is None


def test_a_key_never_reaches_a_log(town):
    _, text = create(town)
    assert redact(f"key {text} refused") == "key cvn_… refused"


@pytest.mark.parametrize("scopes", [(), ("everything",), ("read", "write")])
def test_a_key_has_scopes_that_exist(town, scopes):
    with pytest.raises(Invalid):
        keys.create(town.parts, town.organization_id, name="ATS", scopes=scopes)


def test_a_key_needs_an_organisation(town):
    with pytest.raises(NotFound):
        keys.create(town.parts, "org_0", name="ATS", scopes=("read",))
