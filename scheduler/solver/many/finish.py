# SPDX-License-Identifier: Apache-2.0
"""From columns to options: each room of a class by name, and whoever is free for the optional seats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scheduler.domain.intervals import Interval
from scheduler.domain.options import Option, OptionSession, Panelist, RoomRef
from scheduler.domain.plans import Plan, Seat, Session
from scheduler.solver.drafts import Draft, Seated, optional_people, to_option
from scheduler.solver.many.board import Board
from scheduler.solver.many.columns import Column
from scheduler.solver.many.diary import Diary
from scheduler.solver.many.judge import recounted, violations_of_all
from scheduler.solver.many.problem import AssignProblem
from scheduler.solver.many.rooms import rooms_of, settled
from scheduler.solver.model import WrongAnswer
from scheduler.solver.reach import Reach
from scheduler.solver.timing import Timing


def options_of(board: Board, columns: Mapping[int, Column]) -> dict[int, Option]:
    """The options of these columns, by the position of the candidate."""
    rooms = rooms_of(board, columns)
    return settled(board, {index: _option(board, column, rooms) for index, column in sorted(columns.items())})


def _option(board: Board, column: Column, rooms: Mapping[tuple[int, int], int]) -> Option:
    problem, plan = board.problem, board.asks[column.ask].plan
    sessions = []
    for j, session in enumerate(plan.sessions):
        start = board.line.instant(board.ticks[column.starts[j]])
        room = problem.rooms[rooms[column.ask, j]] if (column.ask, j) in rooms else None
        panel = [
            Panelist(person.id, person.name, seat.role)
            for seat, people in _panel(session, column.people[j])
            for person in (board.people[number] for number in sorted(people))
        ]
        sessions.append(
            OptionSession(
                key=session.key,
                title=session.title,
                start=start,
                end=start + session.duration,
                interviewers=tuple(panel),
                room=RoomRef(room.id, room.name) if room else None,
            )
        )
    return Option(sessions=tuple(sorted(sessions, key=lambda s: s.start)))


def _panel(session: Session, people: Sequence[int]) -> Iterator[tuple[Seat, Sequence[int]]]:
    """Each required seat with its people."""
    nth = 0
    for seat in session.seats:
        if not seat.optional:
            yield seat, people[nth : nth + seat.count]
            nth += seat.count


def with_guests(
    board: Board, columns: Mapping[int, Column], options: Mapping[int, Option]
) -> dict[int, Option]:
    """The options with whoever is still free in the optional seats, candidate by candidate."""
    diary, full = Diary(board.problem, options), dict(options)
    for index, option in sorted(options.items()):
        if any(seat.optional for session in board.asks[index].plan.sessions for seat in session.seats):
            full[index] = _with_guests(board, columns[index], option, diary)
            diary.strike(index)
            diary.enter(index, full[index])
    return full


def _with_guests(board: Board, column: Column, option: Option, diary: Diary) -> Option:
    own = board.problem.problem(column.ask, diary)
    reach = Reach(own, Interval(option.start, option.end))
    timing = Timing(own, reach.line)
    at = {session.key: number for number, session in enumerate(own.plan.sessions)}
    placed = tuple((at[session.key], timing.minute(session.start)) for session in option.sessions)
    draft = Draft(
        placed=placed, seated=tuple(_seated(own.plan, column)), cost=0, end=timing.minute(option.end)
    )
    rooms = {room.id: number for number, room in enumerate(own.rooms)}
    return to_option(
        reach,
        timing,
        draft,
        rooms={at[s.key]: rooms[s.room.id] for s in option.sessions if s.room},
        guests=optional_people(reach, timing, draft),
    )


def _seated(plan: Plan, column: Column) -> Iterator[Seated]:
    for j, session in enumerate(plan.sessions):
        for seat, people in _panel(session, column.people[j]):
            yield from (Seated(session=j, seat=session.seats.index(seat), person=p) for p in people)


def finished(board: Board, columns: Mapping[int, Column]) -> dict[int, Option]:
    """The options of these columns, judged, with cost and reasons. Raises WrongAnswer."""
    return judged(board.problem, with_guests(board, columns, options_of(board, columns)))


def judged(problem: AssignProblem, options: Mapping[int, Option]) -> dict[int, Option]:
    """The options with cost and reasons, once the judge has found nothing wrong. Raises WrongAnswer."""
    for index, wrong in violations_of_all(problem, options).items():
        who = problem.candidates[index].id
        raise WrongAnswer(f"{who}: " + "; ".join(violation.text for violation in wrong))
    return recounted(problem, options)
