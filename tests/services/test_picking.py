# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calendars.errors import Outage
from scheduler.db import rows
from scheduler.domain.errors import Conflict, NotFound, Unavailable
from scheduler.domain.intervals import parse_instant
from scheduler.services import bookings, interviewers, organizations, picking, rooms, runs
from scheduler.services.picks import TakenWithOthers
from tests.services.interviews import people_of
from tests.services.town import CONTACT, RECRUITER, candidates, one_hour

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


def test_racing_for_one_time_gives_it_to_exactly_one(town):
    town.hire("Ada", skills=("python",))
    names = [f"C{number}" for number in range(8)]
    run = town.offer(candidates=candidates(*names), options=1, window=one_hour())
    results: list[str] = []
    together = threading.Barrier(len(names))

    def pick(option_id: str) -> None:
        together.wait()
        try:
            picking.book(town.parts, town.organization_id, option_id, actor=RECRUITER)
            results.append("booked")
        except TakenWithOthers:
            results.append("taken")

    threads = [threading.Thread(target=pick, args=(c["options"][0]["id"],)) for c in run["candidates"]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["booked", *["taken"] * 7]


def test_racing_panels_that_share_people_never_deadlock_and_never_overlap(town):
    for name in ("Ada", "Ben", "Cleo"):
        town.hire(name, skills=("python",))
    plan = town.plan(
        sessions=[{"key": "p", "title": "Panel", "minutes": 60, "seats": [{"skill": "python", "count": 2}]}]
    )
    names = [f"C{number}" for number in range(6)]
    run = town.offer(
        plan,
        candidates=candidates(*names),
        options=4,
        window={"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T12:00:00Z"},
    )
    refused: list[str] = []
    together = threading.Barrier(len(names))

    def pick(candidate: dict, option: int) -> None:
        together.wait()
        try:
            picking.book(
                town.parts, town.organization_id, candidate["options"][option]["id"], actor=RECRUITER
            )
        except TakenWithOthers:
            refused.append(candidate["candidate"]["id"])

    threads = [
        threading.Thread(target=pick, args=(item, number % len(item["options"])))
        for number, item in enumerate(run["candidates"])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    booked = bookings.find(town.parts, town.organization_id).data
    assert len(booked) + len(refused) == len(names)
    assert booked
    busy = sorted((p, b["start"], b["end"]) for b in booked for p in people_of(b))
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in itertools.pairwise(busy))


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


def test_a_calendar_that_cannot_be_checked_books_nothing_by_default(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    town.calendars.make_unreadable("ada@acme.example", "The server is down.")

    with pytest.raises(Unavailable) as refusal:
        town.book(run)
    town.calendars.make_readable("ada@acme.example")

    assert refusal.value.reason == "calendars_unreadable"
    assert town.book(run)["status"] == "confirmed"


def test_a_calendar_that_is_closed_for_good_is_told_to_those_who_can_mend_it(town):
    """Once, however often the candidate tries."""
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    town.calendars.make_unreadable("ada@acme.example", "Share it again.")

    for option in (0, 1, 0):
        with pytest.raises(Unavailable, match="choose another time"):
            town.book(run, option)
    town.run_jobs()

    told = "We cannot read the calendar of Ada"
    assert [told in subject for subject in town.post.subjects_to(CONTACT["email"])].count(True) == 1
    assert len(town.post.subjects_to("ada@acme.example")) == 1


def test_a_calendar_that_does_not_answer_just_now_is_nobodys_to_mend(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)

    def down(_: int) -> None:
        raise Outage

    town.calendars.meanwhile = down
    with pytest.raises(Unavailable, match="in a moment"):
        town.book(run)
    town.run_jobs()

    assert not [mail for mail in town.post.mails if "calendar" in str(mail["Subject"])]


def test_the_policy_may_be_to_book_from_what_is_known_and_let_a_person_check(town):
    town.hire("Ada", skills=("python",))
    organizations.update(town.parts, town.organization_id, {"policies": {"provider_down": "book_pending"}})
    run = town.offer(window=WINDOW)
    town.calendars.make_unreadable("ada@acme.example", "The server is down.")

    booking = town.book(run)

    assert booking["status"] == "needs_attention"
    assert "could not be read" in booking["attention"]


@pytest.fixture
def focused(town):
    """Ada, whose Wednesday is focus time but for an hour that is busy, and an organisation that allows
    interviews over focus time.
    """
    town.hire("Ada", skills=("python",))
    start = parse_instant(WINDOW["start"])
    town.calendars.add_busy("ada@acme.example", start, start + timedelta(hours=16), "focus")
    town.calendars.add_busy("ada@acme.example", start + timedelta(hours=16), start + timedelta(hours=24))
    organizations.update(town.parts, town.organization_id, {"calendars": {"overbook": ["focus"]}})
    return town


def test_nothing_is_put_over_focus_time_unless_the_organisation_says_so(focused):
    organizations.update(focused.parts, focused.organization_id, {"calendars": None})

    run = focused.offer(window=WINDOW)

    assert run["candidates"][0]["status"] == "infeasible"


def test_what_was_offered_over_focus_time_can_be_booked(focused):
    run = focused.offer(window=WINDOW)

    assert focused.book(run)["status"] == "confirmed"


def test_an_offer_over_focus_time_outlives_the_policy_it_was_made_under(focused):
    run = focused.offer(window=WINDOW)
    organizations.update(focused.parts, focused.organization_id, {"calendars": None})

    assert focused.book(run)["status"] == "confirmed"


def test_an_offer_over_focus_time_is_refused_for_what_came_into_the_calendar_since(focused):
    run = focused.offer(window=WINDOW)
    start = parse_instant(WINDOW["start"])
    focused.calendars.add_busy("ada@acme.example", start, start + timedelta(hours=24), "out_of_office")

    with pytest.raises(TakenWithOthers):
        focused.book(run)


def test_focus_time_is_still_known_as_such_while_calendars_cannot_be_checked(focused):
    organizations.update(
        focused.parts, focused.organization_id, {"policies": {"provider_down": "book_pending"}}
    )
    run = focused.offer(window=WINDOW)
    focused.calendars.make_unreadable("ada@acme.example", "The server is down.")

    assert focused.book(run)["status"] == "needs_attention"


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


def test_one_calendar_entered_twice_is_still_one_person(town):
    """Two records of the same calendar share what occupies them, before and after its entry is written."""
    town.hire("Ada", skills=("python",))
    town.hire("Again", skills=("cobol",), calendar={"provider": "ics", "address": "ada@acme.example"})
    plans = [
        town.plan(sessions=[{"key": "t", "title": "T", "minutes": 60, "seats": [{"skill": skill}]}])
        for skill in ("python", "cobol")
    ]
    first, second = (
        town.offer(plan, candidates=candidates(name), options=1, window=one_hour())
        for plan, name in zip(plans, ("Candy", "Dora"), strict=True)
    )
    town.book(first)

    with pytest.raises(TakenWithOthers):
        town.book(second)
    town.run_jobs()
    third = town.offer(plans[1], candidates=candidates("Eve"), options=1, window=one_hour())

    assert third["candidates"][0]["status"] == "infeasible"


def test_a_calendar_is_not_changed_under_bookings_ahead(town):
    ada = town.hire("Ada", skills=("python",))
    town.calendars.add_calendar("new@acme.example")
    new = {"calendar": {"provider": "ics", "address": "new@acme.example"}}
    booking = town.book(town.offer(window=WINDOW))

    with pytest.raises(Conflict) as refusal:
        interviewers.update(town.parts, town.organization_id, ada, new)
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)

    assert refusal.value.reason == "has_bookings"
    assert interviewers.update(town.parts, town.organization_id, ada, new)["calendar"] == new["calendar"]


def test_somebody_elses_interview_in_a_further_calendar_of_mine_is_busy_time(town):
    town.hire("Ada", skills=("python",))
    town.hire("Zoe", skills=("cobol",), busy_calendars=[{"provider": "ics", "address": "ada@acme.example"}])
    cobol = [{"key": "t", "title": "T", "minutes": 60, "seats": [{"skill": "cobol"}]}]
    town.book(town.offer(window=one_hour(), options=1))
    town.run_jobs()

    run = town.offer(town.plan(sessions=cobol), candidates=candidates("Dora"), options=1, window=one_hour())

    assert run["candidates"][0]["status"] == "infeasible"


def test_two_records_of_one_calendar_never_sit_on_one_panel(town):
    town.hire("Ada", skills=("python",))
    town.hire("Again", skills=("python",), calendar={"provider": "ics", "address": "ada@acme.example"})
    panel = [{"key": "p", "title": "P", "minutes": 60, "seats": [{"skill": "python", "count": 2}]}]

    run = town.offer(town.plan(sessions=panel), window=WINDOW)

    assert run["candidates"][0]["status"] == "infeasible"


def test_a_person_and_a_room_with_one_calendar_are_not_both_used(town):
    town.hire("Ada", skills=("python",))
    rooms.create(
        town.parts,
        town.organization_id,
        {
            "name": "Oak",
            "capacity": 4,
            "time_zone": "Europe/London",
            "calendar": {"provider": "ics", "address": "ada@acme.example"},
        },
    )
    talk = [
        {"key": "t", "title": "T", "minutes": 60, "seats": [{"skill": "python"}], "room": {"capacity": 2}}
    ]

    run = town.offer(town.plan(sessions=talk), window=WINDOW)

    assert run["candidates"][0]["status"] == "infeasible"


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
