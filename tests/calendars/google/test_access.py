# SPDX-License-Identifier: Apache-2.0
"""Tokens and refusals at Google: cases 60 to 69 and 80 to 85 of the conformance list, and its error table."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httplib2
import pytest
from googleapiclient.errors import HttpError

from calendars import Conflict, Gone, NotAllowed, NotConnected, Outage, TryLater
from calendars.google import GoogleCalendars, ServiceAccount
from calendars.google.problems import AlreadyThere, RangeTooLong, Refused, SyncExpired, meaning_of
from calendars.retry import Breaker
from tests.calendars.google.conftest import ADA, BOB, draft
from tests.fakes.faults import answer, drop_before_apply, hang, slow
from tests.patience import PATIENCE

WHY = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}


def token_refused(desk, status: int, body: dict, times: int | None = None) -> None:
    desk.fake.faults.add(answer(status, body), path="^/token$", times=times)


def test_a_grant_that_was_taken_back_has_to_be_given_again_and_is_not_asked_for_twice(desk):
    """Case 60."""
    token_refused(desk, 400, WHY)

    assert desk.code() == "reconnect"
    assert len([r for r in desk.fake.requests if r.path == "/token"]) == 1


def test_a_missing_delegation_names_what_the_administrator_has_to_do(google):
    """Case 61: one scope that is not authorised fails all."""
    info = google.service_account(scopes_delegated=["https://www.googleapis.com/auth/calendar.freebusy"])
    provider = GoogleCalendars(ServiceAccount(info), endpoint=google.api_endpoint)

    with pytest.raises(NotAllowed, match=r"calendar\.events\.owned"):
        provider.create_event(ADA, draft())


def test_a_sign_in_that_is_down_is_no_reason_to_connect_again(desk, monkeypatch):
    """Case 63: google-auth asks three times itself, and sleeps in between."""
    monkeypatch.setattr("google.auth._exponential_backoff.time.sleep", lambda _: None)
    token_refused(desk, 503, {"error": "internal_failure"})

    reading = desk.read(ADA)[ADA]

    assert (reading.code, reading.passing) == ("provider_down", True)


def test_a_token_that_ended_early_is_replaced_unseen(desk):
    """Case 64."""
    desk.busy()
    desk.fake.expire_tokens()

    assert desk.busy() == ()


def test_a_token_that_is_never_accepted_ends_after_three_calls(desk):
    """Case 64, its end."""
    refusal = {"error": {"errors": [{"domain": "global", "reason": "authError"}], "code": 401}}
    desk.fake.faults.add(answer(401, refusal), times=None)

    assert desk.code() == "reconnect"
    assert len(desk.calls("/freeBusy")) == 3


def test_nobody_who_gave_no_access_is_asked_about(desk):
    class Nobody:
        def personal(self, _address):
            return None

        def organization(self, _address):
            return None

    provider = desk.made(access=Nobody())
    desk.provider = provider

    assert desk.code() == "not_connected"
    with pytest.raises(NotConnected):
        provider.create_event(ADA, draft())
    assert desk.api_calls() == []


def test_the_owners_own_grant_comes_before_the_organisations(desk):
    class Both:
        def __init__(self, account):
            self.account = account

        def personal(self, address):
            return Fixed("hers") if address == ADA else None

        def organization(self, address):
            return self.account.organization(address)

    class Fixed:
        def __init__(self, token):
            self._token = token

        def token(self):
            return self._token

        def drop(self, _token):
            raise NotAllowed("Google no longer accepts the access that was granted.")

    desk.provider = desk.made(access=Both(desk.account))
    desk.read(ADA, BOB)

    tokens = {r.headers["authorization"] for r in desk.calls("/freeBusy")}
    assert "Bearer hers" in tokens
    assert len(tokens) == 2


def test_a_request_counts_for_the_person_it_is_made_for(desk):
    """Else the quota of one user, the service account, would be everybody's."""
    for address in (ADA, BOB, ADA):
        desk.busy(address)
        desk.busy(address, detail="events")

    counted = [call.parameter("quotaUser") for call in desk.api_calls()]
    assert counted == [counted[0], counted[0], counted[2], counted[2], counted[0], counted[0]]
    assert counted[0] != counted[2]
    assert all(len(name) <= 40 and "ada" not in name for name in counted)


def test_neither_tokens_nor_addresses_nor_titles_are_logged(desk, caplog):
    """Case 69."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("googleapiclient").setLevel(logging.WARNING)
    desk.provider.create_event(ADA, draft())
    desk.fake.faults.add(answer(403, {"error": {"errors": [{"reason": "forbidden"}], "code": 403}}))
    with pytest.raises(NotAllowed) as refused:
        desk.provider.create_event(ADA, draft(uid="another@convene"))

    told = caplog.text + str(refused.value) + repr(refused.value)
    for secret in (*desk.fake.requests[-1].headers["authorization"].split(), "Candy", BOB):
        assert secret == "Bearer" or secret not in told


# Waiting


def test_too_many_requests_without_a_time_are_tried_again_after_growing_waits(desk):
    """Case 80."""
    desk.fake.faults.add(answer(429, {}), times=3)

    assert desk.busy() == ()
    assert len(desk.slept) == 3
    assert all(0 <= slept <= wait for slept, wait in zip(desk.slept, (0.5, 1.0, 2.0), strict=True))


def test_a_wait_that_google_names_is_kept(desk):
    desk.fake.faults.add(answer(429, {}, {"Retry-After": "3"}))

    assert desk.busy() == ()
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
    desk.fake.faults.add(answer(503, {}, {"Retry-After": format_datetime(then, usegmt=True)}))

    assert desk.busy() == ()
    assert (then - datetime.now(UTC)).total_seconds() <= desk.slept[0] <= 7.2


def test_sixteen_at_once_share_no_connection(desk):
    """Case 82: httplib2 breaks when threads share one."""
    desk.fake.latency = 0.02
    failures = []

    def read() -> None:
        try:
            desk.busy()
        except BaseException as error:  # noqa: BLE001  # any failure is one
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize(
    ("status", "details", "code"),
    [
        ("PERMISSION_DENIED", [{"a": 1}], "not_permitted"),
        ("PERMISSION_DENIED", [{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}], "reconnect"),
        ("PERMISSION_DENIED", [{"reason": "SERVICE_DISABLED"}], "refused"),
        ("PERMISSION_DENIED", [{"@type": "…"}, {"reason": "RATE_LIMIT_EXCEEDED"}], "rate_limited"),
        ("RESOURCE_EXHAUSTED", [], "rate_limited"),
        ("FUTURE_THING", "junk", "not_permitted"),
        (None, None, "not_permitted"),
    ],
)
def test_a_refusal_in_the_new_form_is_understood(desk, status, details, code):
    """Case 83."""
    body = {"error": {"code": 403, "status": status, "message": "…", "details": details}}
    desk.fake.faults.add(answer(403, body), times=None)

    assert desk.code() == code


def test_a_deadline_ends_everything(desk):
    desk.fake.faults.add(slow(PATIENCE), times=None)
    began = time.monotonic()

    reading = desk.read(ADA, deadline=time.monotonic() + 0.2)[ADA]

    assert reading.passing
    assert time.monotonic() - began < PATIENCE


@pytest.mark.parametrize("fault", [drop_before_apply(), hang(1.0)], ids=["dropped", "hanging"])
def test_no_answer_at_all_is_an_outage(desk, fault, monkeypatch):
    monkeypatch.setattr("calendars.google.client.TIMEOUT", 0.2)
    desk.fake.faults.add(fault, times=None)

    assert desk.read(ADA)[ADA].code == "provider_down"


@pytest.mark.parametrize(
    "half", [b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{", b"what is this?\r\n\r\n"]
)
def test_an_answer_that_breaks_off_is_an_outage(desk, half):
    """What http.client raises then is no OSError."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_by_halves() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(half)

        thread = threading.Thread(target=answer_by_halves)
        thread.start()
        port = server.getsockname()[1]
        desk.provider = desk.made(endpoint=f"http://127.0.0.1:{port}/calendar/v3/")
        try:
            code = desk.code()
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()

    assert code == "provider_down"


def test_after_five_outages_google_is_left_alone_for_a_while(desk):
    breaker = Breaker("Google Calendar", after=5, rest=60)
    desk.provider = desk.made(breaker=breaker)
    desk.fake.faults.add(answer(500), times=None)
    for _ in range(2):
        desk.read(ADA)
    asked = len(desk.calls("/freeBusy"))

    assert desk.read(ADA)[ADA].code == "provider_down"
    assert asked == len(desk.calls("/freeBusy")) == 5


# The table of errors


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (400, "timeRangeEmpty", Refused),
        (400, "invalid", Refused),
        (400, "required", Refused),
        (400, "badRequest", Refused),
        (400, "timeRangeTooLong", RangeTooLong),
        (401, "authError", NotAllowed),
        (403, "userRateLimitExceeded", TryLater),
        (403, "rateLimitExceeded", TryLater),
        (403, "quotaExceeded", TryLater),
        (403, "dailyLimitExceeded", TryLater),
        (403, "forbiddenForNonOrganizer", NotAllowed),
        (403, "forbiddenForServiceAccounts", NotAllowed),
        (403, "notACalendarUser", NotAllowed),
        (403, "insufficientPermissions", NotAllowed),
        (403, "accessNotConfigured", NotAllowed),
        (403, "somethingNew", NotAllowed),
        (404, "notFound", Gone),
        (409, "duplicate", AlreadyThere),
        (409, "conflict", TryLater),
        (410, "deleted", Gone),
        (410, "fullSyncRequired", SyncExpired),
        (410, "updatedMinTooLongAgo", SyncExpired),
        (412, "conditionNotMet", Conflict),
        (418, "teapot", Refused),
        (429, "rateLimitExceeded", TryLater),
        (500, "backendError", Outage),
        (503, "backendError", Outage),
        (507, None, Outage),
    ],
)
def test_every_refusal_means_one_thing(status, reason, error):
    errors = [{"domain": "global", "reason": reason}] if reason else []
    body = json.dumps({"error": {"errors": errors, "code": status, "message": "ada@corp.example"}})
    meant = meaning_of(HttpError(httplib2.Response({"status": str(status)}), body.encode()))

    assert type(meant) is error
    assert "ada@corp.example" not in str(meant)


@pytest.mark.parametrize(("reason", "least"), [("quotaExceeded", 3600), ("dailyLimitExceeded", 6 * 3600)])
def test_limits_of_a_day_are_waited_for_in_hours(desk, reason, least):
    refusal = {"error": {"errors": [{"domain": "usageLimits", "reason": reason}], "code": 403}}
    desk.fake.faults.add(answer(403, refusal))

    with pytest.raises(TryLater) as told:
        desk.provider.create_event(ADA, draft())
    assert told.value.retry_after == least


def test_a_probe_reads_one_calendar_and_says_so(desk):
    assert desk.provider.probe(ADA) == f"free/busy of {ADA} can be read"
    with pytest.raises(NotAllowed):
        desk.provider.probe("nobody@corp.example")
    assert desk.provider.probe().startswith("configured")


def test_a_file_that_is_no_service_account_says_so(tmp_path):
    path = tmp_path / "account.json"
    for content in ("", "[]", "{}", '{"client_email": "a"}'):
        path.write_text(content)
        with pytest.raises(NotAllowed, match="service account"):
            ServiceAccount.from_file(path)
