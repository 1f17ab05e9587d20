# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Event

from scheduler.domain.wording import one_line
from scheduler.messages.content import Person, SessionFacts
from scheduler.messages.render import download, render
from tests.messages.facts import CODING, DESIGN, NOW, at, facts


def event_of(ics: bytes) -> Event:
    """The one event of a calendar."""
    (event,) = Calendar.from_ical(ics).walk("VEVENT")
    return event


def lines_of(ics: bytes) -> list[str]:
    """The content lines, unfolded by hand (RFC 5545 3.1)."""
    return ics.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def test_an_invitation_for_the_candidate_is_exactly_this() -> None:
    assert lines_of(render(facts("confirmation", sequence=3)).ics) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Convene//Interview scheduling//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "SUMMARY:Technical interview for Backend Engineer\\, Northwind Labs",
        "DTSTART:20261201T111500Z",
        "DTEND:20261201T123000Z",
        "DTSTAMP:20261130T094100Z",
        "UID:bkg_1@northwind.example",
        "SEQUENCE:3",
        (
            'ATTENDEE;CN="Candy Date";CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT'
            ";RSVP=FALSE:mailto:candy@example.net"
        ),
        (
            "DESCRIPTION:Tuesday 1 December\\n11:15–12:30\\, London time (GMT)"
            "\\n11:15–11:45 Coding together: Ada Keller"
            "\\n11:45–12:30 A talk about design: Hana Sato and Ivo Brandt"
            "\\n\\nWith Ada Keller\\, then Hana Sato and Ivo Brandt"
            "\\nVideo call: https://meet.example/abc"
            "\\n\\nQuestions: Rosa Diaz\\, rosa@northwind.example"
        ),
        "LOCATION:https://meet.example/abc",
        'ORGANIZER;CN="Northwind Labs":mailto:interviews@northwind.example',
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_an_interviewer_sees_only_their_own_session_and_is_busy_then() -> None:
    event = event_of(render(facts("confirmation", "interviewer")).ics)
    assert event["SUMMARY"] == "Interview with Candy Date: Coding together"
    assert (event.start, event.end) == (CODING.start, CODING.end)
    assert (event["TRANSP"], event["CLASS"]) == ("OPAQUE", "PRIVATE")
    assert event["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"
    assert "Berlin time (CET)" in event["DESCRIPTION"]


def test_a_contact_is_told_without_being_busy() -> None:
    event = event_of(render(facts("confirmation", "contact")).ics)
    assert event["ATTENDEE"].params["ROLE"] == "NON-PARTICIPANT"
    assert event["TRANSP"] == "TRANSPARENT"
    assert "Rosa Diaz" not in event["DESCRIPTION"]


def test_a_cancellation_names_the_same_event() -> None:
    sent = event_of(render(facts("confirmation", sequence=1)).ics)
    ics = render(facts("cancellation", sequence=2)).ics
    cancelled = event_of(ics)
    assert "METHOD:CANCEL" in lines_of(ics)
    assert cancelled["STATUS"] == "CANCELLED"
    assert cancelled["SEQUENCE"] == 2
    same = ("UID", "DTSTART", "DTEND", "ORGANIZER", "ATTENDEE")
    assert [cancelled[name].to_ical() for name in same] == [sent[name].to_ical() for name in same]


def test_a_download_invites_nobody_and_is_the_same_event() -> None:
    ics = download(facts("confirmation", sequence=1))
    event = event_of(ics)
    assert "METHOD:PUBLISH" in lines_of(ics)
    assert "ATTENDEE" not in event
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == ("bkg_1@northwind.example", 1, "CONFIRMED")


@pytest.mark.parametrize(("kind", "role"), [("reminder", "candidate"), ("invitation", "candidate")])
def test_other_mails_carry_no_event(kind, role) -> None:
    mail = render(facts(kind, role))
    assert (mail.ics, mail.method) == (None, None)


def test_a_loop_of_two_days_does_not_block_the_night() -> None:
    second = replace(DESIGN, start=at(9, day=2), end=at(10, day=2))
    event = event_of(render(facts("confirmation", sessions=(CODING, second))).ics)
    assert (event.start, event.end, event["TRANSP"]) == (CODING.start, second.end, "TRANSPARENT")
    assert "Wed 2 Dec 09:00–10:00 A talk about design" in event["DESCRIPTION"]


def test_one_session_over_midnight_does_block_it() -> None:
    late = replace(CODING, start=at(23, 30), end=at(23, 30) + timedelta(hours=1))
    assert event_of(render(facts("confirmation", sessions=(late,))).ics)["TRANSP"] == "OPAQUE"


def test_places_are_named_once() -> None:
    here = replace(CODING, video=False, conference_url="", room="Room Blue", location="12 Quay Street")
    event = event_of(render(facts("confirmation", sessions=(here, replace(here, title="More"), DESIGN))).ics)
    assert event["LOCATION"] == "Room Blue, 12 Quay Street; https://meet.example/abc"


def test_there_is_no_alarm_and_no_zone_to_get_wrong() -> None:
    lines = lines_of(render(facts("confirmation")).ics)
    assert [line for line in lines if "VALARM" in line or "TZID" in line or line.startswith("URL")] == []


def test_a_backslash_before_a_capital_breaks_no_line() -> None:
    here = replace(CODING, video=False, conference_url="", room="Hall\\North")
    assert event_of(render(facts("confirmation", sessions=(here,))).ics)["LOCATION"] == "Hall/North"


@settings(max_examples=150)
@given(st.text(max_size=120), st.text(max_size=120), st.text(max_size=120))
def test_any_text_survives_and_adds_no_line(name, title, location) -> None:
    session = SessionFacts(key="k", title=title, start=at(9), end=at(10), people=(name,), location=location)
    mail = facts(
        "confirmation",
        sessions=(session,),
        plan_name=title,
        recipient=Person(name=name, email="candy@example.net", time_zone="Europe/London"),
    )
    ics = render(mail).ics
    event = event_of(ics)
    assert event["SUMMARY"] == one_line(f"{one_line(title)}, Northwind Labs").replace("\\N", "/N")
    assert event.get("LOCATION", "") == one_line(location).replace("\\N", "/N")
    assert event["ATTENDEE"].params["CN"] == one_line(name).translate({34: "'", 94: "", 92: "/"})
    assert all(len(line) <= 75 for line in ics.split(b"\r\n"))
    assert b"\n" not in ics.replace(b"\r\n", b"")
    assert b"\r" not in ics.replace(b"\r\n", b"")
    plain = lines_of(render(replace(mail, sessions=(replace(session, location="x"),))).ics)
    has_place = bool(one_line(location))
    assert len(lines_of(ics)) == len(plain) - (0 if has_place else 1)
    [line.encode() for line in ics.decode().split("\r\n")]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 90)), min_size=1, max_size=6))
def test_a_model_client_ends_where_we_are_in_any_order_of_arrival(moves) -> None:
    """A client keeps the event of the highest SEQUENCE, then the latest DTSTAMP (RFC 5546 2.1.5)."""
    sent = []
    for sequence, (days, minutes) in enumerate(moves):
        start = at(9) + timedelta(days=days)
        session = replace(CODING, start=start, end=start + timedelta(minutes=minutes))
        now = NOW + timedelta(minutes=sequence)
        sent.append(
            event_of(render(facts("confirmation", sessions=(session,), sequence=sequence, now=now)).ics)
        )
    kept = max(reversed(sent), key=lambda event: (event["SEQUENCE"], event["DTSTAMP"].dt))
    assert {event["UID"] for event in sent} == {"bkg_1@northwind.example"}
    assert (kept.start, kept.end) == (sent[-1].start, sent[-1].end)
    assert kept["DTSTAMP"].dt == datetime(2026, 11, 30, 9, 41, tzinfo=UTC) + timedelta(minutes=len(moves) - 1)
