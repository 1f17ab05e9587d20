# SPDX-License-Identifier: Apache-2.0
"""Which room each session of an answer is held in. Columns only say of which class it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scheduler.domain.hours import day_of
from scheduler.domain.options import Option, OptionSession, RoomRef
from scheduler.domain.plans import Session
from scheduler.solver.drafts import fewest_changes
from scheduler.solver.many.board import Board
from scheduler.solver.many.columns import Column
from scheduler.solver.many.diary import Diary
from scheduler.solver.reach import taken_of


def rooms_of(board: Board, columns: Mapping[int, Column]) -> dict[tuple[int, int], int]:
    """The room of each (candidate, session): the booked one, else the one the candidate was in before, else
    the first that is free.

    Sessions taken in order of their start never need more rooms than there are sessions at once.
    """
    wanted = sorted(
        (board.ticks[start], column.ask, j, room)
        for column in columns.values()
        for j, (start, room) in enumerate(zip(column.starts, column.rooms, strict=True))
        if room is not None
    )
    booked = {(index, j): room for index in columns for j, room in _booked(board, index).items()}
    free_from: dict[int, int] = {}
    last: dict[int, int] = {}
    found: dict[tuple[int, int], int] = {}
    for tick, index, j, room_class in wanted:
        rooms = board.room_classes[room_class].rooms
        free = [room for room in rooms if free_from.get(room, 0) <= tick]
        liked = (booked.get((index, j)), last.get(index))
        room = next((room for room in liked if room in free), free[0])
        session = board.asks[index].sessions[j]
        free_from[room] = tick + board.shapes[session.shape].ticks
        found[index, j] = last[index] = room
    return found


def _booked(board: Board, index: int) -> dict[int, int]:
    """The rooms that are booked for a candidate, by session."""
    item = board.problem.candidates[index]
    rooms = ((j, board.booked_room(item, session)) for j, session in enumerate(item.plan.sessions))
    return {j: room for j, room in rooms if room is not None}


def settled(board: Board, options: Mapping[int, Option]) -> dict[int, Option]:
    """The options in the rooms that are booked for them, and with the fewest changes, as far as everybody
    else's rooms leave that, candidate by candidate.
    """
    diary, found = Diary(board.problem, options), dict(options)
    for index, option in options.items():
        if _might_be_better(board, index, option):
            found[index] = _settled(board, index, option, diary)
            diary.strike(index)
            diary.enter(index, found[index])
    return found


def _might_be_better(board: Board, index: int, option: Option) -> bool:
    """The candidate changes rooms, or is not in those that are booked."""
    rooms = {placed.room.id for placed in option.sessions if placed.room}
    booked = {board.problem.rooms[room].id for room in _booked(board, index).values()}
    return bool(rooms) and (len(rooms) > 1 or bool(booked - rooms))


def _settled(board: Board, index: int, option: Option, diary: Diary) -> Option:
    plan, zone = board.asks[index].plan, board.days_zone(board.problem.candidates[index])
    inside = [
        (nth, day_of(placed.start, zone), _free(board, index, plan.session(placed.key), placed, diary))
        for nth, placed in enumerate(option.sessions)
        if placed.room
    ]
    booked = _booked(board, index)
    at = {session.key: j for j, session in enumerate(plan.sessions)}
    keep = {nth: booked[at[p.key]] for nth, p in enumerate(option.sessions) if at[p.key] in booked}
    best = fewest_changes(inside, keep)
    rooms = best[1] if best else {}
    named = {nth: board.problem.rooms[room] for nth, room in rooms.items()}
    sessions = tuple(
        replace(placed, room=RoomRef(named[nth].id, named[nth].name)) if nth in named else placed
        for nth, placed in enumerate(option.sessions)
    )
    return option.evolve(sessions=sessions)


def _free(board: Board, index: int, session: Session, placed: OptionSession, diary: Diary) -> dict[int, int]:
    """The rooms that are large enough and free at that time, with how many they hold."""
    wanted = session.room_capacity or 0
    return {
        number: room.capacity
        for number, room in enumerate(board.problem.rooms)
        if room.capacity >= wanted
        and not any(taken.overlaps(placed.interval) for taken in taken_of(diary.busier(room, index)))
    }


def cost_of_room_changes(options: Mapping[int, Option]) -> int:
    """What the changes of room count in options with their costs."""
    reasons = (reason for option in options.values() for reason in option.reasons)
    return sum(int(reason.value) for reason in reasons if reason.code == "room_change")
