# SPDX-License-Identifier: Apache-2.0
"""Following changes at Graph, and being told of them: cases 36 to 41 and 77 of the conformance list."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from calendars import CalendarKey, NotAllowed, Outage
from calendars.values import Hook
from tests.calendars.microsoft.conftest import ADA, NOW, at, draft
from tests.fakes.faults import answer, empty_page

KEY = CalendarKey(ADA, "Europe/Zurich")


def test_a_first_page_of_nothing_is_not_the_end(desk):
    """Case 37."""
    desk.fake.faults.add(empty_page(), path="/delta$")

    begun = desk.provider.changes_since(KEY, None)

    assert begun.event_ids is None
    assert not desk.provider.changes_since(KEY, begun.cursor).any


def test_what_was_removed_is_told_whether_we_knew_it_or_not(desk):
    """Case 38."""
    theirs = desk.fake.add_event(ADA, at(9), at(10))
    begun = desk.provider.changes_since(KEY, None)
    desk.fake.delete_event(ADA, theirs)

    assert desk.provider.changes_since(KEY, begun.cursor).event_ids == {theirs}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (410, "SyncStateNotFound"),
        (410, "syncStateNotFound"),
        (410, "resyncRequired"),
        (410, ""),
        (404, "SyncStateNotFound"),
        (400, "syncStateNotFound"),
        (400, "resyncRequired"),
    ],
)
def test_a_delta_link_that_is_too_old_begins_again(desk, status, code):
    """Case 39."""
    begun = desk.provider.changes_since(KEY, None)
    refusal = {"error": {"code": code, "message": "generation=149"}}
    headers = {"Location": f"{desk.fake.graph_endpoint}/x?$deltatoken="} if status == 410 else {}
    desk.fake.faults.add(answer(status, refusal, headers), path="/delta$")

    assert desk.provider.changes_since(KEY, begun.cursor).event_ids is None


def test_sync_state_that_the_vendor_forgot_begins_again(desk):
    """Case 39, as the fake does it by itself."""
    begun = desk.provider.changes_since(KEY, None)
    desk.fake.expire_sync_state()

    assert desk.provider.changes_since(KEY, begun.cursor).event_ids is None


@pytest.mark.parametrize("kind", ["@odata.nextLink", "@odata.deltaLink"])
@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/x",
        "http://127.0.0.1:1/v1.0/x",
        "ftp://evil/x",
        "https://graph.microsoft.com@evil.example/v1.0/x",
    ],
)
def test_a_link_to_another_host_is_not_followed(desk, kind, link):
    """Case 40: the token would travel with it."""
    desk.fake.faults.add(answer(200, {"value": [], kind: link}), path="/delta$")

    with pytest.raises(NotAllowed, match="another host"):
        desk.provider.changes_since(KEY, None)
    assert len(desk.api_calls()) == 1


def test_a_cursor_of_another_graph_begins_again(desk):
    """Case 40: the settings named another one when it was made."""
    link = "https://graph.microsoft.us/v1.0/users/ada/calendarView/delta?$deltatoken=1"
    cursor = json.dumps({"link": link, "day": NOW.date().isoformat()})

    assert desk.provider.changes_since(KEY, cursor).event_ids is None


def test_the_next_day_has_a_window_of_its_own(desk):
    """Case 41: the old link is dropped."""
    begun = desk.provider.changes_since(KEY, None)
    desk.provider = desk.made(now=lambda: NOW + timedelta(days=1))

    again = desk.provider.changes_since(KEY, begun.cursor)

    assert again.event_ids is None
    starts = [call.parameter("startDateTime") for call in desk.calls("/calendarView/delta")]
    assert [start for start in starts if start] == ["2026-11-22T00:00:00+00:00", "2026-11-23T00:00:00+00:00"]


def test_a_delta_asks_for_nothing_that_it_does_not_know(desk):
    desk.provider.changes_since(KEY, None)

    first, *rest = desk.calls("/calendarView/delta")
    assert {name for name, _ in first.query} == {"startDateTime", "endDateTime"}
    assert {name for call in rest for name, _ in call.query} <= {"$skiptoken"}


def test_our_own_event_is_among_the_changes_by_its_lasting_id(desk):
    begun = desk.provider.changes_since(KEY, None)
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.move_to_folder(ADA, ref.event_id)

    assert ref.event_id in desk.provider.changes_since(KEY, begun.cursor).event_ids


def test_a_round_that_cannot_even_begin_is_for_another_time(desk):
    desk.fake.faults.add(answer(410, {"error": {"code": "resyncRequired"}}), path="/delta$", times=None)

    with pytest.raises(Outage):
        desk.provider.changes_since(KEY, None)


def test_a_mailbox_that_is_not_there_has_no_changes_to_follow(desk):
    desk.fake.faults.add(answer(404, {"error": {"code": ""}}), path="/delta$")

    with pytest.raises(NotAllowed, match="no Microsoft 365 mailbox"):
        desk.provider.changes_since(KEY, None)


class Listener:
    """Answers the handshake of a subscription as the service does."""

    def __init__(self):
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer  # kept small
        from threading import Thread  # as above
        from urllib.parse import parse_qs, urlsplit  # as above

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                token = parse_qs(urlsplit(self.path).query).get("validationToken", [""])[0]
                self.send_response(200 if token else 202)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(token.encode())))
                self.end_headers()
                self.wfile.write(token.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/microsoft"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def test_a_subscription_is_made_prolonged_and_ended():
    """Case 77: one that is gone when it should be prolonged is made again."""
    from tests.calendars.microsoft.conftest import Desk  # beside its only use
    from tests.fakes.microsoft import FakeMicrosoft  # as above

    with Listener() as listener, FakeMicrosoft() as fake:
        fake.now = lambda: NOW
        fake.add_person(ADA)
        desk = Desk(fake)
        hook = Hook(url=listener.url, token="secret-token")
        channel = desk.provider.watch(ADA, hook)
        assert timedelta(minutes=45) < channel.expires_at - NOW <= timedelta(minutes=4230)

        assert desk.provider.renew(channel, hook).id == channel.id
        desk.provider.unwatch(channel)
        desk.provider.unwatch(channel)
        desk.provider.renew(channel, hook)

        made = [call for call in desk.api_calls("POST") if call.path.endswith("/subscriptions")]
        assert len(made) == 2
