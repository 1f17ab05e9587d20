# SPDX-License-Identifier: Apache-2.0
"""The pages on which somebody connects their calendar, and the doors at which providers knock, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet

from calendars.google.oauth import GoogleSignIn
from scheduler import logs
from scheduler.app import create_app
from scheduler.services import connections
from scheduler.services.sealing import Sealing
from tests.fakes.google import FakeGoogle

ADA = "ada@acme.example"


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with FakeGoogle() as fake:
        fake.add_person(ADA)
        yield fake


@pytest.fixture
def house(town, google):  # the fixture
    google.now = town.clock
    sign_in = GoogleSignIn(
        google.client_id, google.client_secret, authorize_url=google.authorize_url, token_url=google.token_uri
    )
    keys = Sealing([Fernet.generate_key().decode()])
    town.parts = replace(town.parts, sign_ins={"google": sign_in}, sealing=keys)
    return town


@pytest.fixture
def browser(house):
    return create_app(house.parts).test_client()


def link_of(house) -> str:
    ada = house.hire("Ada", calendar={"provider": "google", "address": ADA})
    url = connections.invite(house.parts, house.organization_id, ada)["url"]
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def test_somebody_follows_the_link_agrees_and_is_connected(house, google, browser):
    left = browser.get(link_of(house))
    back = google.approve(urlsplit(left.location).query, ADA)
    arrived = browser.get("/connect/google/callback", query_string=back)

    assert (left.status_code, arrived.status_code) == (303, 200)
    assert left.location.startswith(google.authorize_url)
    assert "HttpOnly" in left.headers["Set-Cookie"]
    assert "SameSite=Lax" in left.headers["Set-Cookie"]
    assert "Your calendar is connected" in arrived.text
    assert arrived.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in arrived.headers["Content-Security-Policy"]


def test_another_browser_cannot_finish_what_this_one_began(house, google, browser):
    left = browser.get(link_of(house))
    back = google.approve(urlsplit(left.location).query, ADA)
    other = create_app(house.parts).test_client()

    refused = other.get("/connect/google/callback", query_string=back)

    assert refused.status_code == 410
    assert "Your calendar is not connected" in refused.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/connect/google", 410),
        ("/connect/google?ticket=made-up", 410),
        ("/connect/google?ticket=a.b.1.%C3%BC", 410),
        ("/connect/google?ticket=a.b.1.%00%FF", 410),
        ("/connect/google/callback?code=%00&state=%FF%00", 410),
        ("/connect/microsoft", 410),
        ("/connect/google/callback", 410),
        ("/connect/google/callback?code=a&state=b", 410),
        ("/connect/yahoo", 404),
    ],
)
def test_without_a_good_link_a_page_says_what_to_do(browser, path, status):
    answer = browser.get(path)

    assert answer.status_code == status
    if status == 410:
        assert "ask whoever sent it for a new one" in answer.text


def test_who_declines_at_google_reads_that_nothing_has_changed(house, google, browser):
    left = browser.get(link_of(house))
    state = dict(pair.split("=", 1) for pair in urlsplit(left.location).query.split("&"))["state"]

    answer = browser.get(f"/connect/google/callback?error=access_denied&state={state}")

    assert answer.status_code == 409
    assert "Nothing has changed" in answer.text
    assert google.sent == []


@pytest.mark.parametrize("name", ["ticket", "code", "state"])
def test_what_travels_when_connecting_is_in_no_log(name):
    """Case 69."""
    line = f'GET /connect/google/callback?{name}=sECRET-value.1&x=1 "http://a/?{name}=sECRET-value.1"'
    assert "sECRET" not in logs.redact(line)


# Where providers knock


def test_google_is_heard_only_with_a_channel_of_ours(browser):
    """Case 71."""
    headers = {"X-Goog-Channel-ID": "made-up", "X-Goog-Resource-State": "exists"}
    assert browser.post("/hooks/google", headers=headers).status_code == 404
    assert browser.get("/hooks/google").status_code == 405
    odd = {**headers, "X-Goog-Resource-ID": "ü", "X-Goog-Channel-Token": "ü"}
    assert browser.post("/hooks/google", headers=odd).status_code == 404


@pytest.mark.parametrize("token", ["plain", "Validation: a b%3A", "<script>alert(1)</script>", "ü"])
def test_microsofts_handshake_comes_back_as_plain_text(browser, token):
    """Case 74."""
    answer = browser.post("/hooks/microsoft", query_string={"validationToken": token})

    assert (answer.status_code, answer.text) == (200, token)
    assert answer.content_type.startswith("text/plain")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"value": []}, 202),
        ({"value": [{"subscriptionId": "x", "clientState": "y"}, "junk", {}]}, 202),
        ({"value": [{"subscriptionId": "\0", "clientState": "\ud800"}, {"subscriptionId": ["x"]}]}, 202),
        ({"value": "junk"}, 400),
        ({}, 400),
        ([], 400),
    ],
)
def test_notices_that_nobody_here_asked_for_are_taken_and_do_nothing(browser, body, status):
    """Case 75."""
    assert browser.post("/hooks/microsoft", json=body).status_code == status
    assert browser.post("/hooks/microsoft", data=b"\xff").status_code == 400
