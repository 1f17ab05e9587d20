# SPDX-License-Identifier: Apache-2.0
"""Assigning with Timefold for Python: one planning entity a session, its value a start and a person.

Runs with the Python that has Timefold, not the project's: it imports nothing but Timefold and the standard
library. The value range of a session holds only what is possible for it alone, which is in Timefold's favour.
Panels of one only.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Annotated, Any

from timefold.solver import SolverFactory
from timefold.solver.config import (
    Duration,
    EnvironmentMode,
    ScoreDirectorFactoryConfig,
    SolverConfig,
    TerminationConfig,
)
from timefold.solver.domain import (
    PlanningEntityCollectionProperty,
    PlanningId,
    PlanningScore,
    PlanningVariable,
    ValueRangeProvider,
    planning_entity,
    planning_solution,
)
from timefold.solver.score import (
    ConstraintCollectors,
    ConstraintFactory,
    HardMediumSoftScore,
    Joiners,
    constraint_provider,
)

from benchmarks._costs import better, worth
from benchmarks.rivals._telling import compete, told

DAY = 1440
#: one candidate left out counts so much, shared out among their sessions
WHOLE = 60
RULES: dict[str, int] = {}
MOST_A_DAY: dict[int, int] = {}


@dataclass(frozen=True)
class Sitting:
    start: int
    person: int
    day: int


@planning_entity
@dataclass
class Interview:
    id: Annotated[str, PlanningId]
    candidate: int
    place: int
    of: int
    minutes: int
    preferred: list[int]
    possible: Annotated[list[Sitting], ValueRangeProvider]
    sitting: Annotated[Sitting | None, PlanningVariable(allows_unassigned=True)] = field(default=None)


@planning_solution
@dataclass
class Timetable:
    interviews: Annotated[list[Interview], PlanningEntityCollectionProperty]
    score: Annotated[HardMediumSoftScore | None, PlanningScore] = field(default=None)


def most(key: int) -> int:
    return MOST_A_DAY[key // 1000]


def far_apart(one: Interview, other: Interview) -> int:
    """Minutes from the end of one to the start of the next of the same candidate."""
    return other.sitting.start - one.sitting.start - one.minutes


def gap_is_wrong(one: Interview, other: Interview) -> bool:
    return far_apart(one, other) < 0 or far_apart(one, other) > RULES["max_gap"]


def clash(one: Interview, other: Interview) -> bool:
    return one.sitting.person == other.sitting.person or one.sitting.day != other.sitting.day


def soft(one: Interview) -> int:
    return 10 * one.sitting.day + (0 if one.sitting.person in one.preferred else 3)


@constraint_provider
def rules(factory: ConstraintFactory) -> list[Any]:
    hard, middle, low = (
        HardMediumSoftScore.ONE_HARD,
        HardMediumSoftScore.ONE_MEDIUM,
        HardMediumSoftScore.ONE_SOFT,
    )
    return [
        factory.for_each_unique_pair(
            Interview,
            Joiners.equal(lambda one: one.sitting.person),
            Joiners.equal(lambda one: one.sitting.day),
            Joiners.overlapping(
                lambda one: one.sitting.start, lambda one: one.sitting.start + one.minutes + RULES["buffer"]
            ),
        )
        .penalize(hard)
        .as_constraint("one at a time, with a buffer"),
        factory.for_each(Interview)
        .group_by(lambda one: one.sitting.person * 1000 + one.sitting.day, ConstraintCollectors.count())
        .filter(lambda key, count: count > most(key))
        .penalize(hard, lambda key, count: count - most(key))
        .as_constraint("most a day"),
        factory.for_each_unique_pair(Interview, Joiners.equal(lambda one: one.candidate))
        .filter(clash)
        .penalize(hard)
        .as_constraint("one day, different people"),
        factory.for_each(Interview)
        .join(
            Interview,
            Joiners.equal(lambda one: one.candidate),
            Joiners.equal(lambda one: one.place + 1, lambda one: one.place),
        )
        .filter(gap_is_wrong)
        .penalize(hard)
        .as_constraint("order and gap"),
        factory.for_each_including_unassigned(Interview)
        .filter(lambda one: one.sitting is None)
        .penalize(middle, lambda one: WHOLE // one.of)
        .as_constraint("left out"),
        factory.for_each(Interview).penalize(low, soft).as_constraint("early, and with whom"),
        factory.for_each(Interview)
        .group_by(lambda one: one.sitting.person, ConstraintCollectors.count())
        .penalize(low, lambda _person, count: count * (count + 1))
        .as_constraint("spread"),
    ]


def interviews(instance: dict[str, Any]) -> list[Interview]:
    people = {person["id"]: person for person in instance["interviewers"]}
    known: dict[tuple[int, int], Sitting] = {}
    return [
        Interview(
            id=f"{item['id']}.{place}",
            candidate=item["id"],
            place=place,
            of=len(item["sessions"]),
            minutes=session["duration"],
            preferred=item["preferred"],
            possible=[
                known.setdefault((start, id_), Sitting(start, id_, start // DAY))
                for opens, closes in item["windows"]
                for start in range(opens, closes - session["duration"] + 1, instance["grid"])
                for id_ in session["pool"]
                if free(people[id_], start, start + session["duration"])
            ],
        )
        for item in instance["candidates"]
        for place, session in enumerate(item["sessions"])
    ]


def free(person: dict[str, Any], start: int, end: int) -> bool:
    return any(a <= start and end <= b for a, b in person["work"]) and not any(
        a < end and start < b for a, b in person["busy"]
    )


def schedule(timetable: Timetable) -> dict[str, Any]:
    """Candidates all of whose sessions have a time."""
    placed: dict[int, list[Interview]] = defaultdict(list)
    for one in timetable.interviews:
        if one.sitting is not None:
            placed[one.candidate].append(one)
    return {
        "schedule": [
            {
                "candidate": candidate,
                "sessions": [
                    {"start": one.sitting.start, "interviewers": [one.sitting.person]}
                    for one in sorted(held, key=lambda one: one.place)
                    if one.sitting
                ],
            }
            for candidate, held in placed.items()
            if len(held) == held[0].of
        ]
    }


def solve(instance: dict[str, Any], seconds: float, _repeats: int) -> dict[str, Any]:
    began = time.perf_counter()
    RULES.update(max_gap=instance["max_gap"], buffer=instance["buffer"])
    MOST_A_DAY.update({person["id"]: person["max_per_day"] for person in instance["interviewers"]})
    config = SolverConfig(
        solution_class=Timetable,
        entity_class_list=[Interview],
        environment_mode=EnvironmentMode.NO_ASSERT,
        score_director_factory_config=ScoreDirectorFactoryConfig(constraint_provider_function=rules),
        termination_config=TerminationConfig(spent_limit=Duration(milliseconds=int(seconds * 1000))),
    )
    solver = SolverFactory.create(config).build_solver()
    asked = Timetable(interviews(instance))
    built = time.perf_counter()
    first: list[float] = []

    def note(event: Any) -> None:
        if event.new_best_score.is_feasible:
            first.append(time.perf_counter() - began)

    solver.add_event_listener(note)
    answer = schedule(solver.solve(asked))
    total = time.perf_counter() - began
    ended = (total, *worth(instance, answer))
    began_with = [(first[0], 0, 0)] if first else []
    improvements = [*began_with, ended] if better(ended[1:], (0, 0)) else began_with
    return told(answer, improvements, build=built - began, total=total, proof="feasible")


if __name__ == "__main__":
    compete(solve)
