# SPDX-License-Identifier: Apache-2.0
"""Plans as columns with other people in their seats, and as drafts with everybody in a seat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scheduler.solver.apart.board import Board
from scheduler.solver.apart.columns import Column
from scheduler.solver.apart.panels import charged
from scheduler.solver.drafts import Draft, Placed, Seated, fit_for, slots_for
from scheduler.solver.panels import Slot, cheapest


def placed_of(board: Board, column: Column) -> tuple[Placed, ...]:
    """Its sessions with the minutes at which they start."""
    return tuple((session, tick * board.tick) for session, tick in column.placed)


def column_of(board: Board, draft: Draft) -> Column:
    """A draft as a column."""
    placed = tuple((session, minute // board.tick) for session, minute in draft.placed)
    slots, taken = 0, dict[int, int]()
    for session, tick in placed:
        slots |= ((1 << board.lasts[session]) - 1) << tick
        day = board.days.index(board.timing.day(tick * board.tick))
        taken[day] = taken.get(day, 0) + board.lasts[session]
    people = sum(1 << person for person in draft.people)
    return Column(cost=draft.cost, placed=placed, slots=slots, days=tuple(taken.items()), people=people)


def draft_of(board: Board, column: Column) -> Draft:
    """The column with everybody in their seat."""
    placed = placed_of(board, column)
    slots = _own(slots_for(board.reach, placed), column)
    panels = cheapest(slots, fit_for(board.reach, board.timing, placed))
    seated = tuple(
        Seated(session=slot.session, seat=slot.seat, person=person)
        for slot, person in zip(slots, panels.people or (), strict=True)
    )
    last, start = placed[-1]
    end = start + board.plan.sessions[last].minutes
    return Draft(placed=placed, seated=seated, cost=column.cost, end=end)


def reseated(board: Board, column: Column, charge: Sequence[int]) -> Column | None:
    """The column with the people who cost least when each costs so much more; None when they are the same, or
    when people may sit in several sessions, so that who they are does not say where.
    """
    if not board.plan.distinct_interviewers:
        return None
    placed = placed_of(board, column)
    fit, slots = fit_for(board.reach, board.timing, placed), slots_for(board.reach, placed)
    now = cheapest(_own(slots, column), fit)
    then = cheapest([charged(slot, charge) for slot in slots], fit)
    if then.people is None or now.people is None or set(then.people) == set(now.people):
        return None
    cost = column.cost + _cost(slots, then.people) - now.cost
    return replace(column, cost=cost, people=sum(1 << person for person in set(then.people)))


def _own(slots: Sequence[Slot], column: Column) -> list[Slot]:
    """The places with the column's own people alone."""
    return [
        replace(slot, choices=tuple(choice for choice in slot.choices if column.people >> choice[1] & 1))
        for slot in slots
    ]


def _cost(slots: Sequence[Slot], people: Sequence[int]) -> int:
    return sum(
        next(cost for cost, one in slot.choices if one == person)
        for slot, person in zip(slots, people, strict=True)
    )
