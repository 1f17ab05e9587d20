# SPDX-License-Identifier: Apache-2.0
"""Moving a booking beside everything else that may happen to it at the same moment."""

from __future__ import annotations

from scheduler.services import bookings, picking
from scheduler.services.parts import CANDIDATE
from tests.races import at_once
from tests.services.interviews import booked_by, canceller, fresh, mover
from tests.services.town import RECRUITER

ROUNDS = 3
CANDY = {"name": "Candy", "email": "candy@example.net", "time_zone": "Europe/London"}
WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-05T00:00:00Z"}


def test_two_moves_of_one_booking_have_one_winner(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan()
    for number in range(ROUNDS):
        booking = booked_by(town, plan, f"C{number}")
        first, second = fresh(town, booking)[:2]

        answers = at_once(mover(town, booking, first), mover(town, booking, second))

        after = bookings.get(town.parts, town.organization_id, booking["id"])
        assert [a for a in answers if isinstance(a, dict)] == [after]
        assert [a for a in answers if not isinstance(a, dict)] == ["slot_taken"]
        assert after["version"] == 2


def test_one_choice_sent_many_times_at_once_is_one_move(town):
    town.hire("Ada", skills=("python",))
    booking = booked_by(town, town.plan())
    option = fresh(town, booking)[0]

    answers = at_once(*[mover(town, booking, option)] * 6)

    assert answers == [bookings.get(town.parts, town.organization_id, booking["id"])] * 6


def test_moving_beside_cancelling_ends_cancelled_and_tells_the_truth(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan()
    for number in range(ROUNDS):
        booking = booked_by(town, plan, f"C{number}")
        option = fresh(town, booking)[0]

        moved, cancelled = at_once(mover(town, booking, option), canceller(town, booking))

        after = bookings.get(town.parts, town.organization_id, booking["id"])
        assert after["status"] == cancelled["status"] == "cancelled"
        was_moved = [fact["event"] for fact in after["history"]].count("booking.rescheduled")
        assert moved == "not_booked" if not was_moved else moved["version"] == 2


def test_two_bookings_that_want_one_new_time_get_it_once(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan()
    for number in range(ROUNDS):
        one, other = (booked_by(town, plan, f"{name}{number}") for name in "AB")
        chosen = fresh(town, one)[0]
        same = next(o for o in fresh(town, other) if o["start"] == chosen["start"])

        answers = at_once(mover(town, one, chosen), mover(town, other, same))

        assert sorted(type(answer).__name__ for answer in answers) == ["dict", "str"]
        starts = [
            bookings.get(town.parts, town.organization_id, booking["id"])["start"] for booking in (one, other)
        ]
        assert starts.count(chosen["start"]) == 1
        for booking in (one, other):
            canceller(town, booking)()


def test_moves_of_panels_that_share_people_never_deadlock(town):
    town.hire("Ada", skills=("python",))
    town.hire("Ben", skills=("python",))
    plan = town.plan(
        sessions=[{"key": "p", "title": "Panel", "minutes": 60, "seats": [{"skill": "python", "count": 2}]}]
    )
    one, other = (booked_by(town, plan, name) for name in ("Aya", "Bo"))
    for _ in range(ROUNDS):
        answers = at_once(*(mover(town, booking, fresh(town, booking)[0]) for booking in (one, other)))
        assert [a for a in answers if isinstance(a, BaseException)] == []


def test_moving_beside_a_booking_of_that_time_gives_it_to_one(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan()
    for number in range(ROUNDS):
        booking = booked_by(town, plan, f"M{number}")
        option = fresh(town, booking)[0]
        hour = {"start": option["start"], "end": option["end"]}
        dora = [CANDY | {"name": "Dora", "email": f"dora{number}@example.net"}]
        run = town.offer(plan, window=hour, options=1, candidates=dora)
        pick = run["candidates"][0]["options"][0]["id"]

        answers = at_once(
            mover(town, booking, option),
            lambda id_=pick: picking.book(town.parts, town.organization_id, id_, actor=RECRUITER),
        )

        assert sorted(type(answer).__name__ for answer in answers) == ["dict", "str"]
        assert "slot_taken" in answers
        for found in bookings.find(town.parts, town.organization_id, status="confirmed").data:
            canceller(town, found)()


def test_a_candidate_who_sends_two_moves_at_once_does_not_exceed_the_limit(town):
    town.hire("Ada", skills=("python",))
    booking = booked_by(town, town.plan(reschedule={"limit": 1, "cutoff_hours": 0}))
    first, second = fresh(town, booking)[:2]

    answers = at_once(mover(town, booking, first, CANDIDATE), mover(town, booking, second, CANDIDATE))

    assert [a for a in answers if not isinstance(a, dict)] == ["reschedule_limit"]
