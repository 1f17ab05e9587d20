# SPDX-License-Identifier: Apache-2.0
"""What somebody hears whose time has gone by what calendars say: what is left is left by them, too."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.domain.intervals import parse_instant
from scheduler.services import fresh_options, moving, picking, rooms, runs
from scheduler.services.picks import TakenWithOthers
from tests.services.town import RECRUITER

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-05T00:00:00Z"}
A_DAY = timedelta(days=1)
CANDIDATES = [
    {"name": name, "email": f"{name.lower()}@example.net", "time_zone": "Europe/London"}
    for name in ("Candy", "Dora")
]


def add_room(town, name: str, capacity: int) -> None:
    address = f"{name.lower()}@acme.example"
    town.calendars.add_calendar(address)
    rooms.create(
        town.parts,
        town.organization_id,
        {
            "name": name,
            "capacity": capacity,
            "time_zone": "Europe/London",
            "calendar": {"provider": "ics", "address": address},
        },
    )


def day_of(option: dict) -> str:
    return option["start"][:10]


def take_the_day(town, option: dict) -> None:
    """Ada is away, all of the day of this option."""
    midnight = parse_instant(option["start"]).replace(hour=0, minute=0)
    town.calendars.add_busy("ada@acme.example", midnight, midnight + A_DAY)


def statuses(town, run: dict) -> dict[str, set[str]]:
    """By day, what has become of its options."""
    found: dict[str, set[str]] = {}
    for option in runs.get(town.parts, town.organization_id, run["id"])["candidates"][0]["options"]:
        found.setdefault(day_of(option), set()).add(option["status"])
    return found


@pytest.mark.parametrize("holds", [False, True])
def test_whatever_else_calendars_have_taken_goes_with_it(town, holds):
    town.hire("Ada", skills=("python",))
    run = town.offer(town.plan(holds=holds), window=WINDOW, options=20)
    options = run["candidates"][0]["options"]
    assert len({day_of(option) for option in options}) == 3
    take_the_day(town, options[0])

    with pytest.raises(TakenWithOthers) as refusal:
        town.book(run)

    gone, expected = day_of(options[0]), [o["id"] for o in options if day_of(o) != day_of(options[0])]
    assert sorted(option["id"] for option in refusal.value.options) == sorted(expected)
    after = statuses(town, run)
    assert after.pop(gone) == {"withdrawn"}
    assert set().union(*after.values()) == {"held" if holds else "offered"}


def test_when_they_have_taken_everything_nobody_is_sent_from_one_lost_time_to_the_next(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW, options=20)
    for option in {day_of(o): o for o in run["candidates"][0]["options"]}.values():
        take_the_day(town, option)

    with pytest.raises(TakenWithOthers) as refusal:
        town.book(run)

    assert refusal.value.options == []
    assert set().union(*statuses(town, run).values()) == {"withdrawn"}


def test_a_calendar_that_cannot_be_read_just_now_takes_nothing_off_the_table(town):
    town.hire("Ada", skills=("python",))
    ben = town.hire("Ben", skills=("java",))
    seats = [{"skill": "python"}, {"skill": "java"}]
    session = {"key": "talk", "title": "A talk", "minutes": 60, "seats": seats}
    run = town.offer(town.plan(sessions=[session]), window=WINDOW, options=20)
    options = run["candidates"][0]["options"]
    start, end = parse_instant(options[0]["start"]), parse_instant(options[0]["end"])
    town.calendars.add_busy("ada@acme.example", start, end)
    town.calendars.make_unreadable("ben@acme.example", "The server is down.")

    with pytest.raises(TakenWithOthers) as refusal:
        town.book(run)

    clear = [o for o in options if parse_instant(o["end"]) <= start or parse_instant(o["start"]) >= end]
    assert {option["id"] for option in refusal.value.options} == {option["id"] for option in clear}
    assert all(ben in str(option["sessions"]) for option in refusal.value.options)


def test_a_room_that_cannot_be_read_and_is_too_small_is_no_reason_to_ask_for_patience(town):
    town.hire("Ada", skills=("python",))
    town.hire("Ben", skills=("python",))
    for name, capacity in (("Big", 8), ("Tall", 8), ("Tiny", 1)):
        add_room(town, name, capacity)
    start = parse_instant("2026-12-02T10:00:00Z")
    town.calendars.add_busy("tall@acme.example", start - A_DAY, start + A_DAY)
    town.calendars.make_unreadable("tiny@acme.example", "There is no such calendar.")
    seats = [{"skill": "python"}]
    session = {"key": "talk", "title": "A talk", "minutes": 60, "seats": seats, "room": {"capacity": 8}}
    window = {"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T11:00:00Z"}
    run = town.offer(town.plan(sessions=[session]), window=window, candidates=CANDIDATES)
    one, other = (candidate["options"][0]["id"] for candidate in run["candidates"])
    town.calendars.add_busy("big@acme.example", start, start + timedelta(hours=1))

    for option_id in (one, other):
        with pytest.raises(TakenWithOthers):
            picking.book(town.parts, town.organization_id, option_id, actor=RECRUITER)


def test_a_move_says_what_calendars_leave_of_its_times(town):
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    ours = town.parts, town.organization_id, booking["id"]
    fresh = fresh_options.find(*ours, actor=RECRUITER, options=90)["data"]
    other_days = [option for option in fresh if day_of(option) != booking["start"][:10]]
    take_the_day(town, other_days[0])

    with pytest.raises(TakenWithOthers) as refusal:
        moving.reschedule(*ours, other_days[0]["id"], actor=RECRUITER)

    expected = {option["id"] for option in fresh if day_of(option) != day_of(other_days[0])}
    assert {option["id"] for option in refusal.value.options} == expected
