# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from scheduler.db import rows
from scheduler.domain.errors import Conflict, NotFound
from scheduler.domain.intervals import parse_instant
from scheduler.services import interviewers, organizations, picking, runs
from scheduler.services.picks import TakenWithOthers
from tests.services.interviews import people_of
from tests.services.town import RECRUITER, candidates, one_hour

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-03T00:00:00Z"}
LOOP = [
    {"key": "a", "title": "Coding", "minutes": 60, "seats": [{"skill": "python"}]},
    {"key": "b", "title": "Design", "minutes": 60, "seats": [{"skill": "design"}]},
]


def test_a_pick_becomes_a_booking_and_everything_it_owes(town):
    ada = town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    chosen = run["candidates"][0]["options"][0]

    booking = town.book(run)

    assert (booking["status"], booking["version"]) == ("confirmed", 1)
    assert (booking["start"], booking["end"]) == (chosen["start"], chosen["end"])
    assert people_of(booking) == [ada]
    run = runs.get(town.parts, town.organization_id, run["id"])
    assert run["candidates"][0]["status"] == "booked"
    assert run["candidates"][0]["booking_id"] == booking["id"]
    assert [o["status"] for o in run["candidates"][0]["options"]] == ["accepted", *["withdrawn"] * 4]


def test_the_same_choice_again_is_the_same_booking(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)

    assert town.book(run) == town.book(run)


def test_another_choice_after_the_first_is_refused(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    town.book(run)

    with pytest.raises(Conflict) as refusal:
        town.book(run, option=1)

    assert refusal.value.reason == "already_booked"


def test_calendars_are_read_again_before_anything_is_booked(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    chosen = run["candidates"][0]["options"][0]
    start = parse_instant(chosen["start"])
    town.calendars.add_busy("ada@acme.example", start, start + timedelta(minutes=15))

    with pytest.raises(TakenWithOthers) as refusal:
        town.book(run)

    left = [option["id"] for option in refusal.value.options]
    assert left == [
        o["id"]
        for o in sorted(run["candidates"][0]["options"], key=lambda o: o["start"])
        if o["id"] != chosen["id"]
    ]


def test_a_lost_interviewer_is_replaced_by_another_who_can(town):
    ada, ben = town.hire("Ada", skills=("python",)), town.hire("Ben", skills=("python",))
    run = town.offer(window=WINDOW)
    chosen = run["candidates"][0]["options"][0]
    first = chosen["sessions"][0]["interviewers"][0]
    town.calendars.add_busy(
        f"{first['name'].lower()}@acme.example", parse_instant(chosen["start"]), parse_instant(chosen["end"])
    )

    booking = town.book(run)

    assert people_of(booking) == [({ada, ben} - {first["id"]}).pop()]
    assert booking["history"][0]["replaced"] == [first["id"]]


def test_two_candidates_and_one_time_make_one_booking(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(candidates=candidates("Candy", "Dora"), options=1, window=one_hour())
    first, second = (item["options"][0]["id"] for item in run["candidates"])

    picking.book(town.parts, town.organization_id, first, actor=RECRUITER)
    with pytest.raises(TakenWithOthers) as refusal:
        picking.book(town.parts, town.organization_id, second, actor=RECRUITER)

    assert refusal.value.options == []


def test_the_database_refuses_an_overlap_by_itself(town):
    town.hire("Ada", skills=("python",))
    town.book(town.offer(window=WINDOW))

    def book_it_again() -> None:
        with town.parts.database.transaction(town.organization_id) as session:
            taken = session.scalars(sa.select(rows.Reservation)).one()
            session.add(
                rows.Reservation(
                    organization_id=taken.organization_id,
                    resource_id=taken.resource_id,
                    booking_id=taken.booking_id,
                    during=taken.during,
                    cores=taken.cores,
                    state="booked",
                )
            )

    with pytest.raises(IntegrityError, match="no_overlap"):
        book_it_again()


def test_buffers_of_two_interviews_add_up(town):
    town.hire("Ada", skills=("python",), buffer={"before": 15, "after": 15})
    window = {"start": "2026-12-02T09:00:00Z", "end": "2026-12-02T13:00:00Z"}
    run = town.offer(candidates=candidates("Candy", "Dora"), options=20, window=window)
    by_start = [{o["start"]: o["id"] for o in item["options"]} for item in run["candidates"]]
    book = lambda option_id: picking.book(  # noqa: E731  # short, and used at once
        town.parts, town.organization_id, option_id, actor=RECRUITER
    )
    book(by_start[0]["2026-12-02T10:00:00Z"])

    with pytest.raises(TakenWithOthers):
        book(by_start[1]["2026-12-02T11:15:00Z"])

    assert book(by_start[1]["2026-12-02T11:30:00Z"])["status"] == "confirmed"


def test_a_limit_per_day_is_counted_again_when_somebody_picks(town):
    town.hire("Ada", skills=("python",), limits={"per_day": 1})
    run = town.offer(candidates=candidates("Candy", "Dora"), options=20, window=WINDOW)
    town.book(run)

    last = run["candidates"][1]["options"][-1]["id"]
    with pytest.raises(TakenWithOthers) as refusal:
        picking.book(town.parts, town.organization_id, last, actor=RECRUITER)

    assert refusal.value.options == []


def test_touching_sessions_of_one_person_share_a_reservation(town):
    town.hire("Ada", skills=("python", "design"), buffer={"before": 10, "after": 5})
    run = town.offer(town.plan(sessions=LOOP, distinct_interviewers=False), window=WINDOW)
    town.book(run)

    with town.parts.database.transaction(town.organization_id) as session:
        reservation = session.scalars(sa.select(rows.Reservation)).one()
        booking = session.scalars(sa.select(rows.Booking)).one()
    assert reservation.during.lower == booking.start - timedelta(minutes=10)
    assert reservation.during.upper == booking.end + timedelta(minutes=5)
    assert [core["before"] for core in reservation.cores] == [10, 10]


def test_a_time_closer_than_the_notice_can_no_longer_be_picked(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    town.clock.instant = parse_instant(run["candidates"][0]["options"][0]["start"]) - timedelta(hours=23)

    with pytest.raises(TakenWithOthers):
        town.book(run)


def test_an_interviewer_who_left_is_not_booked(town):
    ada, ben = town.hire("Ada", skills=("python",)), town.hire("Ben", skills=("python",))
    run = town.offer(window=WINDOW)
    first = run["candidates"][0]["options"][0]["sessions"][0]["interviewers"][0]["id"]
    interviewers.update(town.parts, town.organization_id, first, {"active": False})

    assert people_of(town.book(run)) == [({ada, ben} - {first}).pop()]


def test_an_interviewer_who_is_deleted_while_somebody_picks_is_not_booked(town):
    """The calendars are read without a lock; who left meanwhile is noticed under it."""
    ada, ben = town.hire("Ada", skills=("python",)), town.hire("Ben", skills=("python",))
    run = town.offer(window=WINDOW)
    first = run["candidates"][0]["options"][0]["sessions"][0]["interviewers"][0]["id"]
    reading = town.calendars.read_busy

    def delete_meanwhile(*arguments, **named):
        interviewers.delete(town.parts, town.organization_id, first)
        town.calendars.read_busy = reading
        return reading(*arguments, **named)

    town.calendars.read_busy = delete_meanwhile
    with pytest.raises(TakenWithOthers):
        town.book(run)

    again = runs.get(town.parts, town.organization_id, run["id"])
    booking = town.book(again, option=1)
    assert people_of(booking) == [({ada, ben} - {first}).pop()]


def test_an_option_of_another_organisation_does_not_exist(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    other = organizations.create(town.parts, name="Other")

    with pytest.raises(NotFound):
        picking.book(town.parts, other, run["candidates"][0]["options"][0]["id"], actor=RECRUITER)


@pytest.mark.parametrize(
    "changes",
    [
        {"working_hours": [{"days": ["wed"], "start": "15:00", "end": "16:00"}]},
        {"limits": {"per_day": 0}},
        {"qualifications": []},
    ],
)
def test_who_changed_takes_everything_off_the_table_that_they_can_hold_no_more(town, changes):
    """Nobody is sent from one lost time to the next."""
    ada = town.hire("Ada", skills=("python",))
    morning = {"start": "2026-12-02T09:00:00Z", "end": "2026-12-02T12:00:00Z"}
    run = town.offer(window=morning)
    assert len(run["candidates"][0]["options"]) == 5
    interviewers.update(town.parts, town.organization_id, ada, changes)

    with pytest.raises(TakenWithOthers) as refusal:
        town.book(run)

    assert refusal.value.options == []
    town.run_jobs()
    after = runs.get(town.parts, town.organization_id, run["id"])["candidates"][0]
    assert after["status"] == "infeasible"
