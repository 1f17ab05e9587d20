# SPDX-License-Identifier: Apache-2.0
"""Instances of the public interview-scheduling benchmark, made up from a seed.

    python -m benchmarks.instances                     the names there are
    python -m benchmarks.instances a3x12d5 --seed 7    one of them
    python -m benchmarks.instances --all DIR --seed 7  every one, a file each

Names say the sizes: `a3x12d5` proposes 3 sessions with 12 people in 5 working days, `b50x30` assigns 50
candidates to 30 people, `c200w8` asks when 200 people are free in 8 weeks. Times are whole minutes after
`base`, stretches of time half-open; interviews start at multiples of `grid`, inside one window of the
candidate, with people who are at work and not busy.

propose       Every session of a plan has its own people, as many as its `k`, and a free room if it needs one.
              Sessions do not overlap, keep to `precedence`, and lie within `max_days` days (UTC). A day that
              begins before the lunch window and ends after it has the lunch's minutes free inside it. No two
              plans overlap anywhere. Wanted: as many plans as possible, then the least cost: 10 for each day
              up to the last session's, 2 for each idle grid step of a day, 8 for each day more than one, and
              3 times the load of everybody who sits somewhere.
batch         A candidate's sessions are held on one day (UTC), in order, at most `max_gap` minutes apart, by
              different people, or not at all. Between new interviews of one person lie `buffer` minutes;
              nobody has more than `max_per_day` of them a day; `room_capacity` limits how many are held at
              once. Cost: 100,000 for each candidate left out, 10 for each day up to a session's, 3 for each
              seat whose person is not among the preferred, a(a + 1) for somebody with a new interviews.
availability  All starts, multiples of the query's `step`, at which one person ("any") or everybody ("all") of
              the query is at work and free for its duration.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from benchmarks._people import BASE, WORLD, candidate_windows, person, room, weighted

Instance = dict[str, Any]

SKILLS = ("coding", "design", "system", "behaviour", "manager", "product", "sql", "culture")
#: candidates of kind "propose" live in London: no panel from the far side of the world
NEAR_LONDON = {"Europe/London": 4, "Europe/Berlin": 4, "America/New_York": 3, "Europe/Madrid": 2}
#: who may sit in a department's panels, and where its candidates live
EVEN_DEPARTMENTS = {zone: WORLD[zone] for zone in ("Europe/London", "Europe/Berlin", "America/New_York")}
ODD_DEPARTMENTS = {zone: WORLD[zone] for zone in ("Europe/Berlin", "America/New_York", "Europe/Madrid")}


def main() -> None:
    parser = argparse.ArgumentParser(description="Print an instance of the benchmark.")
    parser.add_argument("name", nargs="?", choices=SIZES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", type=Path, metavar="DIR", help="write every instance into this folder")
    arguments = parser.parse_args()
    if arguments.all:
        arguments.all.mkdir(parents=True, exist_ok=True)
        for name in SIZES:
            text = json.dumps(made(name, arguments.seed))
            (arguments.all / f"{name}.s{arguments.seed}.json").write_text(text, encoding="utf-8")
    elif arguments.name:
        json.dump(made(arguments.name, arguments.seed), sys.stdout)
    else:
        print("\n".join(SIZES))


def made(name: str, seed: int) -> Instance:
    """The instance of this name and seed: always the same."""
    return SIZES[name](name, seed)


def _head(kind: str, name: str, seed: int, days: int) -> Instance:
    return {"kind": kind, "name": name, "seed": seed, "base": BASE.isoformat(), "grid": 15, "days": days}


def _calendar_days(working_days: int) -> int:
    weeks, rest = divmod(working_days, 5)
    return 7 * weeks + rest


def proposing(
    sessions: int,
    people: int,
    working_days: int,
    *,
    max_days: int = 1,
    panel: int = 1,
    rooms: int = 0,
    first_is_first: bool = True,
) -> Callable[[str, int], Instance]:
    """Eight different complete loops for one candidate."""

    def make(name: str, seed: int) -> Instance:
        draw = Random(f"propose {name} {seed}")
        days = _calendar_days(working_days)
        skills = SKILLS[: max(2, sessions)]
        team = [
            person(draw, number, days=days, zones=NEAR_LONDON, skills=_skilled(draw, skills, number))
            for number in range(people)
        ]
        return {
            **_head("propose", name, seed, days),
            "k_plans": 8,
            "interviewers": team,
            "rooms": [room(draw, number, days=days) for number in range(rooms)],
            "sessions": [
                _session(draw, number, skills[number % len(skills)], team, panel=panel, rooms=rooms)
                for number in range(sessions)
            ],
            "precedence": [[0, later] for later in range(1, sessions)] if first_is_first else [],
            "max_days": max_days,
            "lunch": {"from": 12 * 60, "to": 14 * 60, "minutes": 30},
            "candidate": {
                "tz": "Europe/London",
                "windows": candidate_windows(draw, days=days, zone="Europe/London", share=0.8, whole=1),
            },
        }

    return make


def _skilled(draw: Random, skills: tuple[str, ...], number: int) -> list[str]:
    """One skill by turns, so that none is missing, and up to two more."""
    return sorted({skills[number % len(skills)], *draw.sample(skills, draw.randint(0, 2))})


def _session(
    draw: Random, number: int, skill: str, team: list[dict[str, Any]], *, panel: int, rooms: int
) -> dict[str, Any]:
    pool = [one["id"] for one in team if skill in one["skills"]]
    return {
        "id": number,
        "duration": draw.choice([30, 45, 60, 60]),
        "skill": skill,
        "k": min(panel if draw.random() < 0.4 else 1, len(pool)),
        "pool": pool,
        "room": rooms > 0 and draw.random() < 0.7,
    }


def assigning(
    candidates: int,
    people: int,
    working_days: int,
    departments: int,
    *,
    panels: float = 0.0,
    room_capacity: int | None = None,
) -> Callable[[str, int], Instance]:
    """Many candidates at once, each of one department, 30 % of them with loops of two or three sessions."""

    def make(name: str, seed: int) -> Instance:
        draw = Random(f"batch {name} {seed}")
        days = _calendar_days(working_days)
        team = [
            person(
                draw,
                number,
                days=days,
                zones=ODD_DEPARTMENTS if number % departments % 2 else EVEN_DEPARTMENTS,
                skills=[
                    f"{number % departments}{subject}"
                    for subject in draw.sample("abc", draw.choice([1, 2, 2, 3]))
                ],
            )
            for number in range(people)
        ]
        return {
            **_head("batch", name, seed, days),
            "buffer": 15,
            "max_gap": 60,
            "room_capacity": room_capacity,
            "interviewers": team,
            "candidates": [
                _candidate(draw, number, number % departments, team, days=days, panels=panels)
                for number in range(candidates)
            ],
        }

    return make


def _candidate(
    draw: Random, number: int, department: int, team: list[dict[str, Any]], *, days: int, panels: float
) -> dict[str, Any]:
    zone = weighted(draw, EVEN_DEPARTMENTS)
    colleagues = [one["id"] for one in team if one["skills"][0][:-1] == str(department)]
    subjects = draw.sample("abc", draw.choice([2, 3]) if draw.random() < 0.3 else 1)
    sessions = []
    for subject in subjects:
        skill = f"{department}{subject}"
        pool = [one["id"] for one in team if skill in one["skills"]] or colleagues
        seats = 2 if draw.random() < panels and len(pool) > 2 else 1
        sessions.append({"duration": draw.choice([30, 45, 60]), "k": seats, "pool": pool})
    known = sorted({id_ for session in sessions for id_ in session["pool"]})
    return {
        "id": number,
        "tz": zone,
        "windows": candidate_windows(draw, days=days, zone=zone, share=0.5, whole=0.5),
        "sessions": sessions,
        "preferred": sorted(draw.sample(known, min(4, len(known)))),
    }


def asking(people: int, weeks: int) -> Callable[[str, int], Instance]:
    """When is anybody, when are the first one, two and four all free for 45 minutes?"""

    def make(name: str, seed: int) -> Instance:
        draw = Random(f"availability {name} {seed}")
        team = [
            person(draw, number, days=7 * weeks, zones=EVEN_DEPARTMENTS, skills=["any"])
            for number in range(people)
        ]
        asked = [("any", people), *(("all", count) for count in (1, 2, 4) if count <= people)]
        return {
            **_head("availability", name, seed, 7 * weeks),
            "interviewers": team,
            "queries": [
                {"mode": mode, "people": list(range(count)), "duration": 45, "step": 15}
                for mode, count in asked
            ],
        }

    return make


SIZES: dict[str, Callable[[str, int], Instance]] = {
    "a1x5d5": proposing(1, 5, 5, first_is_first=False),
    "a3x12d5": proposing(3, 12, 5),
    "a4x20d10": proposing(4, 20, 10, panel=2, rooms=3),
    "a5x30d10": proposing(5, 30, 10, first_is_first=False),
    "a6x40d15": proposing(6, 40, 15, max_days=2, panel=2, rooms=3),
    "a8x60d20": proposing(8, 60, 20, max_days=2, panel=2, rooms=4),
    "b10x10": assigning(10, 10, 5, 1),
    "b50x30": assigning(50, 30, 5, 2),
    "b100x60": assigning(100, 60, 10, 3),
    "b120x20t": assigning(120, 20, 5, 1),  # more candidates than there is time for
    "b200x120": assigning(200, 120, 10, 5),
    "b500x300": assigning(500, 300, 10, 10),
    "b500x100t": assigning(500, 100, 10, 1),  # everybody hangs together, and it is tight
    "b100x60p": assigning(100, 60, 10, 3, panels=0.4, room_capacity=8),
    **{f"c{people}w{weeks}": asking(people, weeks) for people in (1, 10, 50, 200) for weeks in (4, 8)},
}


if __name__ == "__main__":
    main()
