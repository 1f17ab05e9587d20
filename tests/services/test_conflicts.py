# SPDX-License-Identifier: Apache-2.0
"""What lands on a booked interview in somebody's calendar, and interviewers who are active no more."""

from __future__ import annotations

import pytest

from scheduler.domain.intervals import parse_instant
from scheduler.services import interviewers, moving, organizations, syncing
from tests.services.interviews import (
    HOUR,
    add_room,
    answer,
    booked,
    during,
    events,
    fresh,
    hire,
    keep_diaries,
    looked_at,
    losses_of,
    now,
    panel,
    talk,
    told,
)
from tests.services.networks import ADA, BOB, HOUSES, talk_of_two
from tests.services.town import RECRUITER


def refreshed(networks):
    """Ten minutes later everybody's calendars are read again."""
    networks.town.clock.forward(minutes=11)
    syncing.refresh(networks.town.parts, networks.town.organization_id)
    networks.town.run_jobs()


# Calendars that are files, and the like


def in_files(town, **how):
    """Ada's talk, written into her calendar and seen there; Ben could hold it as well."""
    hire(town, "Ada")
    booking = booked(town, **how)
    looked_at(town)
    hire(town, "Ben")
    return booking


def add(town, name, start, end, kind="busy"):
    town.calendars.add_busy(f"{name.lower()}@acme.example", start, end, kind)
    looked_at(town)


def test_a_meeting_that_lands_on_an_interview_is_noticed_and_somebody_else_comes(town):
    booking = in_files(town)
    start, end = during(booking)

    add(town, "Ada", start + HOUR / 2, end + HOUR)

    assert panel(now(town, booking)) == ["Ben"]
    assert losses_of(town) == [("conflict", "over")]


def test_a_meeting_of_a_contact_who_interviews_is_noticed_at_the_very_time_of_the_interview(town):
    """Their mails as contact bring nothing into their calendar that it could be."""
    hire(town, "Rosa")
    booking = booked(town)
    looked_at(town)
    hire(town, "Ben")

    add(town, "Rosa", *during(booking))

    assert panel(now(town, booking)) == ["Ben"]


MEETING = """BEGIN:VEVENT
UID:meeting@acme.example
DTSTAMP:20261130T090000Z
DTSTART:20261202T083000Z
DTEND:20261202T093000Z
SUMMARY:Budget
END:VEVENT
END:VCALENDAR
"""


def test_a_meeting_that_is_written_into_somebodys_file_is_noticed(town, tmp_path):
    keep_diaries(town, tmp_path, "ada", "ben")
    booking = in_files(town)
    diary = tmp_path / "ada@acme.example.ics"
    text = diary.read_text()
    assert f"{booking['id']}.talk@convene" in text

    meeting = MEETING.replace("\n", "\r\n")
    diary.write_text(text.replace("\n", "\r\n").replace("END:VCALENDAR\r\n", meeting), newline="")
    looked_at(town)

    assert panel(now(town, booking)) == ["Ben"]
    assert f"{booking['id']}.talk@convene" not in diary.read_text()
    assert "Budget" in diary.read_text()


def test_who_declines_in_their_file_is_replaced(town, tmp_path):
    keep_diaries(town, tmp_path, "ada", "ben")
    booking = in_files(town)

    answer(tmp_path / "ada@acme.example.ics", "ACCEPTED", "DECLINED")
    looked_at(town)

    assert panel(now(town, booking)) == ["Ben"]
    assert losses_of(town) == [("declined", "over")]


def test_who_declines_in_their_file_and_accepts_after_all_has_lost_nothing(town, tmp_path):
    keep_diaries(town, tmp_path, "ada", "ben")
    booking = in_files(town, on_decline="suggest")
    diary = tmp_path / "ada@acme.example.ics"

    answer(diary, "ACCEPTED", "DECLINED")
    looked_at(town)
    assert now(town, booking)["attention"] == "Ada has declined A talk."
    answer(diary, "DECLINED", "ACCEPTED")
    looked_at(town)

    assert now(town, booking)["status"] == "confirmed"
    assert losses_of(town) == [("declined", "gone")]


def test_a_conflict_is_told_once_and_taken_back_when_it_is_gone(town):
    booking = in_files(town, on_decline="suggest")
    start, end = during(booking)
    add(town, "Ada", start, end)
    add(town, "Ada", end + HOUR, end + 2 * HOUR)
    shown = now(town, booking)
    town.calendars._calendar("ada@acme.example").blocks.clear()
    add(town, "Ada", end + HOUR, end + 2 * HOUR)

    after = now(town, booking)
    assert shown["attention"] == "Ada has something else in the calendar during A talk."
    assert len(told(shown)) == 1
    assert (after["status"], after["attention"], events(after)[-1]) == ("confirmed", None, "booking.settled")


@pytest.mark.parametrize(
    ("from_", "until", "kind"),
    [(1, 2, "busy"), (-1, 0, "out_of_office"), (0, 1, "tentative")],
    ids=["touches its end", "touches its start", "an invitation that nobody has answered"],
)
def test_what_takes_nobody_away_is_no_conflict(town, from_, until, kind):
    booking = in_files(town)
    start, _ = during(booking)

    add(town, "Ada", start + from_ * HOUR, start + until * HOUR, kind)

    assert now(town, booking) == booking


def test_time_that_may_be_overbooked_is_no_conflict(town):
    organizations.update(town.parts, town.organization_id, {"calendars": {"overbook": ["focus"]}})
    booking = in_files(town)
    add(town, "Ada", *during(booking), "focus")
    organizations.update(town.parts, town.organization_id, {"calendars": None})
    add(town, "Ada", parse_instant(booking["end"]), parse_instant(booking["end"]) + HOUR)

    assert now(town, booking) == booking


def test_a_calendar_that_is_kept_in_step_with_the_main_one_is_no_conflict(town):
    town.calendars.add_calendar("ada@home.example")
    home = {"provider": "ics", "address": "ada@home.example"}
    hire(town, "Ada", busy_calendars=[home])
    booking = booked(town)
    hire(town, "Ben")
    start, end = during(booking)

    town.calendars.add_busy("ada@home.example", start, end)
    add(town, "Ada", end + HOUR, end + 2 * HOUR)
    same = now(town, booking)
    town.calendars.add_busy("ada@home.example", start, end + HOUR)
    add(town, "Ada", end + 2 * HOUR, end + 3 * HOUR)

    assert same == booking
    assert panel(now(town, booking)) == ["Ben"]


def test_a_room_that_something_else_has_taken_is_exchanged(town):
    hire(town, "Ada")
    add_room(town, "Blue")
    booking = booked(town, sessions=[talk(room={"capacity": 2})])
    looked_at(town)
    add_room(town, "Green")

    town.calendars.add_busy("blue@rooms.example", *during(booking))
    looked_at(town)

    assert now(town, booking)["sessions"][0]["room"]["name"] == "Green"


def test_who_is_out_for_a_week_is_replaced_in_every_interview_of_it(town):
    hire(town, "Ada")
    days = [{"start": f"2026-12-0{day}T10:00:00Z", "end": f"2026-12-0{day}T11:00:00Z"} for day in (2, 3, 4)]
    made = [booked(town, f"C{n} Ray", window=day) for n, day in enumerate(days)]
    looked_at(town)
    hire(town, "Ben", "Cleo")

    town.calendars.add_busy(
        "ada@acme.example",
        parse_instant("2026-12-02T00:00:00Z"),
        parse_instant("2026-12-07T00:00:00Z"),
        "out_of_office",
    )
    looked_at(town)

    after = [now(town, booking) for booking in made]
    assert sorted(len(told(booking, "interviewer.replaced")) for booking in after) == [1, 1, 1]
    assert {name for booking in after for name in panel(booking)} == {"Ben", "Cleo"}


def test_a_time_that_was_moved_is_out_of_the_way(town):
    booking = in_files(town, on_decline="suggest")
    option = fresh(town, booking)[-1]
    add(town, "Ada", *during(booking))

    moved = moving.reschedule(town.parts, town.organization_id, booking["id"], option["id"], actor=RECRUITER)
    looked_at(town)

    after = now(town, booking)
    assert (after["status"], after["attention"], after["version"]) == ("confirmed", None, moved["version"])
    assert losses_of(town) == [("conflict", "over")]


def test_who_is_active_no_more_is_replaced_in_what_lies_ahead(town):
    booking = in_files(town)

    interviewers.update(town.parts, town.organization_id, town.people["Ada"], {"active": False})
    town.run_jobs()

    assert panel(now(town, booking)) == ["Ben"]
    assert losses_of(town) == [("inactive", "over")]


def test_who_is_active_again_has_lost_nothing(town):
    booking = in_files(town, on_decline="suggest")
    interviewers.update(town.parts, town.organization_id, town.people["Ada"], {"active": False})
    town.run_jobs()
    shown = now(town, booking)

    interviewers.update(town.parts, town.organization_id, town.people["Ada"], {"active": True})
    town.run_jobs()

    assert shown["attention"] == "Ada holds no interviews any more, and was to hold A talk."
    assert now(town, booking)["attention"] is None


# The two vendors


@HOUSES
@pytest.mark.parametrize("whose", ["the organiser", "a guest"])
def test_a_meeting_over_an_interview_is_told_from_the_interview_itself(networks, house, whose):
    booking = talk_of_two(networks, house, on_decline="suggest")
    address, name = (ADA, "Ada") if whose == "the organiser" else (BOB, "Bob")
    refreshed(networks)
    alone = networks.booking(booking)

    getattr(networks, house).add_event(address, *during(booking))
    refreshed(networks)

    after = networks.booking(booking)
    assert alone == booking
    assert after["attention"] == f"{name} has something else in the calendar during A talk."
    assert events(after) == ["booking.confirmed", "booking.needs_attention"]


@HOUSES
def test_a_meeting_right_beside_an_interview_is_no_conflict(networks, house):
    booking = talk_of_two(networks, house, on_decline="suggest")
    start, end = during(booking)
    for address in (ADA, BOB):
        getattr(networks, house).add_event(address, start - HOUR, start)
        getattr(networks, house).add_event(address, end, end + HOUR)

    refreshed(networks)

    assert networks.booking(booking) == booking


@HOUSES
def test_a_change_in_an_organisers_calendar_is_noticed_within_minutes(networks, house):
    booking = talk_of_two(networks, house, on_decline="suggest")
    getattr(networks, house).add_event(ADA, *during(booking))

    networks.later(minutes=2)

    assert networks.booking(booking)["attention"] == "Ada has something else in the calendar during A talk."


@HOUSES
def test_where_the_interviews_own_event_is_not_seen_nothing_is_said(networks, house):
    """Bob's copy is known by Ada's event; while that cannot be read, it looks like any meeting."""
    booking = talk_of_two(networks, house, on_decline="suggest")
    getattr(networks, house).no_access(ADA)

    refreshed(networks)

    assert networks.booking(booking)["attention"] is None
