# SPDX-License-Identifier: Apache-2.0
"""Times on offer that are kept free for their candidate, where the plan wants that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from calendars.errors import NotAllowed
from scheduler.db import rows
from scheduler.domain.errors import Conflict
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.services import (
    candidate_link,
    fresh_options,
    hold_entries,
    holding,
    invitations,
    moving,
    picking,
    refreshing,
    replacing,
    rooms,
    runs,
    solving,
    upkeep,
)
from scheduler.services.picks import TakenWithOthers
from tests.services.test_moving_races import at_once
from tests.services.town import CONTACT, RECRUITER

DAY = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-03T00:00:00Z"}
#: room for three interviews of an hour, one after the other
MORNING = {"start": "2026-12-02T09:00:00Z", "end": "2026-12-02T12:00:00Z"}
ONE_HOUR = {"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T11:00:00Z"}
#: after an offer of a day has ended
LATER = {"start": "2026-12-08T00:00:00Z", "end": "2026-12-11T00:00:00Z"}
CANDY = [{"name": "Candy", "email": "candy@example.net", "time_zone": "Europe/London"}]
DORA = [{"name": "Dora", "email": "dora@example.net", "time_zone": "Europe/London"}]


@pytest.fixture
def held(town):
    """A town of one interviewer, and a plan that holds what is offered."""
    town.hire("Ada", skills=("python",))
    town.holding = town.plan(holds=True, notice_hours=1)
    town.usual = town.plan(notice_hours=1)
    return town


def options_of(run, candidate=0):
    return run["candidates"][candidate]["options"]


def starts(run, candidate=0):
    return sorted(option["start"] for option in options_of(run, candidate))


def statuses(run):
    return [option["status"] for option in options_of(run)]


def again(town, run):
    return runs.get(town.parts, town.organization_id, run["id"])


def live(town):
    """How many holds are in others' way now."""
    with town.parts.database.transaction(town.organization_id) as session:
        query = sa.select(sa.func.count()).where(rows.Hold.expires_at > town.clock())
        return session.scalar(query.select_from(rows.Hold))


def book(town, option):
    return picking.book(town.parts, town.organization_id, option["id"], actor=RECRUITER)


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


def sweep(town):
    """As the clock asks for it."""
    upkeep.sweep(town.parts)
    town.run_jobs()


def test_those_of_one_run_are_kept_out_of_each_others_way(held):
    run = held.offer(held.holding, window=MORNING, options=1, candidates=CANDY + DORA)

    first, second = (parse_instant(starts(run, candidate)[0]) for candidate in (0, 1))
    assert abs(first - second) >= timedelta(hours=1)
    assert live(held) == 2


def end_by_cancelling(town, run):
    runs.cancel(town.parts, town.organization_id, run["id"], actor=RECRUITER)


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


def interval(option):
    return Interval(parse_instant(option["start"]), parse_instant(option["end"]))


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


def test_times_that_others_were_offered_meanwhile_are_looked_for_again(held):
    """Of two runs solved at once the one that is stored second finds its time held, and asks again."""
    first = held.offer(held.holding, window=MORNING, options=1, candidates=CANDY, solve=False)
    second = held.offer(held.holding, window=MORNING, options=1, candidates=DORA, solve=False)

    def overtake(look: int) -> None:
        if look == 1:
            solving.solve(held.parts, held.organization_id, second["id"])

    held.calendars.meanwhile = overtake
    solving.solve(held.parts, held.organization_id, first["id"])
    held.run_jobs()

    hers, his = again(held, first), again(held, second)
    assert (statuses(hers), statuses(his)) == (["held"], ["held"])
    assert abs(parse_instant(starts(hers)[0]) - parse_instant(starts(his)[0])) >= timedelta(hours=1)


def test_when_others_are_always_first_a_person_hears_why(held, monkeypatch):
    monkeypatch.setattr(holding, "TRIES", 1)
    run = held.offer(held.holding, window=ONE_HOUR, candidates=CANDY, solve=False)

    def overtake(look: int) -> None:
        if look == 1:
            booked_meanwhile(held)

    held.calendars.meanwhile = overtake
    held.run_jobs()

    [candidate] = again(held, run)["candidates"]
    assert (candidate["status"], candidate["options"]) == ("infeasible", [])
    assert [blocker["code"] for blocker in candidate["explanation"]["blockers"]] == ["held"]
    assert any("Candy" in subject for subject in held.post.subjects_to(CONTACT["email"]))


def stranded(town):
    """A run of Candy's whose only time has gone, so that fresh ones are to be looked for."""
    run = town.offer(town.holding, window=MORNING, options=1, candidates=CANDY)
    [option] = options_of(run)
    town.calendars.add_busy("ada@acme.example", *(parse_instant(option[end]) for end in ("start", "end")))
    with pytest.raises(TakenWithOthers):
        book(town, option)
    return run


def overtaken(town, run):
    """Fresh times are looked for while Dora is offered one."""
    hers = town.offer(town.holding, window=MORNING, options=1, candidates=DORA, solve=False)
    town.calendars.looks = 0

    def overtake(look: int) -> None:
        if look == 1:
            solving.solve(town.parts, town.organization_id, hers["id"])

    town.calendars.meanwhile = overtake
    refreshing.refresh(town.parts, town.organization_id, run["id"])
    town.run_jobs()
    return again(town, hers)


def test_fresh_times_that_others_were_offered_meanwhile_are_looked_for_again(held):
    run = stranded(held)

    hers = overtaken(held, run)

    [candidate] = again(held, run)["candidates"]
    assert (candidate["status"], statuses(hers)) == ("offered", ["held"])
    [fresh] = [option for option in candidate["options"] if option["status"] == "held"]
    assert not interval(fresh).overlaps(interval(options_of(hers)[0]))


def test_when_others_are_always_first_to_take_fresh_times_a_person_hears_why(held, monkeypatch):
    monkeypatch.setattr(holding, "TRIES", 1)
    run = stranded(held)

    overtaken(held, run)

    [candidate] = again(held, run)["candidates"]
    assert candidate["status"] == "infeasible"
    assert [blocker["code"] for blocker in candidate["explanation"]["blockers"]] == ["held"]


def booked_meanwhile(town):
    other = town.offer(town.usual, window=ONE_HOUR, candidates=DORA, solve=False)
    solving.solve(town.parts, town.organization_id, other["id"])
    town.book(again(town, other))


def test_many_who_are_offered_times_at_once_share_none(held):
    asked = [
        held.offer(
            held.holding,
            window=DAY,
            options=2,
            solve=False,
            candidates=[{"name": f"C{n}", "email": f"c{n}@example.net", "time_zone": "Europe/London"}],
        )
        for n in range(3)
    ]

    answers = at_once(
        *[lambda r=run: solving.solve(held.parts, held.organization_id, r["id"]) for run in asked]
    )

    assert answers == [None] * 3
    held.run_jobs()
    owners = [(interval(o), run["id"]) for run in asked for o in options_of(again(held, run))]
    assert len(owners) >= 3
    clashes = [(a, b) for a, one in owners for b, other in owners if one != other and a.overlaps(b)]
    assert clashes == []


def test_a_holder_and_somebody_else_who_pick_one_time_at_once(held):
    """The holder always wins, even when the other was offered the time before."""
    usual = held.offer(held.usual, window=ONE_HOUR, candidates=DORA)
    run = held.offer(held.holding, window=ONE_HOUR, candidates=CANDY)

    answers = at_once(lambda: book(held, options_of(usual)[0]), lambda: held.book(run))

    assert answers[0] == "slot_taken"
    assert answers[1]["status"] == "confirmed"


def shown(town, address="ada@acme.example"):
    """What stands in a calendar of ours: summary, status, and who is invited."""
    events = town.calendars._calendar(address).events.values()
    return sorted((event.summary, event.status, event.attendees) for event in events)


HOLD = ("Hold: A talk", "tentative", ())


def test_calendars_show_a_tentative_entry_that_invites_nobody_and_names_nobody(held):
    held.offer(held.holding, window=DAY, options=2)

    sweep(held)

    assert shown(held) == [HOLD, HOLD]
    assert held.post.subjects_to("ada@acme.example") == []


def test_entries_of_holds_are_busy_time_for_nobody_twice_and_for_their_owner_never(held):
    run = held.offer(held.holding, window=MORNING, options=9, candidates=CANDY)
    sweep(held)
    usual = held.offer(held.usual, window=MORNING, options=9, candidates=DORA)
    assert options_of(usual) == []

    booking = held.book(run, option=3)

    assert booking["status"] == "confirmed"


def test_choosing_writes_the_interview_anew_and_takes_every_hold_out(held):
    run = held.offer(held.holding, window=DAY, options=3)
    sweep(held)
    held.book(run)

    sweep(held)

    [(summary, status, _)] = shown(held)
    assert (summary, status) == ("A talk: Candy Ray", "confirmed")


def test_nothing_is_left_of_holds_when_their_removal_has_been_looked_after(held):
    run = held.offer(held.holding, window=DAY, options=3)
    sweep(held)
    held.book(run)
    sweep(held)
    held.clock.forward(minutes=11)
    sweep(held)

    with held.parts.database.transaction(held.organization_id) as session:
        assert session.scalars(sa.select(rows.Hold)).all() == []
        entries = session.scalars(sa.select(rows.CalendarEntry)).all()
    assert [entry.booking_id is not None for entry in entries] == [True]


def test_a_time_whose_hold_somebody_deletes_is_taken_off_the_offer(held):
    run = held.offer(held.holding, window=DAY, options=3)
    sweep(held)
    delete_hold(held, options_of(run)[1])

    held.clock.forward(hours=7)
    sweep(held)
    held.clock.forward(seconds=6)
    sweep(held)

    assert statuses(again(held, run)) == ["held", "withdrawn", "held"]
    assert live(held) == 2
    assert len(held.post.mails) == 1  # the invitation


def delete_hold(town, option):
    town.calendars._calendar("ada@acme.example").events.pop(f"{option['id']}.talk.hold@convene")


def test_the_last_time_on_offer_stays_whatever_becomes_of_its_entry(held):
    run = held.offer(held.holding, window=DAY, options=1)
    sweep(held)
    delete_hold(held, options_of(run)[0])

    for seconds in (7 * 3600, 6):
        held.clock.forward(seconds=seconds)
        sweep(held)

    assert (statuses(again(held, run)), live(held), shown(held)) == (["held"], 1, [])


def test_a_time_whose_hold_somebody_moves_is_taken_off_the_offer(held):
    run = held.offer(held.holding, window=DAY, options=2)
    sweep(held)
    uid = f"{options_of(run)[0]['id']}.talk.hold@convene"
    events = held.calendars._calendar("ada@acme.example").events
    events[uid] = replace(
        events[uid], start=events[uid].start + timedelta(hours=1), end=events[uid].end + timedelta(hours=1)
    )

    held.clock.forward(hours=7)
    sweep(held)

    assert statuses(again(held, run)) == ["withdrawn", "held"]


def test_a_calendar_that_takes_no_entries_troubles_nobody(held):
    run = held.offer(held.holding, window=DAY, options=2)
    held.calendars.outage = NotAllowed("The owner has closed it.")
    sweep(held)
    held.calendars.outage = None

    booking = held.book(run)
    sweep(held)

    assert booking["status"] == "confirmed"
    assert [summary for summary, _, _ in shown(held)] == ["A talk: Candy Ray"]


def test_what_a_closed_calendar_never_showed_is_given_up_with_its_hold(held):
    run = held.offer(held.holding, window=DAY, options=2)
    held.calendars.make_unreadable("ada@acme.example", "The owner has closed it.")
    sweep(held)

    end_by_cancelling(held, run)
    sweep(held)

    with held.parts.database.transaction(held.organization_id) as session:
        assert session.scalars(sa.select(rows.CalendarEntry)).all() == []
        assert session.scalars(sa.select(rows.Hold)).all() == []


def test_an_entry_whose_removal_was_not_seen_is_taken_out_once_more(held):
    run = held.offer(held.holding, window=DAY, options=1)
    sweep(held)
    events = held.calendars._calendar("ada@acme.example").events
    [(uid, event)] = events.items()
    end_by_cancelling(held, run)
    sweep(held)
    events[uid] = event  # a write that was under way came after it

    held.clock.forward(minutes=11)
    sweep(held)

    assert shown(held) == []


def test_only_so_many_options_are_shown(held, monkeypatch):
    monkeypatch.setattr(hold_entries, "MOST_SHOWN", 2)
    run = held.offer(held.holding, window=DAY, options=4)

    sweep(held)

    assert (statuses(run), len(shown(held))) == (["held"] * 4, 2)
