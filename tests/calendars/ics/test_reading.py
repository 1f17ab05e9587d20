# SPDX-License-Identifier: Apache-2.0
"""What files say, sentence by sentence: each row is a file somebody's program writes."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendars.ics.reading import read_event_times
from calendars.ics.unclear import Unclear
from calendars.values import CalendarKey
from tests.calendars.ics.samples import AZORES, OWNER, busy, calendar, event, read, refusal, utc

TEN = ("DTSTART:20260310T100000Z", "DTEND:20260310T110000Z")
TEN_TO_ELEVEN = busy("2026-03-10 10:00", "11:00")

SINGLE = {
    # Written this way: taken then.
    "in UTC": (event(*TEN), [TEN_TO_ELEVEN]),
    "in an IANA zone": (
        event("DTSTART;TZID=Europe/Berlin:20260310T110000", "DTEND;TZID=Europe/Berlin:20260310T120000"),
        [TEN_TO_ELEVEN],
    ),
    "in a quoted zone of another maker": (
        event('DTSTART;TZID="/citadel.org/20210210_1/Europe/Berlin":20260310T110000', "DURATION:PT1H"),
        [TEN_TO_ELEVEN],
    ),
    "in a Windows zone": (
        event("DTSTART;TZID=W. Europe Standard Time:20260310T110000", "DURATION:PT60M"),
        [TEN_TO_ELEVEN],
    ),
    "in a zone the file defines": (
        AZORES + event("DTSTART;TZID=Our Island:20260310T090000", "DURATION:PT1H"),
        [TEN_TO_ELEVEN],
    ),
    "in that zone's summer": (
        event("DTSTART;TZID=Our Island:20260410T100000", "DURATION:PT1H") + AZORES,
        [busy("2026-04-10 10:00", "11:00")],
    ),
    "floating": (event("DTSTART:20260310T110000", "DTEND:20260310T120000"), [TEN_TO_ELEVEN]),
    "floating in a calendar with a zone": (
        "X-WR-TIMEZONE:America/New_York\n" + event("DTSTART:20260310T060000", "DURATION:PT1H"),
        [TEN_TO_ELEVEN],
    ),
    "with start and end in two zones": (
        event("DTSTART;TZID=Europe/Madrid:20260310T110000", "DTEND;TZID=Europe/London:20260310T110000"),
        [TEN_TO_ELEVEN],
    ),
    "all day": (
        event("DTSTART;VALUE=DATE:20260310", "DTEND;VALUE=DATE:20260311"),
        [busy("2026-03-09 23:00", "2026-03-10 23:00")],
    ),
    "all day without an end": (
        event("DTSTART;VALUE=DATE:20260310"),
        [busy("2026-03-09 23:00", "2026-03-10 23:00")],
    ),
    "all day with the last day counted in": (
        event("DTSTART:20260310", "DTEND:20260310"),
        [busy("2026-03-09 23:00", "2026-03-10 23:00")],
    ),
    "all day when summer time begins": (
        event("DTSTART;VALUE=DATE:20260329"),
        [busy("2026-03-28 23:00", "2026-03-29 22:00")],
    ),
    "from a day to a time": (
        event("DTSTART;VALUE=DATE:20260310", "DTEND:20260310T110000"),
        [busy("2026-03-09 23:00", "2026-03-10 10:00")],
    ),
    "until midnight written as 24:00": (
        event("DTSTART:20260310T220000Z", "DTEND:20260310T240000Z"),
        [busy("2026-03-10 22:00", "2026-03-11 00:00")],
    ),
    "in an hour that is skipped": (
        event("DTSTART;TZID=Europe/Madrid:20260329T023000", "DURATION:PT30M"),
        [busy("2026-03-29 01:30", "02:00")],
    ),
    "with an end before its start": (
        event("DTSTART:20260310T110000Z", "DTEND:20260310T100000Z"),
        [TEN_TO_ELEVEN],
    ),
    "with a negative duration": (event("DTSTART:20260310T110000Z", "DURATION:-PT1H"), [TEN_TO_ELEVEN]),
    "with no length": (event("DTSTART:20260310T110000Z"), []),
    "in lower case": (event("dtstart:20260310t100000z", "dtend:20260310t110000z"), [TEN_TO_ELEVEN]),
    "with an alarm that has times of its own": (
        event(*TEN, "BEGIN:VALARM", "TRIGGER:-PT5M", "DURATION:PT9H", "DTSTART:nonsense", "END:VALARM"),
        [TEN_TO_ELEVEN],
    ),
    "under a folded property name": (
        event("DTST\n ART:20260310T100000Z", "DURATION:P\n\tT1H"),
        [TEN_TO_ELEVEN],
    ),
    "inside a component nobody knows": ("BEGIN:X-GROUP\n" + event(*TEN) + "END:X-GROUP\n", [TEN_TO_ELEVEN]),
    "twice with one uid, as some programs do": (
        event("UID:1", *TEN) + event("UID:1", "DTSTART:20260311T100000Z", "DURATION:PT1H"),
        [TEN_TO_ELEVEN, busy("2026-03-11 10:00", "11:00")],
    ),
    "and then again in a newer version": (
        event("UID:1", "SEQUENCE:1", *TEN) + event("UID:1", "DTSTART:20260311T100000Z", "DURATION:PT1H"),
        [TEN_TO_ELEVEN],
    ),
    "as a task": ("BEGIN:VTODO\nDTSTART:20260310T100000Z\nDUE:20260310T110000Z\nEND:VTODO\n", []),
}  # fmt: skip


@pytest.mark.parametrize("case", SINGLE)
def test_an_event_takes_the_time_it_is_written_for(case):
    text, expected = SINGLE[case]

    assert read(calendar(text)) == tuple(expected)


MANNERS = {
    "TRANSP:TRANSPARENT": None,
    "TRANSP:OPAQUE": "busy",
    "STATUS:CANCELLED": None,
    "STATUS:TENTATIVE": "tentative",
    "X-MICROSOFT-CDO-BUSYSTATUS:FREE": None,
    "X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE": None,
    "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE": "tentative",
    "X-MICROSOFT-CDO-BUSYSTATUS:OOF": "out_of_office",
    "X-MICROSOFT-CDO-BUSYSTATUS:BUSY": "busy",
    f"ATTENDEE;PARTSTAT=DECLINED:mailto:{OWNER}": None,
    f"ATTENDEE;PARTSTAT=DECLINED:MAILTO:{OWNER.upper()}": None,
    f'ATTENDEE;CN="A; B: C";EMAIL={OWNER};PARTSTAT=DECLINED:/principals/7': None,
    f"ATTENDEE;PARTSTAT=TENTATIVE:mailto:{OWNER}": "tentative",
    f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{OWNER}": "busy",
    "ATTENDEE;PARTSTAT=DECLINED:mailto:ben@example.org": "busy",
    f"ATTENDEE;PARTSTAT=DECLINED:mailto:not{OWNER}": "busy",
    f"ATTENDEE;PARTSTAT=DECLINED;SENT-BY={OWNER}:mailto:ben@example.org": "busy",
    "STATUS:SOMETHING-NEW": "busy",
}


@pytest.mark.parametrize("line", MANNERS)
def test_what_an_event_says_of_itself_decides_its_kind(line):
    kind = MANNERS[line]

    expected = (busy("2026-03-10 10:00", "11:00", kind),) if kind else ()
    assert read(calendar(event(*TEN, line))) == expected


WEEKLY = ("UID:w", "DTSTART;TZID=Europe/Madrid:20260318T100000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3")
# Summer time begins on 29 March.
FIRST, SECOND, THIRD = (
    busy("2026-03-18 09:00", "10:00"),
    busy("2026-03-25 09:00", "10:00"),
    busy("2026-04-01 08:00", "09:00"),
)
MOVED = ("UID:w", "DTSTART:20260326T150000Z", "DTEND:20260326T170000Z")
MOVED_TIME = busy("2026-03-26 15:00", "17:00")

RECURRING = {
    "keeps its hour when the clocks change": (event(*WEEKLY), [FIRST, SECOND, THIRD]),
    "ends with COUNT even when the file ends it later": (
        event(*WEEKLY[:3], "RRULE:FREQ=WEEKLY;COUNT=2;UNTIL=20270101T000000Z"),
        [FIRST, SECOND],
    ),
    "includes the day of an UNTIL without a time": (
        event(*WEEKLY[:3], "RRULE:FREQ=WEEKLY;UNTIL=20260325"),
        [FIRST, SECOND],
    ),
    "includes the last moment of UNTIL": (
        event(*WEEKLY[:3], "RRULE:FREQ=WEEKLY;UNTIL=20260401T080000Z"),
        [FIRST, SECOND, THIRD],
    ),
    "takes an UNTIL without a zone on its own clock": (
        event(*WEEKLY[:3], "RRULE:FREQ=WEEKLY;UNTIL=20260325T100000"),
        [FIRST, SECOND],
    ),
    "that ends before it starts is deleted": (
        event(*WEEKLY[:3], "RRULE:FREQ=WEEKLY;UNTIL=20200101T000000Z"),
        [],
    ),
    "with a negative COUNT has none": (
        event(*WEEKLY[:3], "RRULE:FREQ=WEEKLY;UNTIL=20260326;COUNT=-1"),
        [FIRST, SECOND],
    ),
    "with an empty rule is a single event": (event(*WEEKLY[:3], "RRULE:", "RDATE:"), [FIRST]),
    "includes a start its rule does not": (
        event(*WEEKLY[:3], "RRULE:FREQ=WEEKLY;BYDAY=TH;COUNT=1"),
        [FIRST, busy("2026-03-19 09:00", "10:00")],
    ),
    "loses an exception written in UTC": (event(*WEEKLY, "EXDATE:20260325T090000Z"), [FIRST, THIRD]),
    "loses an exception written as a day": (event(*WEEKLY, "EXDATE;VALUE=DATE:20260325"), [FIRST, THIRD]),
    "loses an exception without a zone": (event(*WEEKLY, "EXDATE:20260325T100000"), [FIRST, THIRD]),
    "loses several exceptions in one line": (
        event(*WEEKLY, "EXDATE;TZID=Europe/Madrid:20260318T100000,20260325T100000"),
        [THIRD],
    ),
    "ignores an exception at another time": (
        event(*WEEKLY, "EXDATE:20260325T100000Z"),
        [FIRST, SECOND, THIRD],
    ),
    "gains an extra date": (
        event(*WEEKLY, "RDATE;TZID=Europe/Madrid:20260320T100000"),
        [FIRST, busy("2026-03-20 09:00", "10:00"), SECOND, THIRD],
    ),
    "gains a period of its own length": (
        event(*WEEKLY[:3], "RDATE;VALUE=PERIOD;TZID=Europe/Madrid:20260320T100000/20260320T130000"),
        [FIRST, busy("2026-03-20 09:00", "12:00")],
    ),
    "gains a period with a duration": (
        event(*WEEKLY[:3], "RDATE;VALUE=PERIOD:20260320T090000Z/PT3H"),
        [FIRST, busy("2026-03-20 09:00", "12:00")],
    ),
    "gains a whole day when only a day is named": (
        event(*WEEKLY[:3], "RDATE;VALUE=DATE:20260320"),
        [FIRST, busy("2026-03-19 23:00", "2026-03-20 23:00")],
    ),
    "has an instance moved": (
        event(*WEEKLY) + event(*MOVED, "RECURRENCE-ID;TZID=Europe/Madrid:20260325T100000"),
        [FIRST, MOVED_TIME, THIRD],
    ),
    "has an instance moved that is named in UTC": (
        event(*MOVED, "RECURRENCE-ID:20260325T090000Z") + event(*WEEKLY),
        [FIRST, MOVED_TIME, THIRD],
    ),
    "has an instance moved that is named by its day": (
        event(*WEEKLY) + event(*MOVED, "RECURRENCE-ID;VALUE=DATE:20260325"),
        [FIRST, MOVED_TIME, THIRD],
    ),
    "has an instance cancelled": (
        event(*WEEKLY) + event(*MOVED, "RECURRENCE-ID:20260325T090000Z", "STATUS:CANCELLED"),
        [FIRST, THIRD],
    ),
    "has an instance moved twice, of which the newer counts": (
        event(*WEEKLY)
        + event(*MOVED, "RECURRENCE-ID:20260325T090000Z", "SEQUENCE:2")
        + event("UID:w", "DTSTART:20260327T150000Z", "DURATION:PT1H", "RECURRENCE-ID:20260325T090000Z"),
        [FIRST, MOVED_TIME, THIRD],
    ),
    "is only known by its edits": (
        event(*MOVED, "RECURRENCE-ID;TZID=Europe/Madrid:20260325T100000"),
        [MOVED_TIME],
    ),
    "has lost an older edit": (
        event(*WEEKLY, "SEQUENCE:2", "EXDATE:20260325T090000Z")
        + event(*MOVED, "RECURRENCE-ID:20260325T090000Z", "SEQUENCE:1"),
        [FIRST, THIRD],
    ),
    "changes from one instance on": (
        event(*WEEKLY)
        + event(
            "UID:w",
            "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Madrid:20260325T100000",
            "DTSTART;TZID=Europe/Madrid:20260326T120000",
            "DURATION:PT30M",
        ),
        [FIRST, busy("2026-03-26 11:00", "11:30"), busy("2026-04-02 10:00", "10:30")],
    ),
    "is cancelled from one instance on": (
        event(*WEEKLY) + event(
            *MOVED, "RECURRENCE-ID;RANGE=THISANDFUTURE:20260325T090000Z", "STATUS:CANCELLED"
        ),
        [FIRST],
    ),
    "of days is taken in the owner's zone": (
        event("DTSTART;VALUE=DATE:20260325", "RRULE:FREQ=WEEKLY;UNTIL=20260331T220000Z"),
        [busy("2026-03-24 23:00", "2026-03-25 23:00"), busy("2026-03-31 22:00", "2026-04-01 22:00")],
    ),
    "of days loses an exception written as a midnight": (
        event("DTSTART;VALUE=DATE:20260325", "RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE:20260325T000000Z"),
        [busy("2026-03-31 22:00", "2026-04-01 22:00")],
    ),
    "in UTC is meant on the clock of a calendar that names one": (
        "X-WR-TIMEZONE:Europe/Madrid\n"
        + event("DTSTART:20260318T090000Z", "DTEND:20260318T100000Z", "RRULE:FREQ=WEEKLY;COUNT=3"),
        [FIRST, SECOND, THIRD],
    ),
    "overnight takes both readings of its length when the clocks change": (
        event("DTSTART;TZID=Europe/Madrid:20260327T220000", "DTEND;TZID=Europe/Madrid:20260328T060000",
              "RRULE:FREQ=DAILY;COUNT=2"),
        [busy("2026-03-27 21:00", "2026-03-28 05:00"), busy("2026-03-28 21:00", "2026-03-29 05:00")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RECURRING)
def test_a_recurring_event(case):
    text, expected = RECURRING[case]

    assert read(calendar(text)) == tuple(expected)


FREE_BUSY = {
    "FREEBUSY:20260310T100000Z/PT1H": [TEN_TO_ELEVEN],
    "FREEBUSY;FBTYPE=FREE:20260310T100000Z/PT1H": [],
    "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260310T100000Z/PT1H": [busy("2026-03-10 10:00", "11:00", "tentative")],
    "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260310T100000Z/20260310T110000Z": [
        busy("2026-03-10 10:00", "11:00", "out_of_office")
    ],
    "FREEBUSY;FBTYPE=X-NEW:20260310T100000Z/PT30M,20260310T103000Z/PT30M": [TEN_TO_ELEVEN],
}


@pytest.mark.parametrize("line", FREE_BUSY)
def test_published_busy_time_is_read(line):
    text = f"BEGIN:VFREEBUSY\nDTSTART:20260301T000000Z\nDTEND:20260401T000000Z\n{line}\nEND:VFREEBUSY\n"

    assert read(calendar(text)) == tuple(FREE_BUSY[line])


BASIC = calendar("X-WR-CALNAME:Café\n", event("SUMMARY:Überraschung", *TEN))


@pytest.mark.parametrize(
    "data",
    [
        BASIC.replace(b"\n", b"\r\n"),
        BASIC.replace(b"\n", b"\r"),
        BASIC.replace(b"\n", b"\n\n"),
        codecs.BOM_UTF8 + BASIC,
        BASIC.decode().encode("latin-1"),
        BASIC.decode().encode("utf-16"),
        BASIC.rstrip(),
        BASIC + calendar(),
        calendar() + BASIC,
        b"\n" + BASIC + b"X\n",
    ],
    ids=["crlf", "cr", "blank lines", "bom", "latin-1", "utf-16", "no last end", "then", "before", "around"],
)
def test_files_of_every_make_say_the_same(data):
    assert read(data) == (TEN_TO_ELEVEN,)


def test_each_calendar_of_a_file_has_its_own_zone():
    tokyo = calendar("X-WR-TIMEZONE:Asia/Tokyo", event("DTSTART:20260310T190000", "DURATION:PT1H"))
    nowhere = calendar(event("DTSTART:20260310T130000", "DURATION:PT1H"))

    assert read(tokyo + nowhere) == (TEN_TO_ELEVEN, busy("2026-03-10 12:00", "13:00"))


def test_an_abbreviation_the_file_defines_is_what_the_file_says():
    text = AZORES.replace("Our Island", "EST") + event("DTSTART;TZID=EST:20260310T090000", "DURATION:PT1H")

    assert read(calendar(text)) == (TEN_TO_ELEVEN,)


REFUSED = {
    # Nothing to go by.
    b"": "not_a_calendar",
    b"hello\n": "not_a_calendar",
    b"BEGIN:VCARD\nEND:VCARD\n": "not_a_calendar",
    event(*TEN).encode(): "not_a_calendar",
    b"\x00\x01\x02": "not_a_calendar",
    BASIC[:-14]: "cut_off",
    BASIC[:40]: "cut_off",
    calendar("BEGIN:VEVENT\n"): "broken_structure",
    calendar("BEGIN:VEVENT\nBEGIN:VEVENT\nEND:VEVENT\nEND:VEVENT\n"): "broken_event",
    calendar("CALSCALE:JULIAN", event(*TEN)): "unknown_calendar_scale",
    # No telling when.
    calendar(event("SUMMARY:x")): "broken_event",
    calendar(event("DTSTART:nonsense")): "broken_event",
    calendar(event("DTSTART 20260310T100000Z", "DURATION:PT1H")): "broken_event",
    calendar(event("DTSTART:20260230T100000Z", "DURATION:PT1H")): "broken_event",
    calendar(event("DTSTART;;VALUE=DATE-TIME:20260310T100000Z", "DURATION:PT1H")): "broken_event",
    calendar(event("DTSTART;VALUE=DATE:20260310T100000Z")): "broken_event",
    calendar(event(*TEN, "DTSTART:20260311T100000Z")): "broken_event",
    calendar(event(TEN[0], "DTEND:soon")): "broken_event",
    calendar(event(TEN[0], "DURATION:P99999999999999W")): "broken_event",
    calendar(event(TEN[0], "DURATION:PT")): "broken_event",
    calendar(event(TEN[0], "DURATION:1H")): "broken_event",
    calendar(event("DTSTART;TZID=Atlantis:20260310T100000", "DURATION:PT1H")): "unknown_time_zone",
    calendar(event("DTSTART;TZID=../../etc/passwd:20260310T100000", "DURATION:PT1H")): "unknown_time_zone",
    calendar("X-WR-TIMEZONE:Atlantis", event("DTSTART:20260310T100000", TEN[1])): "unknown_time_zone",
    calendar(AZORES.replace("-0100", "west"), event("DTSTART;TZID=Our Island:20260310T100000", TEN[1])): (
        "unknown_time_zone"
    ),
    # No telling how often.
    calendar(event(*TEN, "RRULE:FREQ=WEEKLY;UNTL=20260401")): "broken_event",
    calendar(event(*TEN, "RRULE:FREQ=FORTNIGHTLY")): "broken_event",
    calendar(event(*TEN, "RRULE:INTERVAL=2")): "broken_event",
    calendar(event(*TEN, "RRULE:FREQ=DAILY;INTERVAL=0")): "broken_event",
    calendar(event(*TEN, "RRULE:FREQ=DAILY;BYHOUR=24")): "broken_event",
    calendar(event(*TEN, "RRULE:FREQ=DAILY;BYDAY=XX")): "broken_event",
    calendar(event(*TEN, "RRULE:FREQ=YEARLY;BYMONTH=")): "broken_event",
    calendar(event(*TEN, "RRULE:FREQ=DAILY;FREQ=DAILY")): "broken_event",
    calendar(event(*TEN, "RRULE:FREQ=DAILY;UNTIL=never")): "broken_event",
    calendar(event(*TEN, "RDATE:nonsense")): "broken_event",
    calendar(event(*TEN, "RDATE;VALUE=PERIOD:20260310T100000Z/")): "broken_event",
    calendar(event(*TEN, "EXDATE:nonsense")): "broken_event",
    calendar(event(*TEN, "RECURRENCE-ID:nonsense")): "broken_event",
    calendar(event("UID:1", *TEN) + event("UID:1", "STATUS:CANCELLED", "DTSTART:?")): "broken_event",
    calendar("BEGIN:VFREEBUSY\nFREEBUSY:whenever\nEND:VFREEBUSY\n"): "broken_event",
}  # fmt: skip


@pytest.mark.parametrize("data", REFUSED)
def test_what_cannot_be_understood_is_refused_with_a_sentence(data):
    unclear = refusal(data)

    assert unclear is not None
    assert unclear.code == REFUSED[data]
    assert unclear.reason.endswith(".")
    assert "{" not in unclear.reason


@pytest.mark.parametrize(
    "text",
    [
        event("STATUS:CANCELLED", "DTSTART:nonsense"),
        event("TRANSP:TRANSPARENT", *TEN, "RRULE:FREQ=NEVER"),
        event("TRANSP:TRANSPARENT", "DTSTART;TZID=Atlantis:20260310T100000", "DURATION:PT1H"),
        AZORES.replace("-0100", "west"),
        "BEGIN:VTODO\nDTSTART:nonsense\nEND:VTODO\n",
        "X-BROKEN LINE\n",
    ],
)
def test_what_takes_no_time_may_be_as_broken_as_it_likes(text):
    assert read(calendar(text, event(*TEN))) == (TEN_TO_ELEVEN,)


def test_a_reason_names_the_line_and_the_day_but_never_the_title():
    data = calendar("X-NOTE:a\n b\n", event("SUMMARY:Secret plan", "DTSTART:20260310T100000Z", "DURATION:?"))

    assert refusal(data).reason == (
        "The event at line 4 (starting 2026-03-10) has a duration that cannot be read; "
        "open it and save it again."
    )


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kathmandu"])
def test_a_whole_day_is_the_owners_day(zone):
    data = calendar(event("DTSTART;VALUE=DATE:20260310"))
    midnight = {"America/Los_Angeles": "07:00", "Asia/Kathmandu": "18:15", "Pacific/Kiritimati": "10:00"}[
        zone
    ]
    first, second = ("10", "11") if zone.startswith("America") else ("09", "10")

    assert read(data, zone=zone) == (busy(f"2026-03-{first} {midnight}", f"2026-03-{second} {midnight}"),)


def test_an_event_is_found_by_its_own_uid_not_by_an_alarms():
    alarm = ("BEGIN:VALARM", "UID:wanted", "END:VALARM")
    data = calendar(event("UID:other", *TEN, *alarm), event("UID:wan\n ted", "STATUS:CANCELLED", *TEN))

    found = read_event_times(data, CalendarKey(OWNER, "UTC"), "wanted")

    assert found == (utc("2026-03-10 10:00"), utc("2026-03-10 11:00"), "cancelled", None)


@pytest.mark.parametrize("answer", ["accepted", "declined", "tentative", "needs_action"])
def test_with_an_event_its_owners_answer_is_found_and_not_anothers(answer):
    said = f"ATTENDEE;PARTSTAT={answer.upper().replace('_', '-')}:mailto:{OWNER}"
    data = calendar(event("UID:wanted", *TEN, "ATTENDEE;PARTSTAT=DELEGATED:mailto:ben@example.org", said))

    *_, found = read_event_times(data, CalendarKey(OWNER, "UTC"), "wanted")

    assert found == answer


WHOLE = calendar(
    AZORES, event(*WEEKLY, "EXDATE;VALUE=DATE:20260325"), event(*MOVED, "RECURRENCE-ID:20260325")
)


@given(st.data())
def test_a_damaged_file_is_read_or_refused_but_never_breaks_the_reader(data):
    start = data.draw(st.integers(0, len(WHOLE)))
    length = data.draw(st.integers(0, 30))
    junk = data.draw(st.binary(max_size=20) | st.sampled_from([b"\n", b"\r", b";", b":", b"99999999", b"=,"]))

    unclear = refusal(WHOLE[:start] + junk + WHOLE[start + length :])

    assert unclear is None or isinstance(unclear, Unclear)
