# SPDX-License-Identifier: Apache-2.0
"""Whose account it was: the claims of an ID token, which nobody but us checks."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from calendars.oauth import WrongAnswer, claims_of

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def token(**changes) -> str:
    claims = {
        "iss": "https://issuer.example",
        "aud": "us",
        "sub": "1",
        "nonce": "n",
        "iat": NOW.timestamp(),
        "exp": (NOW + timedelta(hours=1)).timestamp(),
        **changes,
    }
    body = json.dumps({name: value for name, value in claims.items() if value is not None})
    return f"e30.{base64.urlsafe_b64encode(body.encode()).decode().rstrip('=')}.sig"


def check(id_token, now=NOW):
    return claims_of(id_token, audience="us", issuers=("https://issuer.example",), nonce="n", now=now)


def test_claims_that_are_right_are_given():
    assert check(token())["sub"] == "1"
    assert check(token(aud=["us"]))["sub"] == "1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "them"},
        {"aud": ["us", "them"]},
        {"azp": "them"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": None},
        {"exp": "soon"},
    ],
    ids=str,
)
def test_one_that_is_wrong_is_enough(wrong):
    with pytest.raises(WrongAnswer):
        check(token(**wrong))


@pytest.mark.parametrize("skew", [-119, 0, 119])
def test_clocks_may_differ_by_two_minutes(skew):
    """Case 85: at both ends."""
    late = NOW + timedelta(hours=1, seconds=skew)
    early = NOW + timedelta(seconds=-119 if skew < 0 else 0)
    assert check(token(), now=late if skew > 0 else early)["sub"] == "1"


@pytest.mark.parametrize("seconds", [-121, 3600 + 121])
def test_and_by_no_more(seconds):
    """Case 85."""
    with pytest.raises(WrongAnswer):
        check(token(), now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("junk", ["", "a", "a.b.c", "a.e30.c", "a.W10.c", None, 5, "a.!!!.c"])
def test_what_is_no_token_is_none(junk):
    with pytest.raises(WrongAnswer):
        check(junk)
