# SPDX-License-Identifier: Apache-2.0
"""The fake sign-in, asked by MSAL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest

from tests.fakes.faults import answer
from tests.fakes.microsoft import FakeMicrosoft, claims_challenge
from tests.fakes.microsoft.client import Client, msal_app, session_for

ADA, BOB = "ada@corp.example", "bob@corp.example"
BACK = "http://127.0.0.1:8000/connect/microsoft"
SCOPES = ["Calendars.ReadWrite"]


@pytest.fixture
def fake() -> Iterator[FakeMicrosoft]:
    with FakeMicrosoft() as fake:
        fake.add_person(ADA)
        fake.add_person(BOB)
        yield fake


def for_app(fake: FakeMicrosoft, credential: Any = None) -> dict[str, Any]:
    return msal_app(fake, credential).acquire_token_for_client([f"https://{fake.sign_in.host}/.default"])


def connected(fake: FakeMicrosoft, **approval: Any) -> tuple[Any, dict[str, Any]]:
    """MSAL's app after Ada connected her calendar, and what it was given."""
    app = msal_app(fake)
    flow = app.initiate_auth_code_flow(SCOPES, response_mode="form_post", redirect_uri=BACK)
    return app, app.acquire_token_by_auth_code_flow(flow, fake.approve(flow["auth_uri"], ADA, **approval))


@pytest.mark.parametrize("tls", [False, True])
def test_the_app_signs_in_with_its_secret(tls):
    with FakeMicrosoft(tls=tls) as fake:
        fake.add_person(ADA)
        with Client(fake, token=for_app(fake)["access_token"]) as client:
            assert client.get(f"users/{ADA}/calendar").status_code == 200


def test_the_app_signs_in_with_its_certificate(fake):
    key, _, certificate = Path(fake.certificate_file).read_text().partition("-----BEGIN CERTIFICATE")
    ours = {"private_key": key, "public_certificate": "-----BEGIN CERTIFICATE" + certificate}

    assert "access_token" in for_app(fake, ours)


def test_another_certificate_is_refused(fake):
    with FakeMicrosoft() as other:
        key, _, certificate = Path(other.certificate_file).read_text().partition("-----BEGIN CERTIFICATE")
    theirs = {"private_key": key, "public_certificate": "-----BEGIN CERTIFICATE" + certificate}

    assert for_app(fake, theirs)["error_codes"] == [700027]


def test_a_wrong_or_expired_secret_is_refused(fake):
    wrong = for_app(fake, "something else")
    fake.sign_in.secret_expired = True

    assert (wrong["error"], wrong["error_codes"]) == ("invalid_client", [7000215])
    assert for_app(fake)["error_codes"] == [7000222]


def test_tokens_end(fake):
    start = fake.now()
    with Client(fake) as client:
        fake.now = lambda: start + timedelta(hours=1)
        late = client.get(f"users/{ADA}/calendar")
    with Client(fake) as client:
        fake.expire_tokens()
        expired = client.get(f"users/{ADA}/calendar")

    assert [one.status_code for one in (late, expired)] == [401, 401]
    assert late.json()["error"]["code"] == "InvalidAuthenticationToken"


def test_permissions_that_nobody_consented_to_are_missing(fake):
    fake.sign_in.roles = {"Calendars.Read"}

    with Client(fake) as client:
        assert client.get(f"users/{ADA}/events").status_code == 200
        assert client.call("POST", f"users/{ADA}/events", {}).status_code == 403
        assert client.get("places/microsoft.graph.room").status_code == 403


def test_a_person_connects_and_reaches_one_calendar(fake):
    _, token = connected(fake)

    with Client(fake, token=token["access_token"]) as client:
        assert client.get("me/calendar").json()["owner"]["address"] == ADA
        assert client.get(f"users/{ADA}/events").status_code == 200
        assert client.get(f"users/{BOB}/events").status_code == 403


def test_the_app_is_nobody(fake):
    with Client(fake) as client:
        assert client.get("me/calendar").status_code == 400
    assert len(fake.expect_wrong()) == 1


def test_an_id_token_tells_who_connected_and_can_be_made_to_lie(fake):
    _, token = connected(fake)
    fake.sign_in.id_token_claims = {"aud": "somebody else", "tid": None}
    _, wrong = connected(fake)

    claims = token["id_token_claims"]
    assert {name: claims[name] for name in ("aud", "iss", "tid", "oid", "preferred_username")} == {
        "aud": fake.client_id,
        "iss": f"https://{fake.sign_in.host}/{fake.tenant_id}/v2.0",
        "tid": fake.tenant_id,
        "oid": fake.user_id(ADA),
        "preferred_username": ADA,
    }
    assert (wrong["id_token_claims"]["aud"], "tid" in wrong["id_token_claims"]) == ("somebody else", False)


def test_id_tokens_are_signed_with_the_published_key(fake):
    _, token = connected(fake)
    with session_for(fake) as session:
        (key,) = session.get(f"{fake.url}/{fake.tenant_id}/discovery/v2.0/keys").json()["keys"]

    claims = jwt.decode(token["id_token"], jwt.PyJWK(key), audience=fake.client_id)

    assert claims["oid"] == fake.user_id(ADA)


def test_a_person_may_grant_less_or_nothing(fake):
    _, token = connected(fake, scopes={"Calendars.Read"})
    app = msal_app(fake)
    flow = app.initiate_auth_code_flow(SCOPES, response_mode="form_post", redirect_uri=BACK)

    refused = app.acquire_token_by_auth_code_flow(flow, fake.decline(flow["auth_uri"]))

    assert "Calendars.ReadWrite" not in token["scope"]
    assert refused["error"] == "access_denied"


def test_a_code_is_good_once_with_its_verifier(fake):
    app = msal_app(fake)
    flow = app.initiate_auth_code_flow(SCOPES, response_mode="form_post", redirect_uri=BACK)
    back = fake.approve(flow["auth_uri"], ADA)
    first = app.acquire_token_by_auth_code_flow(flow, back)
    again = msal_app(fake).acquire_token_by_auth_code_flow(flow, back)
    other = fake.approve(flow["auth_uri"], ADA)
    stolen = msal_app(fake).acquire_token_by_auth_code_flow({**flow, "code_verifier": "x" * 43}, other)

    assert "access_token" in first
    assert [one["error_codes"] for one in (again, stolen)] == [[54005], [501481]]


def test_refresh_tokens_rotate(fake):
    app, token = connected(fake)
    ours = {"scopes": SCOPES}
    (first,) = (token["refresh_token"],)

    second = app.acquire_token_by_refresh_token(first, **ours)
    again = msal_app(fake).acquire_token_by_refresh_token(first, **ours)

    assert second["refresh_token"] != first
    assert (again["error"], again["error_codes"]) == ("invalid_grant", [70000])


def test_a_revoked_grant_is_dead(fake):
    app, token = connected(fake)
    fake.revoke(ADA)

    refused = app.acquire_token_by_refresh_token(token["refresh_token"], scopes=SCOPES)

    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [50173])
    with Client(fake, token=token["access_token"]) as client:
        assert client.get("me/calendar").status_code == 401


def test_the_authorize_page_sends_whoever_is_at_the_browser_back(fake):
    flow = msal_app(fake).initiate_auth_code_flow(SCOPES, response_mode="form_post", redirect_uri=BACK)
    fake.browsed_by = ADA
    with session_for(fake) as session:
        posts = session.get(flow["auth_uri"], allow_redirects=False)
        asking = flow["auth_uri"].replace("response_mode=form_post", "response_mode=query")
        redirects = session.get(asking, allow_redirects=False)

    back = dict(parse_qsl(urlsplit(redirects.headers["Location"]).query))

    assert (posts.status_code, f'action="{BACK}"' in posts.text) == (200, True)
    assert (redirects.status_code, back["state"]) == (302, flow["state"])
    assert "access_token" in msal_app(fake).acquire_token_by_auth_code_flow(flow, back)


def test_a_request_for_consent_without_a_challenge_is_noted(fake):
    with session_for(fake) as session:
        page = session.get(f"{fake.url}/{fake.tenant_id}/oauth2/v2.0/authorize?client_id={fake.client_id}")

    assert page.status_code == 400
    assert len(fake.expect_wrong()) == 1


def test_faults_befall_tokens_only_when_meant(fake):
    fake.faults.add(claims_challenge())
    fake.faults.add(answer(503, "busy"), path="oauth2/v2.0/token", times=None)
    app = msal_app(fake)

    with pytest.raises(Exception, match="503"):
        app.acquire_token_for_client([f"https://{fake.sign_in.host}/.default"])
    fake.faults.clear()
    fake.faults.add(claims_challenge())
    with Client(fake) as client:
        challenged = client.get(f"users/{ADA}/calendar")

    assert challenged.status_code == 401
    assert "claims=" in challenged.headers["WWW-Authenticate"]
