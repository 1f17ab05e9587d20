# SPDX-License-Identifier: Apache-2.0
"""The demo organisation: made once, kept, and still making sense weeks later."""

from __future__ import annotations

import itertools
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events

from calendars import Blocks, CalendarKey, IcsFolder
from scheduler import demo, settings, wiring
from scheduler.demo import calendars, cast, keeping
from scheduler.jobs import worker
from scheduler.services import candidate_link, interviewers, keys, plans, rooms
from scheduler.services.parts import Parts
from scheduler.settings import Settings

MONDAY = date(2026, 11, 23)
OWNERS = {owner.name: owner for owner in demo.owners()}
SECRET = "a2V5LWtleS1rZXkta2V5LWtleS1rZXkta2V5LWtleTE="


@pytest.fixture
def chosen(database_url: str, tmp_path: Path) -> Settings:
    environment = {"DATABASE_URL": database_url, "SECRET_KEYS": SECRET, "DATA_DIR": str(tmp_path)}
    return settings.load(environment, env_file=tmp_path / "none")


@pytest.fixture
def parts(chosen: Settings) -> Iterator[Parts]:
    """Real parts, with a worker that solves what is asked."""
    built = wiring.build(chosen)
    stop = threading.Event()
    working = threading.Thread(target=worker.run, args=(built, stop))
    working.start()
    yield built
    stop.set()
    working.join()
    built.database.close()


def printed(lines: list[str], name: str) -> str:
    return next(line.split(name, 1)[1].strip() for line in lines if line.strip().startswith(name))


def token_in(lines: list[str]) -> str:
    return printed(lines, "candidate link").rpartition("/c/")[2]


def test_the_second_start_finds_everything_as_the_first_left_it(parts, chosen):
    first = demo.ensure(parts, chosen)
    written = {path.name: path.read_bytes() for path in chosen.ics_dir.glob("*.ics")}
    assert len(written) == 15
    assert demo.ensure(parts, chosen) == first
    assert {path.name: path.read_bytes() for path in chosen.ics_dir.glob("*.ics")} == written
    assert keys.authenticate(parts, printed(first, "API key")).scopes == set(keys.SCOPES)
    assert candidate_link.open(parts, token_in(first)).status == "offered"
    assert stat.S_IMODE((chosen.data_dir / "demo.json").stat().st_mode) == 0o600


def test_a_link_that_was_used_is_followed_by_one_for_somebody_new(parts, chosen):
    first = demo.ensure(parts, chosen)
    opened = candidate_link.open(parts, token_in(first))
    assert opened.candidate.name == cast.CANDIDATES[0]
    candidate_link.book(parts, token_in(first), opened.option_views[0]["id"])
    second = demo.ensure(parts, chosen)
    assert candidate_link.open(parts, token_in(second)).candidate.name == cast.CANDIDATES[1]


def test_what_somebody_removed_stays_removed(parts, chosen):
    organization_id = organization_of(parts, demo.ensure(parts, chosen))
    for plan in plans.find(parts, organization_id, limit=200).data:
        plans.delete(parts, organization_id, plan["id"])
    (chosen.ics_dir / "tom.okafor@northwind.example.ics").unlink()
    demo.ensure(parts, chosen)
    assert plans.find(parts, organization_id).data == []
    assert not (chosen.ics_dir / "tom.okafor@northwind.example.ics").exists()


def test_a_start_that_was_cut_short_is_taken_up(parts, chosen):
    organization_id = organization_of(parts, demo.ensure(parts, chosen))
    kept = keeping.load(chosen.data_dir / "demo.json")
    one = interviewers.find(parts, organization_id, limit=1).data[0]
    interviewers.delete(parts, organization_id, one["id"])
    keeping.save(chosen.data_dir / "demo.json", replace(kept, complete=False))
    demo.ensure(parts, chosen)
    made = interviewers.find(parts, organization_id, limit=200).data
    assert {person["name"] for person in made} == {person["name"] for person in cast.INTERVIEWERS}
    assert len(rooms.find(parts, organization_id).data) == 3


def test_another_database_gets_an_organisation_of_its_own(parts, chosen):
    demo.ensure(parts, chosen)
    path = chosen.data_dir / "demo.json"
    stranger = "cvn_" + "x" * 38
    keeping.save(path, replace(keeping.load(path), organization_id="org_gone", key=stranger))
    lines = demo.ensure(parts, chosen)
    assert organization_of(parts, lines) != "org_gone"


def test_without_its_plan_the_demo_says_that_there_is_no_link(parts, chosen):
    organization_id = organization_of(parts, demo.ensure(parts, chosen))
    for plan in plans.find(parts, organization_id, limit=200).data:
        plans.delete(parts, organization_id, plan["id"])
    path = chosen.data_dir / "demo.json"
    keeping.save(path, replace(keeping.load(path), run_id=None))
    lines = demo.ensure(parts, chosen)
    assert printed(lines, "candidate link") == "none: see the run that you ask for next"
    assert not any("curl" in line for line in lines)


def test_weeks_that_come_into_view_are_filled_and_nothing_else_is_touched(parts, chosen):
    demo.ensure(parts, chosen)
    before = {path: path.read_bytes() for path in chosen.ics_dir.glob("*.ics")}
    later = parts.evolve(now=lambda: datetime.now(UTC) + timedelta(weeks=4))
    demo.ensure(later, chosen)
    end = b"END:VCALENDAR\r\n"
    for path, data in before.items():
        assert path.read_bytes().startswith(data.removesuffix(end))
        assert len(path.read_bytes()) > len(data)


def organization_of(parts: Parts, lines: list[str]) -> str:
    return keys.authenticate(parts, printed(lines, "API key")).organization_id


def test_the_same_day_gives_the_same_calendars():
    owner = OWNERS["Lena Vogt"]
    assert calendars.export(owner, MONDAY, 7) == calendars.export(owner, MONDAY, 7)


@pytest.mark.parametrize("name", OWNERS)
def test_weeks_now_and_later_are_about_half_full(name, tmp_path):
    owner = OWNERS[name]
    data = calendars.extend(
        calendars.export(owner, MONDAY, 7), owner, [MONDAY + timedelta(weeks=n) for n in range(7, 12)]
    )
    assert all(0.4 <= share <= 0.6 for share in shares_busy(owner, data, tmp_path, weeks=12))


def shares_busy(owner: calendars.Owner, data: bytes, folder: Path, weeks: int) -> Iterator[float]:
    """How much of each week's working hours is busy; weeks with days off are left out."""
    (folder / f"{owner.address}.ics").write_bytes(data)
    zone = ZoneInfo(owner.time_zone)
    mondays = [datetime.combine(MONDAY + timedelta(weeks=week), time(), zone) for week in range(weeks + 1)]
    key = CalendarKey(owner.address, owner.time_zone)
    reading = IcsFolder(folder).read_busy([key], mondays[0], mondays[-1])[owner.address]
    assert isinstance(reading, Blocks)
    for monday, next_monday in itertools.pairwise(mondays):
        spans = [(block.start, block.end) for block in reading.blocks if monday <= block.start < next_monday]
        if any(end - start >= timedelta(hours=23) for start, end in spans):
            continue
        worked = sum(length(start, end) for start, end in working_hours(owner, monday))
        taken = sum(
            length(max(start, begin), min(end, finish))
            for begin, finish in working_hours(owner, monday)
            for start, end in union(spans)
        )
        yield taken / worked


def working_hours(owner: calendars.Owner, monday: datetime) -> Iterator[tuple[datetime, datetime]]:
    for day, (start, end) in owner.hours.items():
        date_ = (monday + timedelta(days=day)).date()
        yield datetime.combine(date_, start, monday.tzinfo), datetime.combine(date_, end, monday.tzinfo)


def length(start: datetime, end: datetime) -> float:
    return max(0.0, (end.astimezone(UTC) - start.astimezone(UTC)).total_seconds())


def union(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def test_another_parser_reads_the_same_busy_time(tmp_path):
    owner = OWNERS["Grace Whitfield"]
    data = calendars.export(owner, MONDAY, 7)
    (tmp_path / f"{owner.address}.ics").write_bytes(data)
    start = datetime.combine(MONDAY, time(), UTC)
    end = start + timedelta(weeks=7)
    reading = IcsFolder(tmp_path).read_busy([CalendarKey(owner.address, owner.time_zone)], start, end)
    ours = union([(block.start, block.end) for block in reading[owner.address].blocks])
    assert ours == union(
        [
            (event.start.astimezone(UTC), event.end.astimezone(UTC))
            for event in recurring_ical_events.of(icalendar.Calendar.from_ical(data)).between(start, end)
            if takes_time(event) and isinstance(event.start, datetime)
        ]
        + [
            (whole_day(event.start, owner), whole_day(event.end, owner))
            for event in recurring_ical_events.of(icalendar.Calendar.from_ical(data)).between(start, end)
            if takes_time(event) and not isinstance(event.start, datetime)
        ]
    )


def whole_day(day: date, owner: calendars.Owner) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(owner.time_zone)).astimezone(UTC)


def takes_time(event: icalendar.Event) -> bool:
    answers = [event["ATTENDEE"].params.get("PARTSTAT")] if "ATTENDEE" in event else []
    return (
        event.get("TRANSP") != "TRANSPARENT"
        and event.get("STATUS") != "CANCELLED"
        and "DECLINED" not in answers
    )


def test_filling_a_week_twice_is_once():
    owner = OWNERS["Tom Okafor"]
    week = [MONDAY + timedelta(weeks=7)]
    filled = calendars.extend(calendars.export(owner, MONDAY, 7), owner, week)
    assert calendars.extend(filled, owner, week) == filled


def test_somebody_is_away_and_everybody_has_a_day_off_within_twelve_weeks():
    exported = [calendars.export(owner, MONDAY, 12) for owner in OWNERS.values() if not owner.is_room]
    assert sum(b"SUMMARY:Out of office" in data for data in exported) in range(3, 7)
    assert all(b"SUMMARY:Company day off" in data for data in exported)


def test_four_zones_and_every_seat_of_every_plan_has_people():
    assert len({person["time_zone"] for person in cast.INTERVIEWERS}) == 4
    held = list(
        itertools.chain.from_iterable(
            [(item["skill"], item["level"]) for item in person["qualifications"]]
            for person in cast.INTERVIEWERS
        )
    )
    seats = [seat for plan in cast.PLANS for item in plan["sessions"] for seat in item["seats"]]
    assert all(
        held.count((seat["skill"], seat.get("level", "qualified"))) >= seat.get("count", 1) for seat in seats
    )
