# SPDX-License-Identifier: Apache-2.0
"""Signing in and being refused at Microsoft: cases 66 to 69 and 80 to 85, and the error table."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests

from calendars import Conflict, Gone, NotAllowed, Outage, TryLater
from calendars.microsoft import Credential
from calendars.microsoft.problems import Refused, SyncExpired, TokenRefused, meaning_of
from calendars.microsoft.signin import refused
from calendars.retry import Breaker
from tests.calendars.microsoft.conftest import ADA, BOB, Desk, draft
from tests.fakes.faults import answer, drop_before_apply, hang, slow
from tests.fakes.microsoft import FakeMicrosoft


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
    desk.provider = desk.made(access=desk.application(credential=Credential(secret="wrong")))
    assert desk.code() == "sign_in_failed"
    assert len(desk.tokens_asked()) == 1

    desk.provider = desk.made()
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


def test_a_challenge_for_claims_is_read():
    """Case 67: continuous access evaluation says what it wants."""
    response = requests.Response()
    response.status_code = 401
    response.headers["WWW-Authenticate"] = 'Bearer realm="", error="insufficient_claims", claims="eyJ9"'

    told = meaning_of(response)

    assert isinstance(told, TokenRefused)
    assert told.claims == "eyJ9"


def test_a_sign_in_that_is_down_hides_no_token_that_is_good(desk):
    """A failing renewal ahead of time."""
    desk.busy()
    desk.fake.faults.add(answer(503, {}), path="/token$", times=None)

    assert desk.busy() == ()


def test_a_sign_in_that_is_down_is_an_outage(desk):
    desk.fake.faults.add(answer(503, {}), path="/token$", times=None)

    reading = desk.read(ADA)[ADA]

    assert (reading.code, reading.passing) == ("provider_down", True)


def test_sign_in_and_graph_may_be_behind_a_private_certificate(monkeypatch):
    with FakeMicrosoft(tls=True) as fake:
        fake.add_person(ADA)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(fake.ca_file))
        assert Desk(fake).busy() == ()


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


def test_a_wait_of_a_day_parks_the_job_and_nobody_sleeps(desk):
    """Case 80, its end."""
    desk.fake.faults.add(answer(429, {}, {"Retry-After": "86400"}))

    with pytest.raises(TryLater) as told:
        desk.provider.create_event(ADA, draft())
    assert told.value.retry_after == 86400
    assert desk.slept == []


def test_a_wait_may_be_a_date(desk):
    """Case 81."""
    then = datetime.now(UTC) + timedelta(seconds=4)
    headers = {"Retry-After": format_datetime(then, usegmt=True)}
    desk.fake.faults.add(answer(503, {}, headers))

    assert desk.busy() == ()
    assert 2 <= desk.slept[0] <= 5


def test_a_deadline_ends_everything(desk):
    desk.fake.faults.add(slow(2.0), times=None)
    began = time.monotonic()

    reading = desk.read(ADA, deadline=time.monotonic() + 0.2)[ADA]

    assert reading.passing
    assert time.monotonic() - began < 1.5


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


def test_an_application_has_one_way_to_prove_itself(tmp_path):
    with pytest.raises(ValueError, match="secret or a certificate"):
        Credential()
    with pytest.raises(ValueError, match="secret or a certificate"):
        Credential(secret="a", certificate_file=tmp_path / "b")
    with pytest.raises(NotAllowed, match="cannot be read"):
        Credential(certificate_file=tmp_path / "b").as_msal_wants()
