# SPDX-License-Identifier: Apache-2.0
"""What every provider promises. A new provider joins by adding a `Bench` for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from calendars import (
    Attendee,
    Blocks,
    Busy,
    CalendarKey,
    EventDraft,
    EventRef,
    Gone,
    IcsFolder,
    MemoryCalendars,
    NotAllowed,
    Outage,
    Provider,
    Unreadable,
    pieces,
)
from calendars.caldav import CalDavCalendars
from calendars.errors import CalendarError
from calendars.google import GoogleCalendars, ServiceAccount
from calendars.microsoft import Credential, EntraApplication, MicrosoftCalendars
from tests.fakes.faults import answer, empty_page
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft
from tests.fakes.radicale import running

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
START = datetime(2026, 3, 9, tzinfo=UTC)
END = START + timedelta(days=7)
ANA, BEN = CalendarKey("ana@example.org", "Europe/Madrid"), CalendarKey("ben@example.org", "Asia/Tokyo")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A provider with ways to do what only a calendar's owner can do."""

    provider: Provider
    add_calendar: Callable[[str], None]
    add_busy: Callable[[str, datetime, datetime], None]
    break_calendar: Callable[[str], None]
    #: Ana where each has an entry of their own, Ben where guests are invited, declines what is in Ana's
    decline: Callable[[EventRef], None]
    #: a day in the zone of its owner, whole
    add_day: Callable[[str, date], None] | None = None
    #: for good, with everything in it
    remove_calendar: Callable[[str], None] | None = None
    #: everything is answered with this status, body and headers, from now on
    answer: Callable[[int, str, dict[str, str]], None] | None = None
    #: lists of events have a further page each time, from now on
    never_end: Callable[[], None] | None = None
    #: a calendar comes to be by being written to, and is known by nobody's leave
    local: bool = False
    #: the code of a calendar that is nowhere
    nowhere: str = "missing"


@contextmanager
def memory_bench(_: Path) -> Iterator[Bench]:
    memory = MemoryCalendars(now=lambda: NOW)
    yield Bench(
        provider=memory,
        local=True,
        add_calendar=memory.add_calendar,
        add_busy=memory.add_busy,
        break_calendar=lambda address: memory.make_unreadable(address, "Share it again."),
        decline=lambda ref: memory.answer(ref.calendar, ref.event_id, ANA.address, "declined"),
    )


@contextmanager
def ics_bench(folder: Path) -> Iterator[Bench]:
    def write(address: str, event: str) -> None:
        text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{event}END:VCALENDAR\r\n"
        (folder / f"{address}.ics").write_bytes(text.encode())

    def add_busy(address: str, start: datetime, end: datetime) -> None:
        times = f"DTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDTEND:{end:%Y%m%dT%H%M%SZ}\r\n"
        write(address, f"BEGIN:VEVENT\r\nUID:theirs\r\n{times}SUMMARY:Dentist\r\nEND:VEVENT\r\n")

    def add_day(address: str, day: date) -> None:
        write(address, f"BEGIN:VEVENT\r\nUID:day\r\nDTSTART;VALUE=DATE:{day:%Y%m%d}\r\nEND:VEVENT\r\n")

    def decline(ref: EventRef) -> None:
        file = folder / f"{ref.calendar}.ics"
        file.write_bytes(file.read_bytes().replace(b"PARTSTAT=ACCEPTED", b"PARTSTAT=DECLINED"))

    yield Bench(
        local=True,
        provider=IcsFolder(folder, now=lambda: NOW),
        add_day=add_day,
        add_calendar=lambda address: write(address, ""),
        add_busy=add_busy,
        break_calendar=lambda address: write(address, "BEGIN:VEVENT\r\n"),
        decline=decline,
    )


@contextmanager
def google_bench(_: Path) -> Iterator[Bench]:
    with FakeGoogle() as fake:
        fake.now = lambda: NOW
        fake.add_person(ANA.address, time_zone=ANA.time_zone)
        yield Bench(
            provider=GoogleCalendars(
                ServiceAccount(fake.service_account()),
                endpoint=fake.api_endpoint,
                now=lambda: NOW,
                sleep=lambda _: None,
            ),
            add_calendar=lambda address: None if address == ANA.address else fake.add_person(address),
            add_busy=lambda address, start, end: fake.add_event(address, start, end) and None,
            add_day=lambda address, day: fake.add_event(address, day, day + timedelta(days=1)) and None,
            break_calendar=fake.no_access,
            decline=lambda ref: fake.respond(BEN.address, ref.event_id, "declined"),
            remove_calendar=fake.forget_person,
            answer=lambda *what: fake.faults.add(answer(*what), times=None),
            never_end=lambda: fake.faults.add(empty_page(), method="GET", times=None),
            nowhere="not_found",
        )


@contextmanager
def microsoft_bench(_: Path) -> Iterator[Bench]:
    with FakeMicrosoft() as fake:
        fake.now = lambda: NOW
        fake.add_person(ANA.address, time_zone=ANA.time_zone)
        application = EntraApplication(
            fake.tenant_id, fake.client_id, Credential(secret=fake.client_secret), authority=fake.authority
        )
        yield Bench(
            provider=MicrosoftCalendars(
                application, endpoint=fake.graph_endpoint, now=lambda: NOW, sleep=lambda _: None
            ),
            add_calendar=lambda address: None if address == ANA.address else fake.add_person(address),
            add_busy=lambda address, start, end: fake.add_event(address, start, end) and None,
            add_day=lambda address, day: (
                fake.add_event(address, day, day + timedelta(days=1), showAs="busy") and None
            ),
            break_calendar=fake.no_access,
            decline=lambda ref: fake.respond(BEN.address, ref.event_id, "declined"),
            remove_calendar=fake.forget_person,
            answer=lambda *what: fake.faults.add(answer(*what), times=None),
            never_end=lambda: fake.faults.add(empty_page(), method="GET", times=None),
            nowhere="no_mailbox",
        )


@contextmanager
def caldav_bench(folder: Path) -> Iterator[Bench]:
    with running(folder, ANA.address, BEN.address) as server:
        server.add_calendar(ANA.address)
        known = {ANA.address, BEN.address}
        provider = CalDavCalendars(
            lambda address: server.account(address) if address in known else None, now=lambda: NOW
        )
        yield Bench(
            provider=provider,
            add_calendar=server.add_calendar,
            add_busy=server.add_busy,
            add_day=server.add_day,
            remove_calendar=server.remove_calendar,
            break_calendar=server.broken.add,
            decline=lambda ref: server.respond(ref.calendar, ref.event_id, "DECLINED"),
            nowhere="not_connected",
        )


BENCHES = {
    "memory": memory_bench,
    "ics": ics_bench,
    "google": google_bench,
    "microsoft": microsoft_bench,
    "caldav": caldav_bench,
}


@pytest.fixture(params=BENCHES.values(), ids=BENCHES.keys())
def bench(request, tmp_path) -> Iterator[Bench]:
    with request.param(tmp_path) as made:
        yield made


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 10, hour, minute, tzinfo=UTC)


def draft(**changes) -> EventDraft:
    plain = EventDraft(
        uid="ses_1@convene",
        start=at(10),
        end=at(11),
        time_zone="Europe/Madrid",
        summary="Interview",
        organizer=Attendee(email="hr@example.org"),
        attendees=(Attendee(email="ana@example.org", status="accepted"),),
        private={"booking_id": "bkg_1"},
    )
    return replace(plain, **changes)


def blocks(bench: Bench, key: CalendarKey = ANA) -> tuple[Busy, ...]:
    reading = bench.provider.read_busy([replace(key, detail="events")], START, END)[key.address]
    assert isinstance(reading, Blocks), reading
    return reading.blocks


INTERVIEW = Busy(at(10), at(11), "interview", "ses_1@convene")


def test_an_empty_calendar_is_free(bench):
    bench.add_calendar(ANA.address)

    assert bench.provider.read_busy([ANA], START, END) == {ANA.address: Blocks((), NOW)}


def test_every_asked_calendar_is_answered_and_one_bad_one_spoils_no_other(bench):
    bench.add_busy(ANA.address, at(9), at(10))
    bench.add_calendar(BEN.address)
    bench.break_calendar(BEN.address)
    nobody = CalendarKey("nobody@example.org", "UTC")

    answer = bench.provider.read_busy([BEN, nobody, ANA], START, END)

    assert set(answer) == {ANA.address, BEN.address, nobody.address}
    assert answer[ANA.address] == Blocks((Busy(at(9), at(10)),), NOW)
    assert isinstance(answer[BEN.address], Unreadable)
    assert answer[BEN.address].reason.endswith(".")
    assert isinstance(answer[nobody.address], Unreadable)
    assert answer[nobody.address].code == bench.nowhere


@pytest.mark.parametrize("detail", ["free_busy", "events"])
@pytest.mark.parametrize("alias", ["primary", "me", "@", "ana"])
def test_a_name_for_whoever_is_asking_is_nobodys_calendar(bench, alias, detail):
    if bench.local:
        pytest.skip("a file may have any name")
    bench.add_busy(ANA.address, at(9), at(10))

    keys = [CalendarKey(alias, ANA.time_zone, detail), replace(ANA, detail=detail)]
    answer = bench.provider.read_busy(keys, START, END)

    assert isinstance(answer[alias], Unreadable)
    assert answer[ANA.address] == Blocks((Busy(at(9), at(10)),), NOW)
    with pytest.raises(NotAllowed):
        bench.provider.create_event(alias, draft())


def test_time_is_cut_to_the_window(bench):
    bench.add_busy(ANA.address, START - timedelta(days=1), END + timedelta(days=1))

    assert blocks(bench) == (Busy(START, END),)


def test_time_that_ends_as_the_window_begins_is_not_in_it(bench):
    bench.add_busy(ANA.address, START - timedelta(hours=1), START)

    assert blocks(bench) == ()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START, START),
        (END, START),
        (START.replace(tzinfo=None), END),
        (START, END.replace(tzinfo=None)),
    ],
)
def test_a_window_that_is_none_is_refused(bench, start, end):
    with pytest.raises(ValueError, match=r"window|time zone"):
        bench.provider.read_busy([ANA], start, end)


@pytest.mark.parametrize("detail", ["free_busy", "events"])
def test_a_whole_day_is_one_where_its_owner_lives(bench, detail):
    if bench.add_day is None:
        pytest.skip("whole days are not known there")
    bench.add_calendar(ANA.address)
    bench.add_day(ANA.address, date(2026, 3, 10))

    reading = bench.provider.read_busy([replace(ANA, detail=detail)], START, END)[ANA.address]

    midnight = datetime(2026, 3, 9, 23, tzinfo=UTC)
    assert reading == Blocks((Busy(midnight, midnight + timedelta(days=1)),), NOW)


def test_calendars_not_reached_in_time_are_unreadable(bench):
    bench.add_calendar(ANA.address)

    answer = bench.provider.read_busy([ANA], START, END, deadline=time.monotonic() - 1)

    assert isinstance(answer[ANA.address], Unreadable)
    assert answer[ANA.address].code == "timed_out"


def test_a_written_interview_is_read_as_ours(bench):
    bench.add_busy(ANA.address, at(9, 30), at(10, 30))

    ref = bench.provider.create_event(ANA.address, draft())

    assert (ref.provider, ref.calendar) == (bench.provider.name, ANA.address)
    assert blocks(bench) == (Busy(at(9, 30), at(10, 30)), INTERVIEW)


def test_writing_makes_a_calendar_that_was_not_there(bench):
    if not bench.local:
        pytest.skip("somebody has to open an account there")
    bench.provider.create_event(ANA.address, draft())

    assert blocks(bench) == (INTERVIEW,)


def test_creating_the_same_event_again_makes_no_second_one(bench):
    first = bench.provider.create_event(ANA.address, draft())
    second = bench.provider.create_event(ANA.address, draft(end=at(12), sequence=1))

    assert second.event_id == first.event_id
    assert blocks(bench) == (Busy(at(10), at(12), "interview", "ses_1@convene"),)


def test_events_of_other_uids_stay(bench):
    bench.provider.create_event(ANA.address, draft())
    ref = bench.provider.create_event(ANA.address, draft(uid="ses_10@convene", start=at(14), end=at(15)))

    bench.provider.cancel_event(ref)

    assert blocks(bench) == (INTERVIEW,)


def test_an_updated_event_moves(bench):
    ref = bench.provider.create_event(ANA.address, draft())

    bench.provider.update_event(ref, draft(start=at(15), end=at(16), sequence=1))

    assert blocks(bench) == (Busy(at(15), at(16), "interview", "ses_1@convene"),)


def test_each_version_of_an_event_has_its_own_etag(bench):
    first = bench.provider.create_event(ANA.address, draft())
    second = bench.provider.update_event(first, draft(sequence=1, location="Hall"))

    assert first.etag != second.etag
    assert bench.provider.find_event(ANA.address, "ses_1@convene").ref == second


def test_a_deleted_event_is_not_brought_back_by_an_update(bench):
    ref = bench.provider.create_event(ANA.address, draft())
    bench.provider.cancel_event(ref)

    with pytest.raises(Gone):
        bench.provider.update_event(ref, draft())
    assert blocks(bench) == ()


def test_an_update_with_another_events_draft_is_refused(bench):
    ref = bench.provider.create_event(ANA.address, draft())

    with pytest.raises(ValueError, match="another event"):
        bench.provider.update_event(ref, draft(uid="ses_2@convene"))


def test_a_cancelled_event_is_free_and_cancelling_twice_is_once(bench):
    ref = bench.provider.create_event(ANA.address, draft())

    bench.provider.cancel_event(ref)
    bench.provider.cancel_event(ref)

    assert blocks(bench) == ()
    assert bench.provider.find_event(ANA.address, "ses_1@convene") is None


def test_cancelling_where_no_calendar_is_is_done(bench):
    if not bench.local:
        pytest.skip("whether one is there is not told")
    nowhere = EventRef(provider=bench.provider.name, calendar="gone@example.org", event_id="ses_1@convene")

    bench.provider.cancel_event(nowhere)

    assert bench.provider.find_event("gone@example.org", "ses_1@convene") is None


def test_an_event_is_found_as_it_is(bench):
    ref = bench.provider.create_event(ANA.address, draft(status="tentative"))

    found = bench.provider.find_event(ANA.address, "ses_1@convene")

    assert (found.ref, found.start, found.end, found.status) == (ref, at(10), at(11), "tentative")
    assert bench.provider.find_event(ANA.address, "ses_@convene") is None


def test_a_hold_takes_time_as_ours_until_it_goes(bench):
    """Cases 30, 56 and 57: tentative, without guests; the interview that follows is an event of its own."""
    hold = draft(uid="opt_1.talk.hold@convene", status="tentative", attendees=(), organizer=None)
    ref = bench.provider.create_event(ANA.address, hold)
    found = bench.provider.find_event(ANA.address, hold.uid)
    assert (found.status, found.attendees) == ("tentative", ())
    assert blocks(bench) == (Busy(at(10), at(11), "interview", hold.uid),)

    bench.provider.create_event(ANA.address, draft())
    bench.provider.cancel_event(ref)

    assert blocks(bench) == (INTERVIEW,)


def test_an_event_is_not_known_to_be_gone_where_its_calendar_is(bench):
    if bench.remove_calendar is None:
        pytest.skip("a file that is not there holds no events")
    bench.add_calendar(BEN.address)
    bench.provider.create_event(BEN.address, draft())
    assert bench.provider.find_event(BEN.address, "ses_2@convene") is None

    bench.remove_calendar(BEN.address)

    with pytest.raises(NotAllowed):
        bench.provider.find_event(BEN.address, "ses_1@convene")


def test_a_calendar_that_cannot_be_read_is_not_written(bench):
    bench.add_calendar(ANA.address)
    bench.break_calendar(ANA.address)

    with pytest.raises(NotAllowed):
        bench.provider.create_event(ANA.address, draft())
    with pytest.raises(NotAllowed):
        bench.provider.find_event(ANA.address, "ses_1@convene")


def test_many_threads_lose_no_event(bench):
    starts = [START + timedelta(hours=2 * number) for number in range(24)]
    drafts = [
        draft(uid=f"s{i}", start=start, end=start + timedelta(hours=1)) for i, start in enumerate(starts)
    ]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: bench.provider.create_event(ANA.address, one), drafts))

    assert blocks(bench) == tuple(Busy(one.start, one.end, "interview", one.uid) for one in drafts)


def test_a_healthy_provider_says_so_in_one_line(bench):
    bench.add_calendar(ANA.address)

    said = bench.provider.probe(ANA.address)
    assert said.startswith("1 calendars") if bench.local else ANA.address in said


def test_a_look_without_a_cursor_begins_and_says_that_anything_may_have_changed(bench):
    bench.add_calendar(ANA.address)

    begun = bench.provider.changes_since(ANA, None)

    assert begun.event_ids is None
    assert begun.any
    assert not bench.provider.changes_since(ANA, begun.cursor).any


def test_what_was_written_or_removed_is_among_the_changes(bench):
    bench.add_calendar(ANA.address)
    begun = bench.provider.changes_since(ANA, None)

    ref = bench.provider.create_event(ANA.address, draft())
    written = bench.provider.changes_since(ANA, begun.cursor)
    bench.provider.cancel_event(ref)
    removed = bench.provider.changes_since(ANA, written.cursor)

    for changes in (written, removed):
        assert changes.event_ids is None or ref.event_id in changes.event_ids


def test_somebody_elses_event_is_a_change_too(bench):
    bench.add_calendar(ANA.address)
    begun = bench.provider.changes_since(ANA, None)

    bench.add_busy(ANA.address, at(9), at(10))

    assert bench.provider.changes_since(ANA, begun.cursor).any


@pytest.mark.parametrize(("bound", "value"), [("MOST_PAGES", 5), ("LONGEST_LIST", 0.05)])
def test_a_list_that_does_not_end_is_an_outage(bench, monkeypatch, bound, value):
    if bench.never_end is None:
        pytest.skip("lists come in one piece")
    bench.add_calendar(ANA.address)
    monkeypatch.setattr(pieces, bound, value)
    bench.never_end()

    reading = bench.provider.read_busy([replace(ANA, detail="events")], START, END)[ANA.address]

    assert (reading.code, reading.passing) == ("provider_down", True)
    with pytest.raises(Outage):
        bench.provider.changes_since(ANA, None)


DEEP = "[" * 100_000
ODD = [
    *(
        "[]",
        "5",
        "null",
        DEEP,
        f'{{"error": {DEEP}',
        '{"calendars": [1]}',
        '{"value": [1]}',
        '{"items": [1]}',
    ),
    *('{"error": {"message": 5}}', '{"error": {"message": [1]}}', '{"error": {"message": {"a": 1}}}'),
    *('{"error": {"errors": [5]}}', '{"error": {"message": "x", "errors": 5}}', '{"error": 5}'),
]


@pytest.mark.parametrize("bench", [BENCHES["google"], BENCHES["microsoft"]], indirect=True)
@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("status", [200, 403])
def test_an_answer_that_makes_no_sense_is_no_free_time_and_no_crash(bench, status, body):
    """Of vendors that answer in JSON."""
    bench.add_calendar(ANA.address)
    soon = {"Content-Type": "application/json", "Retry-After": "Fri, 31 Dec 9999 23:59:59 -2300"}
    bench.answer(status, body, soon)

    for detail in ("free_busy", "events"):
        asked = replace(ANA, detail=detail)
        reading = bench.provider.read_busy([asked], START, END, deadline=time.monotonic() + 0.2)[ANA.address]
        assert isinstance(reading, Unreadable)
    for ask in (bench.provider.create_event, lambda a, d: bench.provider.find_event(a, d.uid)):
        with pytest.raises(CalendarError):
            ask(ANA.address, draft())


def test_a_cursor_that_means_nothing_begins_again(bench):
    bench.add_calendar(ANA.address)

    assert bench.provider.changes_since(ANA, "what is this?").event_ids is None


def test_everybodys_answer_is_found_with_the_event(bench):
    if bench.provider.name == "ics":
        pytest.skip("a file asks nobody")
    bench.add_calendar(ANA.address)
    bench.add_calendar(BEN.address)
    bench.provider.create_event(ANA.address, draft(attendees=(Attendee(email=BEN.address),)))

    found = bench.provider.find_event(ANA.address, "ses_1@convene")

    assert (BEN.address, "needs_action") in {(guest.email, guest.status) for guest in found.attendees}


CARA = Attendee(email="cara@example.org")


def answers(bench: Bench) -> dict[str, str]:
    found = bench.provider.find_event(ANA.address, "ses_1@convene")
    return {guest.email: guest.status for guest in found.attendees}


@pytest.mark.parametrize("write", ["update_event", "create_event"])
def test_an_event_written_again_keeps_its_answers_and_one_at_another_time_asks_anew(bench, write):
    bench.add_calendar(ANA.address)
    bench.add_calendar(BEN.address)
    people = (*draft().attendees, Attendee(email=BEN.address))
    ref = bench.provider.create_event(ANA.address, draft(attendees=people))
    asked = answers(bench)
    bench.decline(ref)
    declined = answers(bench)

    def again(**changes):
        where = ref if write == "update_event" else ANA.address
        getattr(bench.provider, write)(where, draft(attendees=(*people, CARA), **changes))
        return {who: answer for who, answer in answers(bench).items() if who in asked}

    assert "declined" in declined.values()
    assert again(location="Hall", sequence=1) == declined
    assert answers(bench).get(CARA.email, "needs_action") == "needs_action"
    assert again(location="Hall", start=at(15), end=at(16), sequence=2) == asked


@pytest.mark.parametrize(
    ("same_time", "drafted", "stands"),
    [
        (True, "accepted", "declined"),
        (False, "declined", "declined"),
        (False, "accepted", "accepted"),
    ],
    ids=["to where it was to be", "known to have declined that time", "at another time"],
)
def test_of_an_event_that_its_owner_had_moved_who_has_declined_is_not_asked_anew(
    bench, same_time, drafted, stands
):
    """Where guests are invited, the vendor asks them anew, and no answer is not a yes."""
    bench.add_calendar(ANA.address)
    bench.add_calendar(BEN.address)
    guests = (Attendee(email=BEN.address),)
    moved = draft(start=at(15), end=at(16), attendees=(*draft().attendees, *guests))
    bench.decline(bench.provider.create_event(ANA.address, moved))
    people = tuple(replace(person, status=drafted) for person in draft().attendees)

    back = draft(attendees=(*people, *guests), same_time=same_time, sequence=1)
    bench.provider.create_event(ANA.address, back)

    assert answers(bench).get(BEN.address, "needs_action") == "needs_action"
    assert answers(bench).get(ANA.address, stands) == stands
