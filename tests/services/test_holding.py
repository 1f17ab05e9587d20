# SPDX-License-Identifier: Apache-2.0
"""Times on offer that are kept free for their candidate, where the plan wants that."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.errors import Conflict
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.services import candidate_link, fresh_options, invitations, moving, replacing, rooms, runs
from scheduler.services.picks import TakenWithOthers
from tests.services.holds import (
    CANDY,
    DAY,
    DORA,
    LATER,
    MORNING,
    ONE_HOUR,
    again,
    book,
    end_by_cancelling,
    interval,
    live,
    options_of,
    starts,
    statuses,
    sweep,
)
from tests.services.town import RECRUITER


def test_what_is_offered_is_held_and_says_so(held):
    run = held.offer(held.holding, window=DAY, options=3)

    assert statuses(run) == ["held"] * 3
    assert live(held) == 3


def test_a_plan_without_holds_holds_nothing(held):
    run = held.offer(held.usual, window=DAY, options=3)

    assert (statuses(run), live(held)) == (["offered"] * 3, 0)


def test_others_are_offered_other_times(held):
    first = held.offer(held.holding, window=MORNING, options=1, candidates=CANDY)
    second = held.offer(held.holding, window=MORNING, options=9, candidates=DORA)

    [start] = map(parse_instant, starts(first))
    hour = timedelta(hours=1)
    assert starts(second)
    assert all(abs(parse_instant(other) - start) >= hour for other in starts(second))


def test_a_time_that_is_held_is_nobody_elses_to_book(held):
    usual = held.offer(held.usual, window=MORNING, options=9, candidates=DORA)
    held.offer(held.holding, window=MORNING, options=1, candidates=CANDY)
    with held.parts.database.transaction(held.organization_id) as session:
        start = session.scalar(sa.select(rows.Hold.during)).lower
    [wanted] = [option for option in options_of(usual) if parse_instant(option["start"]) == start]

    with pytest.raises(TakenWithOthers) as refusal:
        book(held, wanted)

    left = [parse_instant(option["start"]) for option in refusal.value.options]
    assert all(abs(other - start) >= timedelta(hours=1) for other in left)


def test_ones_own_holds_are_in_nobodys_way(held):
    run = held.offer(held.holding, window=MORNING, options=9)

    booking = held.book(run, option=4)

    assert len(options_of(run)) == 9
    assert booking["start"] == options_of(run)[4]["start"]


def test_choosing_one_time_lets_the_others_go(held):
    run = held.offer(held.holding, window=DAY, options=3)

    held.book(run)

    assert live(held) == 0
    assert statuses(again(held, run)) == ["accepted", "withdrawn", "withdrawn"]


def test_a_hold_ends_with_its_time_whether_anybody_clears_it_away_or_not(held):
    plan = held.plan(holds=True, notice_hours=1, offer_days=1)
    held.offer(plan, window=MORNING, options=9, candidates=CANDY)
    assert starts(held.offer(held.usual, window=MORNING, options=9, candidates=DORA)) == []

    held.clock.forward(hours=24)
    later = held.offer(held.usual, window=MORNING, options=9, candidates=DORA)

    assert len(starts(later)) == 9


def test_a_time_that_is_too_near_to_be_chosen_is_held_no_longer(held):
    held.offer(held.holding, window=ONE_HOUR, candidates=CANDY)
    held.clock.forward(hours=47)

    assert live(held) == 1
    held.clock.forward(hours=1)
    assert live(held) == 0


def test_the_sweep_takes_away_what_is_left_of_holds_whose_time_has_passed(held):
    run = held.offer(held.holding, window=ONE_HOUR)
    held.clock.forward(hours=48)

    sweep(held)

    with held.parts.database.transaction(held.organization_id) as session:
        assert session.scalars(sa.select(rows.Hold)).all() == []
    assert statuses(again(held, run)) == ["offered"]


def test_those_of_one_run_are_kept_out_of_each_others_way(held):
    run = held.offer(held.holding, window=MORNING, options=1, candidates=CANDY + DORA)

    first, second = (parse_instant(starts(run, candidate)[0]) for candidate in (0, 1))
    assert abs(first - second) >= timedelta(hours=1)
    assert live(held) == 2


def end_by_taking_the_link_back(town, run):
    id_ = run["candidates"][0]["invitation"]["id"]
    invitations.revoke(town.parts, town.organization_id, id_, actor=RECRUITER)


def end_by_time(town, run):
    town.clock.instant = parse_instant(run["candidates"][0]["invitation"]["expires_at"])
    sweep(town)


@pytest.mark.parametrize(
    ("end", "left"),
    [
        (end_by_cancelling, ["withdrawn"] * 3),
        (end_by_taking_the_link_back, ["offered"] * 3),
        (end_by_time, ["expired"] * 3),
    ],
)
def test_when_the_offer_ends_everybody_is_free(held, end, left):
    plan = held.plan(holds=True, offer_days=1, horizon_days=14)
    run = held.offer(plan, window=LATER, options=3)
    assert live(held) == 3

    end(held, run)

    assert live(held) == 0
    assert statuses(again(held, run)) == left


def test_a_link_that_is_sent_again_holds_what_is_still_free(held):
    run = held.offer(held.holding, window=MORNING, options=9, candidates=CANDY)
    end_by_taking_the_link_back(held, run)
    taken = held.book(held.offer(held.usual, window=MORNING, options=9, candidates=DORA), option=0)

    id_ = run["candidates"][0]["invitation"]["id"]
    invitations.resend(held.parts, held.organization_id, id_, actor=RECRUITER)

    after = again(held, run)
    hour, start = timedelta(hours=1), parse_instant(taken["start"])
    assert {option["status"] for option in options_of(after)} == {"held", "offered"}
    for option in options_of(after):
        apart = abs(parse_instant(option["start"]) - start) >= hour
        assert option["status"] == ("held" if apart else "offered")


def test_what_waits_for_approval_is_held_and_what_is_dropped_is_let_go(held):
    plan = held.plan(holds=True, notice_hours=1, approval="before_offer")
    run = held.offer(plan, window=DAY, options=3)
    assert (run["status"], statuses(run), live(held)) == ("awaiting_approval", ["held"] * 3, 3)
    dropped = options_of(run)[0]["id"]

    runs.approve(held.parts, held.organization_id, run["id"], drop=[dropped], actor=RECRUITER)

    after = again(held, run)
    assert (after["status"], statuses(after), live(held)) == ("finished", ["withdrawn", "held", "held"], 2)


def test_times_that_nobody_approved_of_in_time_are_held_from_then_on_as_far_as_they_are_free(held):
    plan = held.plan(holds=True, notice_hours=1, approval="before_offer", offer_days=1)
    run = held.offer(plan, window=MORNING, options=9, candidates=CANDY)
    held.clock.forward(hours=25)
    held.book(held.offer(held.usual, window=MORNING, options=1, candidates=DORA))

    runs.approve(held.parts, held.organization_id, run["id"], actor=RECRUITER)

    assert set(statuses(again(held, run))) == {"held", "offered"}


def test_other_times_are_held_instead_of_those_before(held):
    run = held.offer(held.holding, window=DAY, options=3)
    noon = Interval(parse_instant("2026-12-02T13:00:00Z"), parse_instant("2026-12-02T15:00:00Z"))

    link = candidate_link.find_options(held.parts, held.token(run), [noon])

    assert {option["status"] for option in link.option_views} == {"held"}
    assert live(held) == len(link.options)
    assert all(noon.contains(Interval(option.start, option.end)) for option in link.options)


def test_a_lost_time_is_let_go_and_the_others_stay_held(held):
    run = held.offer(held.holding, window=DAY, options=3)
    lost = options_of(run)[0]
    held.calendars.add_busy("ada@acme.example", parse_instant(lost["start"]), parse_instant(lost["end"]))

    with pytest.raises(TakenWithOthers):
        held.book(run)

    left = {option["id"]: option["status"] for option in options_of(again(held, run))}
    assert left.pop(lost["id"]) == "withdrawn"
    assert (set(left.values()), live(held)) == ({"held"}, len(left))


def test_fresh_times_after_all_were_lost_are_held(held):
    run = held.offer(held.holding, window=MORNING, options=1)
    lost = options_of(run)[0]
    held.calendars.add_busy("ada@acme.example", parse_instant(lost["start"]), parse_instant(lost["end"]))
    with pytest.raises(TakenWithOthers):
        held.book(run)

    held.run_jobs()

    assert statuses(again(held, run)) == ["withdrawn", "held"]
    assert live(held) == 1


def test_a_booking_is_moved_to_no_time_that_is_held_for_somebody_else(held):
    booking = held.book(held.offer(held.usual, window=MORNING, options=1, candidates=DORA))
    held.offer(held.holding, window=MORNING, options=1, candidates=CANDY)

    found = fresh_options.find(held.parts, held.organization_id, booking["id"], actor=RECRUITER)

    held_at = kept(held)
    assert found["data"]
    assert not [o for o in found["data"] if held_at.overlaps(interval(o))]
    assert {option["status"] for option in found["data"]} == {"offered"}


def kept(town):
    """The one time that is held."""
    with town.parts.database.transaction(town.organization_id) as session:
        during = session.scalars(sa.select(rows.Hold.during)).one()
    return Interval(during.lower, during.upper)


def test_a_move_to_a_time_that_came_to_be_held_is_refused(held):
    booking = held.book(held.offer(held.usual, window=MORNING, options=1, candidates=DORA))
    found = fresh_options.find(held.parts, held.organization_id, booking["id"], actor=RECRUITER, options=9)[
        "data"
    ]
    held.offer(held.holding, window=MORNING, options=1, candidates=CANDY)
    taken = next(option for option in found if interval(option).overlaps(kept(held)))

    with pytest.raises(TakenWithOthers):
        moving.reschedule(held.parts, held.organization_id, booking["id"], taken["id"], actor=RECRUITER)


def test_nobody_who_is_held_is_put_in_somebody_elses_place(held):
    booking = held.book(held.offer(held.usual, window=ONE_HOUR, candidates=DORA))
    ben = held.hire("Ben", skills=("python",))
    held.offer(held.holding, window=ONE_HOUR, candidates=CANDY)

    with pytest.raises(Conflict) as refusal:
        replacing.replace_interviewer(
            held.parts,
            held.organization_id,
            booking["id"],
            session_key="talk",
            interviewer_id=held.people["Ada"],
            replacement_id=ben,
            actor=RECRUITER,
        )

    assert refusal.value.reason == "nobody_can"


def test_what_is_held_uses_up_nobodys_limit(town):
    town.hire("Ada", skills=("python",), limits={"per_day": 1})
    plan = town.plan(holds=True)
    run = town.offer(plan, window=DAY, options=3)

    assert statuses(run) == ["held"] * 3
    assert town.book(run)["status"] == "confirmed"


def test_buffers_and_rooms_are_held_too(town):
    town.hire("Ada", skills=("python",), buffer={"before": 15, "after": 30})
    town.calendars.add_calendar("blue@acme.example")
    rooms_of(town)
    plan = town.plan(
        holds=True,
        notice_hours=1,
        sessions=[
            {"key": "talk", "title": "A talk", "minutes": 60, "seats": [{"skill": "python"}],
             "room": {"capacity": 2}}
        ],
    )  # fmt: skip
    run = town.offer(plan, window=DAY, options=1)

    [option] = options_of(run)
    with town.parts.database.transaction(town.organization_id) as session:
        found = sorted((h.during.lower, h.during.upper) for h in session.scalars(sa.select(rows.Hold)))
    start, end = parse_instant(option["start"]), parse_instant(option["end"])
    assert found == [(start - timedelta(minutes=15), end + timedelta(minutes=30)), (start, end)]


def rooms_of(town):
    rooms.create(
        town.parts,
        town.organization_id,
        {
            "name": "Blue",
            "capacity": 6,
            "time_zone": "Europe/London",
            "calendar": {"provider": "ics", "address": "blue@acme.example"},
        },
    )


def test_nothing_is_held_that_is_booked_at_once(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(town.plan(holds=True), window=DAY, mode="assign", confirm=True)

    assert statuses(run) == ["accepted"]
    assert live(town) == 0


def test_what_a_worker_books_after_approval_was_held_until_then(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan(holds=True, approval="before_offer")
    run = town.offer(plan, window=DAY, mode="assign", confirm=True)
    before = (statuses(run), live(town))

    runs.approve(town.parts, town.organization_id, run["id"], actor=RECRUITER)
    town.run_jobs()

    assert (before, statuses(again(town, run)), live(town)) == ((["held"], 1), ["accepted"], 0)
