# SPDX-License-Identifier: Apache-2.0
"""Candidates who share neither people nor rooms with others can be placed without looking at them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from scheduler.solver.many.board import Ask, Board


def resources_of(ask: Ask) -> Iterator[Hashable]:
    """Everybody who could sit somewhere, and the classes of rooms that could be used."""
    for session in ask.sessions:
        for seat in session.seats:
            yield from seat.pool.tolist()
        yield from (("room", room) for room in session.rooms or ())


def components(board: Board, indices: Iterable[int]) -> list[list[int]]:
    """The candidates in groups that share nothing, the smallest group first."""
    root: dict[Hashable, Hashable] = {}

    def find(thing: Hashable) -> Hashable:
        while root.setdefault(thing, thing) != thing:
            root[thing] = thing = root[root[thing]]
        return thing

    chosen = list(indices)
    for index in chosen:
        for resource in set(resources_of(board.asks[index])):
            root[find(resource)] = find(("candidate", index))
    groups: dict[Hashable, list[int]] = {}
    for index in chosen:
        groups.setdefault(find(("candidate", index)), []).append(index)
    return sorted(groups.values(), key=lambda group: (len(group), group))
