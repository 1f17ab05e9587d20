# SPDX-License-Identifier: Apache-2.0
"""How many candidates a plan can take in a window, and who is the bottleneck.

The candidates are alike: nobody in particular. Placing as many as possible gives what can be taken for
certain; counting what each pool of people, or the rooms, could hold at most if nothing else limited them, and
the linear program over all of them together, give what cannot be exceeded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from math import floor
from time import perf_counter

from scheduler.domain.options import Option
from scheduler.solver.many.answer import Answer, value_of
from scheduler.solver.many.assign import all_patterns
from scheduler.solver.many.board import NEVER, Ask, Board, NotExpressible, SeatAsk
from scheduler.solver.many.finish import finished
from scheduler.solver.many.general import one_by_one
from scheduler.solver.many.greedy import fill
from scheduler.solver.many.outcome import Capacity, Pool
from scheduler.solver.many.patterns import Patterns
from scheduler.solver.many.problem import AssignProblem, PlannedCandidate
from scheduler.solver.many.progress import Progress
from scheduler.solver.outcome import FEASIBLE, OPTIMAL, STOPPED, Stage
from scheduler.solver.problem import Problem

#: candidates placed at most, what is beyond is only counted; and where nothing could be counted
MOST = 300
MOST_UNKNOWN = 50
#: seats of which every set is looked at
MOST_SEATS = 8


def capacity(problem: Problem, *, seconds: float = 10.0) -> Capacity:
    """How many candidates the plan of a Problem can take, each with its candidate's time.

    Raises WrongAnswer when the judge finds a fault.
    """
    progress = Progress(deadline=perf_counter() + seconds)
    pools = _pools(problem)
    at_most = min((pool.candidates for pool in pools), default=None)
    asked = alike(problem, min(MOST, MOST_UNKNOWN if at_most is None else at_most))
    try:
        board = Board(asked)
        patterns = all_patterns(board, progress)
    except NotExpressible:
        options = one_by_one(asked, progress)
    else:
        progress.built = perf_counter()
        answer = Answer(board, patterns)
        fill(answer, range(len(board.asks)))
        progress.offer(answer.columns, answer.value)
        if at_most is not None and len(answer.columns) < at_most:
            at_most = _more(progress, board, patterns, at_most)
        progress.stopped = progress.over
        options = finished(board, progress.columns)
    return _outcome(pools, tuple(options.values()), at_most, progress)


def _outcome(
    pools: tuple[Pool, ...], options: tuple[Option, ...], at_most: int | None, progress: Progress
) -> Capacity:
    found = len(options)
    return Capacity(
        candidates=found,
        at_most=at_most,
        proof=OPTIMAL if found == at_most else STOPPED if progress.stopped else FEASIBLE,
        pools=pools,
        options=options,
        figures=progress.figures_of(Stage(name="candidates", objective=found, bound=at_most)),
    )


def alike(problem: Problem, number: int) -> AssignProblem:
    """So many candidates like the one of a Problem."""
    return AssignProblem(
        candidates=tuple(
            PlannedCandidate(candidate=replace(problem.candidate, id=f"{n + 1}"), plan=problem.plan)
            for n in range(number)
        ),
        window=problem.window,
        now=problem.now,
        interviewers=problem.interviewers,
        rooms=problem.rooms,
        unreadable=problem.unreadable,
        calendars_read=problem.calendars_read,
        overbook=problem.overbook,
        ignore_candidate_hours=problem.ignore_candidate_hours,
        day_zone=problem.day_zone,
        seed=problem.seed,
        weights=problem.weights,
    )


def _more(progress: Progress, board: Board, patterns: dict[int, Patterns], at_most: int) -> int:
    """Offer more columns that go together if there are; how many there can be at most."""
    from scheduler.solver.many.together import most_alike  # noqa: PLC0415 (loads OR-Tools)

    first = list(progress.columns.values())
    found = most_alike(board, patterns[0], first, at_most, deadline=progress.deadline)
    chosen = {number: replace(column, ask=number) for number, column in enumerate(found.columns[:MOST])}
    progress.offer(chosen, value_of(board, patterns, chosen, range(len(board.asks))))
    return min(at_most, floor(found.bound))


def _pools(problem: Problem) -> tuple[Pool, ...]:
    """The pools, the narrowest first; none where a panel keeps several clocks."""
    if not problem.plan.distinct_interviewers:  # who may sit in several sessions is counted in each
        people = tuple(replace(person, met=False) for person in problem.interviewers)
        plan = replace(problem.plan, distinct_interviewers=True)
        problem = problem.evolve(plan=plan, interviewers=people)
    try:
        board = Board(alike(problem, 1))
    except NotExpressible:
        return ()
    return tuple(sorted(_pools_of(board), key=lambda pool: pool.candidates))


def _pools_of(board: Board) -> Iterator[Pool]:
    """Each set of seats that share people with everybody who could sit there, and the rooms."""
    ask = board.asks[0]
    seats = [(j, seat) for j, session in enumerate(ask.sessions) for seat in session.seats]
    for size in range(1, len(seats) + 1) if len(seats) <= MOST_SEATS else (1, len(seats)):
        for chosen in combinations(seats, size):
            if size == 1 or _joined(chosen):
                yield _of_people(board, ask, chosen)
    if any(session.rooms is not None for session in ask.sessions):
        yield _of_rooms(board, ask)


def _joined(chosen: Sequence[tuple[int, SeatAsk]]) -> bool:
    """Every seat shares somebody with another: sets that share nobody say nothing new."""
    pools = [set(seat.pool.tolist()) for _, seat in chosen]
    return all(any(a & b for k, b in enumerate(pools) if k != i) for i, a in enumerate(pools))


def _of_people(board: Board, ask: Ask, chosen: Sequence[tuple[int, SeatAsk]]) -> Pool:
    people = sorted({person for _, seat in chosen for person in seat.pool.tolist()})
    places = sum(seat.count for _, seat in chosen)
    holds = {person: _most_held(board, ask, chosen, person) for person in people}
    sessions = tuple(dict.fromkeys(ask.plan.sessions[j].key for j, _ in chosen))
    titles = " and ".join(dict.fromkeys(ask.plan.sessions[j].title for j, _ in chosen))
    names = ", ".join(f"{board.people[person].name} {number}" for person, number in holds.items() if number)
    total = sum(holds.values())
    who = "1 person" if len(people) == 1 else f"{len(people)} people"
    text = f"{titles}: {who} could hold {_interviews(total)} in the window"
    text += f" ({names})" if 0 < len(names) <= 200 else ""
    text += f"; each candidate takes {places}." if places > 1 else "."
    return Pool(
        text=text,
        session_keys=sessions,
        interviewer_ids=tuple(board.people[person].id for person in people),
        candidates=total // places,
    )


def _most_held(board: Board, ask: Ask, chosen: Sequence[tuple[int, SeatAsk]], person: int) -> int:
    """The most interviews of these seats one person could hold, each as early as the last one lets it.

    Sessions of different lengths count as the shortest of them: more than that cannot be held.
    """
    starts: set[int] = set()
    length = before = NEVER
    for j, seat in chosen:
        if person in seat.pool:
            session = ask.sessions[j]
            shape = board.shapes[session.shape]
            columns = board.columns_of(session.mask)
            starts |= {int(column) for column in columns if shape.cost[person, column] < NEVER}
            length = min(length, shape.length[person])
            before = min(before, shape.before[person])
    held: list[int] = []
    for column in sorted(starts):
        if held and board.ticks[column] < board.ticks[held[-1]] + length + before:
            continue
        if all(_below(board, person, unit, column, held) for unit in board.left[person]):
            held.append(column)
    return len(held)


def _below(board: Board, person: int, unit: str, column: int, held: Sequence[int]) -> bool:
    """One more interview in this day or week is within the person's limit."""
    units = board.units(person, unit)
    number = int(units[column])
    return sum(1 for other in held if units[other] == number) < board.capacity((unit, person, number))


def _of_rooms(board: Board, ask: Ask) -> Pool:
    inside = [session for session in ask.sessions if session.rooms is not None]
    classes = sorted({room for session in inside for room in session.rooms or ()})
    rooms = [room for number in classes for room in board.room_classes[number].rooms]
    shortest = min(board.shapes[session.shape].ticks for session in inside)
    asked = 0
    for session in inside:
        for tick in range(board.shapes[session.shape].ticks):
            asked |= session.mask << tick
    total = 0
    for number in classes:
        pieces = f"{board.room_classes[number].free & asked:b}".split("0")
        total += len(board.room_classes[number].rooms) * sum(len(piece) // shortest for piece in pieces)
    which = "1 room" if len(rooms) == 1 else f"{len(rooms)} rooms"
    text = f"Rooms: {which} could hold {_interviews(total)} in the window"
    text += f"; each candidate takes {len(inside)}." if len(inside) > 1 else "."
    return Pool(
        text=text,
        session_keys=tuple(
            session.key
            for session, here in zip(ask.plan.sessions, ask.sessions, strict=True)
            if here.rooms is not None
        ),
        interviewer_ids=(),
        room_ids=tuple(board.problem.rooms[room].id for room in rooms),
        candidates=total // len(inside),
    )


def _interviews(number: int) -> str:
    return "1 interview" if number == 1 else f"{number} interviews"
