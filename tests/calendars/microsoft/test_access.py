# SPDX-License-Identifier: Apache-2.0
"""Signing in and being refused at Microsoft: cases 66 to 69 and 80 to 85, and the error table."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests

from calendars import Conflict, Gone, NotAllowed, NotConnected, Outage, TryLater
from calendars.microsoft import Credential
from calendars.microsoft.problems import Refused, SyncExpired, TokenRefused, meaning_of
from calendars.microsoft.signin import refused
from calendars.retry import Breaker
from tests.calendars.microsoft.conftest import ADA, BOB, Desk, Grants, draft
from tests.fakes.faults import answer, drop_before_apply, hang, slow
from tests.fakes.microsoft import FakeMicrosoft
from tests.fakes.microsoft.trouble import claims_challenge
from tests.patience import PATIENCE


@pytest.mark.parametrize(("code", "advice"), [(7000215, "value, not its id"), (7000222, "expired")])
def test_a_secret_that_is_wrong_says_what_to_change(code, advice):
    """Case 66."""
    told = refused({"error": "invalid_client", "error_description": "AADSTS…", "error_codes": [code]})

    assert isinstance(told, NotAllowed)
    assert not isinstance(told, TryLater)
    assert advice in str(told)
    assert f"AADSTS{code}" in str(told)


def test_a_wrong_secret_is_not_hammered_and_a_right_one_works_at_once(desk):
    """Case 66."""
    many = [f"p{number}@corp.example" for number in range(60)]
    desk.provider = desk.made(access=desk.application(credential=Credential(secret="wrong")))
    for _ in range(3):
        assert {reading.code for reading in desk.read(*many).values()} == {"sign_in_failed"}
    assert len(desk.tokens_asked()) == 1

    desk.provider = desk.made()
    assert desk.busy() == ()


def test_a_secret_that_was_put_right_at_microsoft_works_after_a_while(desk, monkeypatch):
    """Case 66, where the settings stay as they are."""
    desk.provider = desk.made(access=desk.application(credential=Credential(secret="new")))
    monkeypatch.setattr("calendars.microsoft.signin.REFUSED_FOR", 0.0)
    assert desk.code() == "sign_in_failed"

    desk.fake.sign_in.client_secret = "new"
    assert desk.busy() == ()


def test_a_certificate_signs_in_too(desk):
    from pathlib import Path  # beside its only use

    credential = Credential(certificate_file=Path(desk.fake.certificate_file))
    desk.provider = desk.made(access=desk.application(credential=credential))

    assert desk.busy() == ()
    assert "client_assertion" in desk.tokens_asked()[0].form()


def test_a_token_that_was_revoked_is_replaced_once_unseen(desk):
    """Case 67."""
    desk.busy()
    desk.fake.expire_tokens()

    assert desk.busy() == ()
    assert len(desk.tokens_asked()) == 2


def test_a_token_that_is_never_accepted_ends_after_two_calls(desk):
    """Case 67, its end."""
    refusal = {"error": {"code": "InvalidAuthenticationToken", "message": "…"}}
    desk.fake.faults.add(answer(401, refusal), times=None)

    assert desk.code() == "reconnect"
    assert len(desk.calls("/getSchedule")) == 2


def test_a_challenge_for_claims_is_passed_on(desk):
    """Case 67: continuous access evaluation says what the next token must have."""
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
    desk.busy()
    desk.fake.faults.add(claims_challenge(claims))

    assert desk.busy() == ()
    assert desk.busy() == ()
    assert [call.form().get("claims") for call in desk.tokens_asked()] == [None, claims]


@pytest.mark.parametrize("header", ["", 'Bearer claims="', 'Bearer claims="%%%"', 'Bearer realm="x"'])
def test_a_challenge_that_says_nothing_is_a_refusal_of_the_token(header):
    """Case 67."""
    response = requests.Response()
    response.status_code = 401
    response.headers["WWW-Authenticate"] = header

    told = meaning_of(response)

    assert isinstance(told, TokenRefused)
    assert not told.claims


def test_requests_refused_together_take_one_new_token(desk):
    """Case 67: the second to hear of it must not drop what the first has fetched."""
    source = desk.application().organization(ADA)
    old = source.token()
    source.drop(old)
    new = source.token()
    source.drop(old)

    assert source.token() == new
    assert len(desk.tokens_asked()) == 2


def test_a_sign_in_that_is_down_hides_no_token_that_is_good(desk):
    """A failing renewal ahead of time: the token has two hours left, and was to be renewed at once."""
    token = {"token_type": "Bearer", "access_token": "good", "expires_in": 7200, "refresh_in": -1}
    desk.fake.faults.add(answer(200, token), path="/token$")
    source = desk.application().organization(ADA)
    assert source.token() == "good"

    desk.fake.faults.add(answer(503, {}), path="/token$", times=None)

    assert source.token() == "good"
    assert len(desk.tokens_asked()) == 2


@pytest.mark.parametrize(("left", "asked"), [(299, 2), (420, 1)])
def test_a_token_about_to_end_is_not_used_whatever_the_clocks_say(desk, left, asked):
    """Case 85: five minutes of margin, and clocks that differ by two."""
    token = {"token_type": "Bearer", "access_token": "ending", "expires_in": left}
    desk.fake.faults.add(answer(200, token), path="/token$")
    source = desk.application().organization(ADA)

    assert source.token() == "ending"
    assert (source.token() == "ending") == (asked == 1)
    assert len(desk.tokens_asked()) == asked


def test_a_sign_in_that_is_too_busy_is_asked_again_later_and_not_meanwhile(desk):
    busy = {"error": "temporarily_unavailable", "error_description": "AADSTS90033", "error_codes": [90033]}
    desk.fake.faults.add(answer(429, busy, {"Retry-After": "30"}), path="/token$", times=None)
    source = desk.application().organization(ADA)

    for _ in range(3):
        with pytest.raises(TryLater):
            source.token()
    assert len(desk.tokens_asked()) == 1


def test_a_sign_in_that_is_down_is_an_outage(desk):
    desk.fake.faults.add(answer(503, {}), path="/token$", times=None)

    reading = desk.read(ADA)[ADA]

    assert (reading.code, reading.passing) == ("provider_down", True)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_sign_in_and_graph_may_be_behind_a_private_certificate(monkeypatch, variable):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    with FakeMicrosoft(tls=True) as fake:
        fake.add_person(ADA)
        monkeypatch.setenv(variable, str(fake.ca_file))
        assert Desk(fake).busy() == ()


@pytest.mark.parametrize(
    "url",
    [
        "http://graph.example/v1.0",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "127.0.0.1",
        "http://127.0.0.1.evil.example",
    ],
)
def test_tokens_and_secrets_travel_in_the_clear_on_this_machine_alone(desk, url):
    with pytest.raises(ValueError, match="https"):
        desk.made(endpoint=url)
    with pytest.raises(ValueError, match="https"):
        desk.application(authority=url)


def test_what_the_environment_knows_of_hosts_does_not_replace_our_token(desk, monkeypatch, tmp_path):
    """requests reads ~/.netrc, whose default entry is for every host."""
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    assert desk.busy() == ()
    assert desk.api_calls()[0].headers["authorization"].startswith("Bearer ")


def test_connections_are_used_again_and_cookies_never(desk):
    desk.fake.faults.add(answer(429, {}, {"Set-Cookie": "who=ada", "Retry-After": "0"}))

    for _ in range(3):
        desk.busy()

    assert all("cookie" not in call.headers for call in desk.api_calls())
    assert len(desk.provider._client._idle) == 1  # what it keeps open


def test_neither_tokens_nor_addresses_nor_subjects_are_logged(desk, caplog):
    """Case 69."""
    caplog.set_level(logging.INFO)
    desk.provider.create_event(ADA, draft())
    desk.fake.faults.add(answer(403, {"error": {"code": "ErrorAccessDenied", "message": BOB}}))
    with pytest.raises(NotAllowed) as told:
        desk.provider.create_event(ADA, draft(uid="another@convene"))

    said = caplog.text + str(told.value)
    token = desk.api_calls()[-1].headers["authorization"].removeprefix("Bearer ")
    for secret in (token, desk.fake.client_secret, "Candy", BOB):
        assert secret not in said
    assert "request-id" in caplog.text


# Waiting


def test_too_many_requests_without_a_time_are_tried_again_after_growing_waits(desk):
    """Case 80."""
    desk.fake.faults.add(answer(429, {}), times=3)

    assert desk.busy() == ()
    assert all(0 <= slept <= wait for slept, wait in zip(desk.slept, (0.5, 1.0, 2.0), strict=True))


@pytest.mark.parametrize("status", [429, 503, 504])
def test_a_wait_that_graph_names_is_kept(desk, status):
    desk.fake.faults.add(answer(status, {}, {"Retry-After": "3"}))

    assert desk.busy() == ()
    assert desk.slept[0] >= 3


@pytest.mark.parametrize("status", [429, 503, 504])
def test_a_wait_is_kept_by_what_writes_too(desk, status):
    desk.fake.faults.add(answer(status, {}, {"Retry-After": "3"}), method="POST", path="/events$")

    desk.provider.create_event(ADA, draft())

    assert len(desk.slept) == 1
    assert desk.slept[0] >= 3


def test_a_wait_of_a_day_parks_the_job_and_nobody_sleeps(desk):
    """Case 80, its end."""
    desk.fake.faults.add(answer(429, {}, {"Retry-After": "86400"}))

    with pytest.raises(TryLater) as told:
        desk.provider.create_event(ADA, draft())
    assert told.value.retry_after == 86400
    assert desk.slept == []


def test_a_wait_may_be_a_date(desk):
    """Case 81."""
    then = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=7)
    headers = {"Retry-After": format_datetime(then, usegmt=True)}
    desk.fake.faults.add(answer(503, {}, headers))

    assert desk.busy() == ()
    assert (then - datetime.now(UTC)).total_seconds() <= desk.slept[0] <= 7.2


def test_a_deadline_ends_everything(desk):
    desk.fake.faults.add(slow(PATIENCE), times=None)
    began = time.monotonic()

    reading = desk.read(ADA, deadline=time.monotonic() + 0.2)[ADA]

    assert reading.passing
    assert time.monotonic() - began < PATIENCE


@pytest.mark.parametrize("fault", [drop_before_apply(), hang(1.0)], ids=["dropped", "hanging"])
def test_no_answer_at_all_is_an_outage(desk, fault, monkeypatch):
    monkeypatch.setattr("calendars.microsoft.client.TIMEOUT", 0.2)
    desk.fake.faults.add(fault, times=None)

    assert desk.read(ADA)[ADA].code == "provider_down"


def test_after_five_outages_microsoft_is_left_alone_for_a_while(desk):
    desk.provider = desk.made(breaker=Breaker("Microsoft 365", after=5, rest=60))
    desk.fake.faults.add(answer(500), times=None)
    for _ in range(2):
        desk.read(ADA)

    assert desk.read(ADA)[ADA].code == "provider_down"
    assert len(desk.calls("/getSchedule")) == 5


# The table of errors


def response_of(status: int, code: str, inner: str = "innerError") -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made._content = (  # the one way to make an answer without a server
        f'{{"error": {{"code": "{code}", "message": "ada@corp.example", "{inner}": {{"code": ""}}}}}}'
    ).encode()
    return made


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "ErrorInvalidRequest", Refused),
        (400, "", Refused),
        (401, "InvalidAuthenticationToken", TokenRefused),
        (403, "ErrorAccessDenied", NotAllowed),
        (404, "ErrorItemNotFound", Gone),
        (404, "", Gone),
        (404, "MailboxNotEnabledForRESTAPI", NotAllowed),
        (404, "ResourceNotFound", NotAllowed),
        (404, "ErrorInvalidUser", NotAllowed),
        (404, "Request_ResourceNotFound", NotAllowed),
        (409, "ErrorConflict", TryLater),
        (410, "SyncStateNotFound", SyncExpired),
        (410, "resyncRequired", SyncExpired),
        (412, "ErrorIrresolvableConflict", Conflict),
        (418, "Teapot", Refused),
        (429, "ApplicationThrottled", TryLater),
        (429, "", TryLater),
        (500, "InternalServerError", Outage),
        (503, "ConcurrentItemSave", Outage),
        (503, "ErrorServerBusy", Outage),
        (504, "UnknownError", Outage),
        (507, "", Outage),
        (509, "", TryLater),
    ],
)
@pytest.mark.parametrize("inner", ["innerError", "innererror"])
def test_every_refusal_means_one_thing(status, code, error, inner):
    for spelling in (code, code.lower(), code.upper()):
        meant = meaning_of(response_of(status, spelling, inner))
        assert type(meant) is error
        assert "ada@corp.example" not in str(meant)


def test_a_probe_reads_one_calendar_and_says_so(desk):
    assert desk.provider.probe(ADA) == f"the schedule of {ADA} can be read"
    assert desk.provider.probe().startswith("signed in")
    with pytest.raises(NotAllowed):
        desk.provider.probe("nobody@corp.example")


def test_a_code_that_is_none_is_not_logged(caplog, desk):
    """Case 69: what a proxy puts in its place may be anything."""
    caplog.set_level(logging.INFO)
    desk.fake.faults.add(answer(403, {"error": {"code": "ada@corp.example\nforged line"}}))
    desk.code()

    assert "Graph answered 403" in caplog.text
    assert "forged" not in caplog.text


def test_a_probe_without_any_access_says_so(desk):
    with pytest.raises(NotConnected):
        desk.made(access=Grants()).probe()


def test_an_application_has_one_way_to_prove_itself(tmp_path):
    with pytest.raises(ValueError, match="secret or a certificate"):
        Credential()
    with pytest.raises(ValueError, match="secret or a certificate"):
        Credential(secret="a", certificate_file=tmp_path / "b")
    with pytest.raises(NotAllowed, match="cannot be read"):
        Credential(certificate_file=tmp_path / "b").as_msal_wants()
