# SPDX-License-Identifier: Apache-2.0
"""Holds of those who are offered the same times at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.domain.intervals import parse_instant
from scheduler.services import holding, refreshing, solving
from scheduler.services.picks import TakenWithOthers
from tests.races import at_once
from tests.services.holds import (
    CANDY,
    DAY,
    DORA,
    MORNING,
    ONE_HOUR,
    again,
    book,
    interval,
    options_of,
    starts,
    statuses,
)
from tests.services.town import CONTACT


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
