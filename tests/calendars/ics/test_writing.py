# SPDX-License-Identifier: Apache-2.0
"""Interviews in somebody else's file."""

from __future__ import annotations

import codecs
import re
from datetime import UTC, datetime
from pathlib import Path

import icalendar
import pytest
import recurring_ical_events
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from calendars import Attendee, EventDraft, EventRef, IcsFolder, NotAllowed
from calendars.ics.splice import cut_event, put_event
from calendars.ics.writing import event_text
from tests.calendars.ics.samples import OWNER, calendar, event, utc

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
UID = "ses_1@convene"

THEIRS = calendar(
    "X-WR-CALNAME:Ana\n  and folded \n\toddly",
    "BEGIN:VTODO\nSUMMARY:not ours\nEND:VTODO",
    event("UID:theirs", "SUMMARY:Überraschung", "DTSTART:20260310T100000Z", "X-ODD;A=1:\\n,;"),
)
STYLES = {
    "lf": THEIRS,
    "crlf": THEIRS.replace(b"\n", b"\r\n"),
    "cr": THEIRS.replace(b"\n", b"\r"),
    "bom": codecs.BOM_UTF8 + THEIRS,
    "latin-1": THEIRS.decode().encode("latin-1"),
    "no last line end": THEIRS.rstrip(),
    "trailing blank lines": THEIRS + b"\n\n",
    "two calendars": THEIRS + calendar("X-SECOND:1"),
    "lower case": THEIRS.replace(b"END:VCALENDAR", b"end:vcalendar"),
    "a broken event": calendar(event("DTSTART:nonsense")),
}


def draft(**changes) -> EventDraft:
    fields = {
        "uid": UID,
        "start": utc("2026-03-10 14:00"),
        "end": utc("2026-03-10 15:00"),
        "time_zone": "Europe/Madrid",
        "summary": "Interview",
    }
    return EventDraft(**{**fields, **changes})


@pytest.mark.parametrize("style", STYLES)
def test_no_byte_that_is_not_ours_changes(tmp_path: Path, style):
    file = tmp_path / f"{OWNER}.ics"
    file.write_bytes(STYLES[style])
    folder = IcsFolder(tmp_path, now=lambda: NOW)

    ref = folder.create_event(OWNER, draft())
    written = file.read_bytes()
    folder.update_event(ref, draft(summary="Interview, moved", sequence=1))
    updated = file.read_bytes()
    folder.cancel_event(ref)

    assert cut_event(written, UID) == STYLES[style]
    assert cut_event(updated, UID) == STYLES[style]
    assert file.read_bytes() == STYLES[style]
    assert folder.find_event(OWNER, UID) is None


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_our_lines_end_as_the_others_do(line_end):
    data = put_event(THEIRS.decode().replace("\n", line_end).encode(), UID, event_text(draft(), NOW))

    lines = data.decode().replace(line_end, "|")
    assert "\r" not in lines
    assert "\n" not in lines
    assert f"|UID:{UID}|" in lines
    assert lines.endswith("|END:VEVENT|END:VCALENDAR|")


def test_an_event_stays_where_its_owner_keeps_it_and_copies_of_it_go():
    ours = event(f"UID:{UID}", "DTSTART:20260310T140000Z", "DURATION:PT1H")
    data = calendar(ours, event("UID:theirs"), ours, "X-LAST:1")

    updated = put_event(data, UID, "BEGIN:VEVENT\r\nUID:new\r\nEND:VEVENT\r\n")

    assert updated == calendar("BEGIN:VEVENT\nUID:new\nEND:VEVENT\n", event("UID:theirs"), "X-LAST:1")


def test_an_event_is_known_by_its_uid_alone():
    longer = event(f"UID:{UID}2", "DTSTART:20260310T140000Z")
    alarm = event("UID:theirs", "BEGIN:VALARM", f"UID:{UID}", "END:VALARM")
    mentioned = event("UID:other", f"DESCRIPTION:UID:{UID}")
    folded = event(f"UID:{UID[:5]}\n {UID[5:]}")

    assert cut_event(calendar(longer, alarm, mentioned, folded), UID) == calendar(longer, alarm, mentioned)


def test_other_programs_read_what_is_written():
    rich = draft(
        description="Bring a laptop; no, two.\nSee you, A\\B",
        location="Room 1, Madrid",
        url="https://example.org/c/1",
        conference_url="https://meet.example.org/1",
        organizer=Attendee(email="hr@example.org", name='Ms "HR": Ltd; x'),
        attendees=(
            Attendee(email=OWNER, name="Ana", status="accepted"),
            Attendee(email="room@example.org", role="room"),
            Attendee(email="cara@example.org", role="candidate"),
        ),
        status="tentative",
        sequence=3,
        private={"booking_id": "bkg_1"},
    )

    found = icalendar.Calendar.from_ical(put_event(THEIRS, UID, event_text(rich, NOW))).events[-1]

    assert {
        name: str(found[name]) for name in ("UID", "SUMMARY", "DESCRIPTION", "LOCATION", "URL", "STATUS")
    } == {
        "UID": UID,
        "SUMMARY": rich.summary,
        "DESCRIPTION": rich.description,
        "LOCATION": rich.location,
        "URL": rich.url,
        "STATUS": "TENTATIVE",
    }
    assert (found.start, found.end, found["DTSTAMP"].dt) == (rich.start, rich.end, NOW)
    assert (found["SEQUENCE"], found["TRANSP"], found["X-CONVENE-BOOKING-ID"]) == (3, "OPAQUE", "bkg_1")
    assert str(found["CONFERENCE"]) == rich.conference_url
    assert str(found["ORGANIZER"]) == "mailto:hr@example.org"
    assert found["ORGANIZER"].params["CN"] == "Ms 'HR': Ltd; x"
    assert [(str(one), one.params["PARTSTAT"], one.params["CUTYPE"]) for one in found["ATTENDEE"]] == [
        (f"mailto:{OWNER}", "ACCEPTED", "INDIVIDUAL"),
        ("mailto:room@example.org", "NEEDS-ACTION", "ROOM"),
        ("mailto:cara@example.org", "NEEDS-ACTION", "INDIVIDUAL"),
    ]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200), name=st.text(max_size=50), url=st.text(max_size=80))
@example(text="a;b,c\\d", name="", url="")
def test_any_text_goes_through_and_none_becomes_a_line_of_its_own(tmp_path: Path, text, name, url):
    folder = IcsFolder(tmp_path, now=lambda: NOW)
    person = Attendee(email=OWNER, name=name)
    texts = {
        "description": text,
        "location": text,
        "url": url,
        "conference_url": url,
        "private": {"note": text},
    }
    (tmp_path / f"{OWNER}.ics").write_bytes(THEIRS)
    folder.create_event(OWNER, draft(summary=text, organizer=person, attendees=(person,), **texts))

    data = (tmp_path / f"{OWNER}.ics").read_bytes()
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(data)).between(*WINDOW)

    assert cut_event(data, UID) == THEIRS
    assert [str(one["UID"]) for one in found] == ["theirs", UID]
    if text.isprintable():
        assert [str(found[1].get(key, "")) for key in ("SUMMARY", "LOCATION")] == [text] * 2
        # A property that icalendar does not know stays as it is written: text, escaped (RFC 5545, 3.3.11).
        assert re.sub(r"\\(.)", r"\1", str(found[1].get("X-CONVENE-NOTE", ""))) == text
    assert len(found[1].property_items(recursive=False)) <= 20


WINDOW = utc("2026-03-01"), utc("2026-04-01")


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", THEIRS[:-20], THEIRS.decode().encode("utf-16"), THEIRS.replace(b":VCAL", b":VC\n AL")],
    ids=["empty", "no calendar", "cut off", "utf-16", "folded ends"],
)
def test_a_file_that_cannot_take_an_event_is_left_alone(tmp_path: Path, data):
    file = tmp_path / f"{OWNER}.ics"
    file.write_bytes(data)

    with pytest.raises(NotAllowed):
        IcsFolder(tmp_path).create_event(OWNER, draft())
    assert file.read_bytes() == data


def test_a_text_an_old_encoding_has_no_letters_for_keeps_the_file_in_one_encoding(tmp_path: Path):
    file = tmp_path / f"{OWNER}.ics"
    file.write_bytes(STYLES["latin-1"])

    IcsFolder(tmp_path).create_event(OWNER, draft(summary="Jürgen 李"))

    assert "SUMMARY:Jürgen ?\n" in file.read_bytes().decode("latin-1")


PANEL = (Attendee(email=OWNER, status="accepted"), Attendee(email="bob@example.org"))


@pytest.mark.parametrize(
    ("said", "change", "stands"),
    [
        (f"ATTENDEE;PARTSTAT=DECLINED:mailto:{OWNER}", {}, "DECLINED"),
        (f"ATTENDEE;PARTSTAT=tentative:MAILTO:{OWNER.upper()}", {}, "TENTATIVE"),
        (f'ATTENDEE;CN="A; B: C";EMAIL={OWNER};PARTSTAT=DECLINED:/principals/7', {}, "DECLINED"),
        (f"ATTENDEE;PARTSTAT=DECLINED;CN=Ana:mail\n to:{OWNER}", {}, "DECLINED"),
        (f"ATTENDEE;PARTSTAT=X-BUSY:mailto:{OWNER}", {}, "ACCEPTED"),
        ("X-NOBODY:1", {}, "ACCEPTED"),
        (f"ATTENDEE;PARTSTAT=DECLINED:mailto:{OWNER}", {"end": utc("2026-03-10 16:00")}, "ACCEPTED"),
    ],
)
def test_what_the_owner_says_holds_as_long_as_the_time_does(tmp_path: Path, said, change, stands):
    """However a program has written the event again."""
    file = tmp_path / f"{OWNER}.ics"
    times = "DTSTART;TZID=Europe/Madrid:20260310T150000", "DURATION:PT1H"
    file.write_bytes(
        calendar(event(f"UID:{UID}", *times, said, "ATTENDEE;PARTSTAT=TENTATIVE:mailto:bob@example.org"))
    )

    ref = EventRef(provider="ics", calendar=OWNER, event_id=UID)
    IcsFolder(tmp_path).update_event(
        ref, draft(attendees=(*PANEL, Attendee(email="cara@example.org")), **change)
    )

    (found,) = icalendar.Calendar.from_ical(file.read_bytes()).events
    bob = "NEEDS-ACTION" if change else "TENTATIVE"
    assert [one.params["PARTSTAT"] for one in found["ATTENDEE"]] == [stands, bob, "NEEDS-ACTION"]


def test_an_event_whose_time_is_unclear_is_written_as_drafted(tmp_path: Path):
    file = tmp_path / f"{OWNER}.ics"
    file.write_bytes(
        calendar(event(f"UID:{UID}", "DTSTART:soon", f"ATTENDEE;PARTSTAT=DECLINED:mailto:{OWNER}"))
    )

    IcsFolder(tmp_path).create_event(OWNER, draft(attendees=PANEL))

    assert b"PARTSTAT=ACCEPTED" in file.read_bytes()
