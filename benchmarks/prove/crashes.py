# SPDX-License-Identifier: Apache-2.0
"""kill -9 at each of the named points (`scheduler.points`), one by one; then everything comes back."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence

from benchmarks.prove.house import House
from benchmarks.prove.proof import Proof, expect
from benchmarks.prove.rehearsal import Rehearsal
from scheduler.points import POINTS
from scheduler.services import invariants

#: seconds after the last crash until nothing is owed
LONGEST_CONVERGENCE = 120


def killed_everywhere(house: House, dice: random.Random, *, points: int, seeds: int = 1) -> Proof:
    """So many of the points, in an order of its own for each seed, and with other work beside them."""
    number = min(points, len(POINTS))
    return killed(house, dice, (dice.sample(list(POINTS), number) for _ in range(seeds)))


def killed(house: House, dice: random.Random, orders: Iterable[Sequence[str]]) -> Proof:
    """At the points of each order, one after the other. The promises are asked after each, whatever is still
    owed.
    """
    rehearsals: list[Rehearsal] = []
    reached: Counter[str] = Counter()
    broken: list[str] = []
    for points in orders:
        rehearsal = Rehearsal(house, dice)
        rehearsals.append(rehearsal)
        for point in points:
            reached[point] += rehearsal.die_at(point)
        broken += [breach.promise.name for breach in invariants.check_all(house.parts)]
        broken += rehearsal.wrong
    house.replace("worker")
    converged = house.settle()
    for rehearsal in rehearsals:
        rehearsal.ask_again_under_their_keys()
    tried = Counter(rehearsal_point for rehearsal in rehearsals for rehearsal_point in rehearsal.tried)
    put_off = sum(rehearsal.put_off for rehearsal in rehearsals)
    missed = sorted((tried - reached).keys())
    return Proof(
        what=f"kill -9 at {len(tried)} points x {len(rehearsals)} seeds, {tried.total()} crashes",
        figures=f"{reached.total()} deaths in the right place, converged {converged:.0f} s after the last one"
        + (f"; {put_off} x 503 and asked again" if put_off else "")
        + (f"; never reached: {', '.join(missed)}" if missed else ""),
        acknowledged={id_ for rehearsal in rehearsals for id_ in rehearsal.acknowledged},
        broken=[
            *broken,
            *expect(missed, [], "every_point_is_reached"),
            *expect(converged <= LONGEST_CONVERGENCE, True, "converges"),
        ],
    )
