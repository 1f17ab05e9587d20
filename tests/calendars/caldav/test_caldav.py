# SPDX-License-Identifier: Apache-2.0
"""CalDAV over a real Radicale, and over a server that misbehaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import caldav
import icalendar
import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from calendars import Attendee, Blocks, CalendarKey, EventDraft, NotAllowed, Outage
from calendars.caldav import CalDavAccount, CalDavCalendars, objects
from calendars.caldav.client import is_near
from calendars.values import Busy
from tests.fakes.radicale import PASSWORD, running

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
START = datetime(2026, 11, 24, tzinfo=UTC)
END = START + timedelta(days=7)
STAMP = "DTSTAMP:20260101T000000Z\r\n"
ADA = "ada@example.org"
KEY = CalendarKey(ADA, "Europe/Berlin", "events")


def at(hour: int) -> datetime:
    return datetime(2026, 11, 25, hour, tzinfo=UTC)


def draft(**changes) -> EventDraft:
    plain = EventDraft(
        uid="bkg_1.talk@convene",
        start=at(10),
        end=at(11),
        time_zone="Europe/Berlin",
        summary="A talk",
        attendees=(Attendee(email=ADA, status="accepted"), Attendee(email="bob@example.org")),
    )
    return replace(plain, **changes)


@pytest.fixture
def radicale(tmp_path):
    with running(tmp_path, ADA) as server:
        server.add_calendar(ADA)
        yield server


@pytest.fixture
def provider(radicale):
    return CalDavCalendars(radicale.account, now=lambda: NOW)


def stored(radicale) -> icalendar.Component:
    with caldav.DAVClient(radicale.url, username=ADA, password=PASSWORD) as client:
        calendar = caldav.Calendar(client=client, url=f"{radicale.url}/{ADA}/calendar/")
        (event,) = calendar.events()
        return event.icalendar_component


def test_the_calendar_is_found_from_the_servers_address(radicale):
    account = CalDavAccount(url=f"{radicale.url}/", username=ADA, password=PASSWORD)
    provider = CalDavCalendars(lambda _: account, now=lambda: NOW)

    ref = provider.create_event(ADA, draft())

    assert provider.find_event(ADA, draft().uid).ref == ref


@pytest.mark.parametrize("leads_to", ["", f"/{ADA}/", f"/{ADA}/work"], ids=["root", "home", "calendar"])
def test_the_calendar_at_the_address_is_read_wherever_the_account_leads(radicale, leads_to):
    radicale.add_calendar(ADA, "work")
    work = radicale.url_of(ADA, "work")
    account = CalDavAccount(url=f"{radicale.url}{leads_to}", username=ADA, password=PASSWORD)
    provider = CalDavCalendars(lambda _: account, now=lambda: NOW)

    provider.create_event(work, draft())
    mine = CalDavCalendars(radicale.account, now=lambda: NOW)

    assert isinstance(provider.read_busy([CalendarKey(work, "UTC")], START, END)[work], Blocks)
    assert provider.find_event(work, draft().uid) is not None
    assert mine.find_event(ADA, draft().uid) is None


@pytest.mark.parametrize(
    ("address", "said"),
    [("second", "for another calendar"), ("nowhere", "no calendar at the address")],
)
def test_an_account_of_another_calendar_is_not_taken(radicale, address, said):
    radicale.add_calendar(ADA, "second")
    account = radicale.account(ADA)

    with pytest.raises(NotAllowed, match=said):
        CalDavCalendars(lambda _: account).probe(radicale.url_of(ADA, address))


def test_whoever_does_not_know_the_address_of_their_calendar_is_told(radicale):
    """As at iCloud, which shows it nowhere."""
    account = CalDavAccount(url=f"{radicale.url}/", username=ADA, password=PASSWORD)
    provider = CalDavCalendars(lambda _: account)

    with pytest.raises(NotAllowed) as refused:
        provider.probe(f"{radicale.url}/")

    known = str(refused.value).rpartition(" ")[2]
    assert provider.probe(known) == f"the calendar of {known} can be reached"
    assert provider.read_busy([CalendarKey(account.url, "UTC")], START, END)[account.url].code == "not_found"


def test_an_address_elsewhere_gets_no_password(radicale):
    elsewhere = radicale.url_of(ADA).replace("127.0.0.1", "localhost")

    with pytest.raises(NotAllowed, match="another host"):
        CalDavCalendars(lambda _: radicale.account(ADA)).probe(elsewhere)


@pytest.mark.parametrize("detail", ["free_busy", "events"])
def test_a_series_a_whole_day_and_a_free_one_are_read_as_they_are(radicale, provider, detail):
    series = "UID:s\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20261125T090000Z\r\nDTEND:20261125T093000Z\r\n"
    radicale.put(ADA, f"{series}RRULE:FREQ=DAILY;COUNT=2\r\nSUMMARY:Stand-up\r\n")
    free = "UID:f\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20261127T090000Z\r\nDTEND:20261127T093000Z\r\n"
    radicale.put(ADA, f"{free}TRANSP:TRANSPARENT\r\n")

    reading = provider.read_busy([replace(KEY, detail=detail)], START, END)[ADA]

    day = timedelta(days=1)
    first = Busy(at(9), at(9) + timedelta(minutes=30))
    assert reading == Blocks((first, Busy(first.start + day, first.end + day)), NOW)


def test_what_the_owner_added_to_our_event_survives_our_changes(radicale, provider):
    ref = provider.create_event(ADA, draft())
    with caldav.DAVClient(radicale.url, username=ADA, password=PASSWORD) as client:
        (event,) = caldav.Calendar(client=client, url=f"{radicale.url}/{ADA}/calendar/").events()
        component = event.icalendar_component
        component.add("categories", ["Important"])
        component.add("attendee", "mailto:cid@example.org")
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("trigger", timedelta(minutes=-5))
        component.add_component(alarm)
        event.save()

    provider.update_event(ref, draft(start=at(9), attendees=(Attendee(email=ADA),), sequence=1))

    now = stored(radicale)
    people = {str(person) for person in now["ATTENDEE"]}
    assert people == {f"mailto:{ADA}", "mailto:cid@example.org"}
    assert [part.name for part in now.subcomponents] == ["VALARM"]
    assert "CATEGORIES" in now
    assert now["DTSTART"].dt == at(9)


@pytest.mark.parametrize(
    ("change", "answers"),
    [
        ({"location": "Hall"}, ["DECLINED", "TENTATIVE", "NEEDS-ACTION", "DECLINED"]),
        ({"start": at(9)}, ["ACCEPTED", "NEEDS-ACTION", "NEEDS-ACTION", "NEEDS-ACTION"]),
    ],
    ids=["at the same time", "at another time"],
)
def test_everybodys_answer_holds_as_long_as_the_time_does(radicale, provider, change, answers):
    """Of the owner, of somebody we invited, of somebody who is new, and of somebody whom the owner added."""
    ref = provider.create_event(ADA, draft())
    with caldav.DAVClient(radicale.url, username=ADA, password=PASSWORD) as client:
        (event,) = caldav.Calendar(client=client, url=f"{radicale.url}/{ADA}/calendar/").events()
        ada, bob = event.icalendar_component["ATTENDEE"]
        ada.params["PARTSTAT"], bob.params["PARTSTAT"] = "DECLINED", "TENTATIVE"
        event.icalendar_component.add(
            "attendee", "mailto:dan@example.org", parameters={"PARTSTAT": "DECLINED"}
        )
        event.save()

    people = (*draft().attendees, Attendee(email="cid@example.org"))
    provider.update_event(ref, draft(attendees=people, sequence=1, **change))

    assert [person.params["PARTSTAT"] for person in stored(radicale)["ATTENDEE"]] == answers


def test_the_server_is_asked_to_invite_nobody(radicale, provider):
    provider.create_event(ADA, draft())

    assert {person.params["SCHEDULE-AGENT"] for person in stored(radicale)["ATTENDEE"]} == {"CLIENT"}


def test_an_event_that_somebody_deleted_is_among_the_changes(radicale, provider):
    ref = provider.create_event(ADA, draft())
    begun = provider.changes_since(KEY, None)
    provider.cancel_event(ref)

    assert provider.changes_since(KEY, begun.cursor).event_ids == {ref.event_id}
    assert objects.uid_of(ref.event_id) == draft().uid


def test_a_wrong_password_has_to_be_given_again(radicale, provider):
    radicale.broken.add(ADA)

    assert provider.read_busy([KEY], START, END)[ADA].code == "reconnect"


@pytest.mark.parametrize(
    "url",
    [
        "http://dav.example.org/",
        "ftp://127.0.0.1/",
        "dav.example.org",
        "https://",
        "http://[::1",
        "https:///x",
    ],
)
def test_an_address_without_tls_gets_no_password(url):
    with pytest.raises(NotAllowed, match="https"):
        CalDavAccount(url=url, username="a", password="b")
    assert "b'" not in repr(CalDavAccount(url="https://dav.example.org", username="a", password="secret"))


# A server that misbehaves

PROPFIND = (
    '<multistatus xmlns="DAV:"><response><href>/c/</href><propstat><prop><resourcetype>'
    '<collection/><calendar xmlns="urn:ietf:params:xml:ns:caldav"/></resourcetype></prop>'
    "<status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"
)


#: RFC 6352, 8.6.2: a server that finds more than it will tell
TOO_MANY = (
    "<multistatus xmlns='DAV:'><response><href>/c/</href>"
    "<status>HTTP/1.1 507 Insufficient Storage</status></response></multistatus>"
)


@contextmanager
def server(answer: Callable[[Request], Response]) -> Iterator[CalDavCalendars]:
    """Finds its calendar, and answers everything else as told."""

    def find_or_answer(request: Request) -> Response:
        request.get_data()
        if request.method == "PROPFIND":
            return Response(PROPFIND, 207, content_type="application/xml")
        return answer(request)

    with serving(find_or_answer) as url:
        account = CalDavAccount(url=f"{url}/c/", username="ada", password="secret")
        yield CalDavCalendars(lambda _: account, now=lambda: NOW, sleep=lambda _: None)


@contextmanager
def serving(answer: Callable[[Request], Response]) -> Iterator[str]:
    """Where it is."""
    running_ = make_server("127.0.0.1", 0, Request.application(answer), threaded=True)
    thread = threading.Thread(target=running_.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running_.server_port}"
    finally:
        running_.shutdown()
        thread.join()
        running_.server_close()


@pytest.mark.parametrize(
    ("home", "url", "near"),
    [
        ("https://dav.example.co.uk/", "https://dav.example.co.uk/ada/", True),
        ("https://example.co.uk/", "https://dav.example.co.uk/ada/", True),
        ("https://dav.example.org/", "https://DAV.example.org:443/ada/", True),
        ("https://caldav.icloud.com/", "https://p12-caldav.icloud.com:443/1/", True),
        ("https://dav.example.co.uk/", "https://evil.co.uk/", False),
        ("https://dav.example.org/", "https://dav.example.org.evil.example/", False),
        ("https://dav.example.org/", "https://notdav.example.org/", False),
        ("https://dav.example.org/", "http://dav.example.org/", False),
        ("https://caldav.icloud.com/", "https://evilicloud.com/", False),
        ("https://127.0.0.1:1/", "https://127.0.0.1:2/", False),
        ("https://dav.example.org/", "https://dav.example.org@evil.example/", False),
    ],
)
def test_a_calendar_is_near_on_the_same_host_or_one_below(home, url, near):
    assert is_near(home, url) is near


def test_a_password_goes_to_no_other_host_whatever_the_server_names():
    heard: list[str] = []

    def listen(request: Request) -> Response:
        heard.append(request.path)
        return Response("", 404)

    with serving(listen) as there:
        elsewhere = there.replace("127.0.0.1", "localhost")

        def answer(request: Request) -> Response:
            asked = request.get_data()
            properties = ("current-user-principal", "calendar-home-set", "resourcetype")
            name = next((n for n in properties if n.encode() in asked), "displayname")
            where = f"{elsewhere}/evil/" if name == "calendar-home-set" else "/me/"
            space = "urn:ietf:params:xml:ns:caldav" if name == "calendar-home-set" else "DAV:"
            told = "" if name == "resourcetype" else f"<href xmlns='DAV:'>{where}</href>"
            return Response(
                f"<multistatus xmlns='DAV:'><response><href>{request.path}</href><propstat><prop>"
                f"<x:{name} xmlns:x='{space}'>{told}</x:{name}></prop><status>HTTP/1.1 200 OK</status>"
                "</propstat></response></multistatus>",
                207,
                content_type="application/xml",
            )

        with serving(answer) as url:
            account = CalDavAccount(url=f"{url}/", username="ada", password="secret")
            reading = CalDavCalendars(lambda _: account).read_busy([KEY], START, END)[ADA]

    assert "another host" in reading.reason
    assert heard == []


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, "", "reconnect"),
        (403, "", "not_permitted"),
        (404, "", "not_found"),
        (410, "", "not_found"),
        (429, "", "rate_limited"),
        (500, "", "provider_down"),
        (503, "", "provider_down"),
        (200, "<html><body>Log in</body>", "provider_down"),
        (200, "<html xmlns='http://www.w3.org/1999/xhtml'><body>Log in</body></html>", "provider_down"),
        (207, TOO_MANY, "provider_down"),
        (207, "<multistatus xmlns='DAV:'><resp", "provider_down"),
        (302, "", "not_permitted"),
    ],
)
def test_every_answer_that_is_none_is_unreadable_and_never_free(status, body, code):
    with server(lambda _: Response(body, status, headers={"Location": "https://evil.example/"})) as provider:
        assert provider.read_busy([KEY], START, END)[ADA].code == code


@pytest.mark.parametrize("first_day", [True, False])
def test_a_day_is_found_though_the_server_has_it_elsewhere(radicale, provider, first_day):
    """Wednesday in Auckland is over when it is noon in UTC, where the server has it all day."""
    radicale.put(ADA, f"UID:d\r\n{STAMP}DTSTART;VALUE=DATE:20261125\r\nDTEND;VALUE=DATE:20261126\r\n")
    began, ended = at(11) - timedelta(days=1), at(11)
    start, end = (began, began + timedelta(hours=2)) if first_day else (ended, ended + timedelta(hours=2))

    reading = provider.read_busy([CalendarKey(ADA, "Pacific/Auckland")], start, end)[ADA]

    assert reading == Blocks((Busy(start, end),) if first_day else (), NOW)


def test_entities_in_an_answer_are_not_expanded():
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        '<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><response><propstat><prop>'
        "<C:calendar-data>&b;</C:calendar-data></prop></propstat></response></multistatus>"
    )
    with server(lambda _: Response(bomb, 207, content_type="application/xml")) as provider:
        assert provider.read_busy([KEY], START, END)[ADA].code == "provider_down"


def test_writing_to_a_server_that_is_down_is_for_another_time():
    with server(lambda _: Response("", 500)) as provider, pytest.raises(Outage):
        provider.create_event(ADA, draft())
