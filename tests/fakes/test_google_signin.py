# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from google.auth.exceptions import RefreshError
from googleapiclient.errors import HttpError

from tests.fakes.google import FakeGoogle, problem
from tests.fakes.google.client import acting_as
from tests.fakes.google.grants import SCOPE_ROOT
from tests.patience import PATIENCE

ANN, BOB = "ann@corp.test", "bob@corp.test"
VERIFIER = "v" * 43
BACK = "https://interviews.example.com/back"
SCOPES = f"openid email {SCOPE_ROOT}calendar.events.owned {SCOPE_ROOT}calendar.freebusy"


@pytest.fixture
def fake() -> Iterator[FakeGoogle]:
    with FakeGoogle() as google:
        google.add_person(ANN)
        google.add_person(BOB)
        yield google


def question(fake: FakeGoogle, **changes: str) -> dict[str, str]:
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    return {
        "client_id": fake.client_id,
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": SCOPES,
        "state": "s1",
        "nonce": "n1",
        "access_type": "offline",
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
        **changes,
    }


def redeem(fake: FakeGoogle, code: str, **changes: str) -> tuple[int, dict[str, Any]]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        "client_id": fake.client_id,
        "client_secret": fake.client_secret,
        **changes,
    }
    response = requests.post(fake.token_uri, data=form, timeout=PATIENCE)
    return response.status_code, response.json()


def refresh(fake: FakeGoogle, token: str) -> tuple[int, dict[str, Any]]:
    return redeem(fake, "", grant_type="refresh_token", refresh_token=token)


def claims_of(id_token: str) -> dict[str, Any]:
    body = id_token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def list_events(fake: FakeGoogle, token: str, calendar: str = "primary") -> int:
    url = f"{fake.api_endpoint}calendars/{calendar}/events"
    return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE).status_code


def test_a_person_who_agrees_lets_the_client_into_their_calendar(fake):
    back = fake.approve(question(fake), ANN)
    assert back == {"state": "s1", "code": back["code"], "scope": " ".join(sorted(SCOPES.split()))}
    status, tokens = redeem(fake, back["code"])
    assert (status, tokens["token_type"], tokens["expires_in"]) == (200, "Bearer", 3599)
    claims = claims_of(tokens["id_token"])
    assert (claims["aud"], claims["email"], claims["nonce"]) == (fake.client_id, ANN, "n1")
    assert list_events(fake, tokens["access_token"]) == 200
    assert list_events(fake, tokens["access_token"], BOB) == 404
    fake.expire_tokens()
    assert list_events(fake, tokens["access_token"]) == 401
    status, renewed = refresh(fake, tokens["refresh_token"])
    assert list_events(fake, renewed["access_token"]) == 200
    fake.revoke(ANN)
    assert list_events(fake, renewed["access_token"]) == 401
    assert refresh(fake, tokens["refresh_token"]) == (
        400,
        {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
    )


@pytest.mark.parametrize(
    ("change", "error", "noted"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant", 1),
        ({"redirect_uri": "https://other.example.com"}, "redirect_uri_mismatch", 1),
        ({"client_secret": "old"}, "invalid_client", 0),
        ({"code": "4/made-up"}, "invalid_grant", 0),
    ],
)
def test_a_code_is_good_for_who_asked_for_it(fake, change, error, noted):
    code = fake.approve(question(fake), ANN)["code"]
    assert redeem(fake, **{"code": code, **change})[1]["error"] == error
    assert len(fake.wrong) == noted
    fake.wrong.clear()


def test_a_code_is_good_once(fake):
    code = fake.approve(question(fake), ANN)["code"]
    assert [redeem(fake, code)[0] for _ in range(2)] == [200, 400]


def test_scopes_may_be_ticked_off_and_claims_be_wrong(fake):
    fake.id_token_claims.update(aud="another", nonce=None)
    back = fake.approve(urlencode(question(fake)), ANN, scopes=["openid"])
    _, tokens = redeem(fake, back["code"])
    claims = claims_of(tokens["id_token"])
    assert (tokens["scope"], claims["aud"]) == ("openid", "another")
    assert {"nonce", "email"} & claims.keys() == set()
    assert list_events(fake, tokens["access_token"]) == 403


def test_a_refresh_token_comes_with_the_first_consent_only_unless_asked_for(fake):
    given = []
    for changes in ({}, {}, {"prompt": "consent"}, {"access_type": "online"}):
        code = fake.approve(question(fake, **changes), ANN)["code"]
        given.append("refresh_token" in redeem(fake, code)[1])
    assert given == [True, False, True, False]


def test_the_consent_screen_sends_back_whoever_opens_it(fake):
    fake.signed_in = ANN
    url = f"{fake.authorize_url}?{urlencode(question(fake))}"
    location = requests.get(url, timeout=PATIENCE, allow_redirects=False).headers["Location"]
    assert location.startswith(BACK + "?")
    assert redeem(fake, dict(parse_qsl(urlsplit(location).query))["code"])[0] == 200
    fake.signed_in = None
    refused = requests.get(url, timeout=PATIENCE, allow_redirects=False).headers["Location"]
    assert refused == f"{BACK}?error=access_denied&state=s1"


def test_one_scope_that_is_not_delegated_fails_all(fake):
    with (
        acting_as(fake, ANN, scopes_delegated=["calendar.freebusy"]) as api,
        pytest.raises(RefreshError) as caught,
    ):
        api.events().list(calendarId="primary").execute()
    assert caught.value.args[1]["error"] == "unauthorized_client"


def test_nobody_is_impersonated_who_does_not_exist(fake):
    fake.forget_person(BOB)
    with acting_as(fake, BOB) as api, pytest.raises(RefreshError) as caught:
        api.events().list(calendarId="primary").execute()
    assert caught.value.args[1] == {
        "error": "invalid_grant",
        "error_description": "Invalid email or User ID",
    }


def test_a_service_account_alone_invites_nobody(fake):
    account = fake.service_account()["client_email"]
    fake.share(ANN, account, "owner")
    grants = fake.sign_in.grants
    token = grants.new_access(account, ["calendar.events"], fake.now(), by_service_account=True)
    event = {
        "start": {"dateTime": "2026-12-01T09:00:00Z"},
        "end": {"dateTime": "2026-12-01T10:00:00Z"},
    }
    statuses = [
        requests.post(
            f"{fake.api_endpoint}calendars/{ANN}/events",
            json={**event, "attendees": guests},
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE,
        ).status_code
        for guests in ([], [{"email": BOB}])
    ]
    assert statuses == [200, 403]


def test_an_expired_token_is_renewed_behind_the_clients_back(fake):
    with acting_as(fake, ANN) as api:
        api.events().list(calendarId="primary").execute()
        fake.expire_tokens()
        api.events().list(calendarId="primary").execute()
    assert [request.path for request in fake.requests].count("/token") == 2


def test_a_closed_calendar_is_refused_to_its_owner(fake):
    fake.no_access(ANN)
    with acting_as(fake, ANN) as api, pytest.raises(HttpError) as caught:
        api.events().list(calendarId="primary").execute()
    assert (caught.value.status_code, json.loads(caught.value.content)) == problem("notACalendarUser")
