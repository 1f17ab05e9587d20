# SPDX-License-Identifier: Apache-2.0
"""Rooms of many candidates: the booked one stays, a loop changes rooms as little as the others leave it, and
what that costs is neither hidden nor called an optimum.
"""

from __future__ import annotations

from dataclasses import replace

from scheduler.domain.options import RoomRef
from scheduler.solver.many.assign import assign
from scheduler.solver.many.problem import REPAIR
from scheduler.solver.outcome import FEASIBLE, OPTIMAL
from tests.solver.builders import person, room, seat, session
from tests.solver.many.builders import candidate, many

PEOPLE = [person("Ada", "coding"), person("Ben", "design"), person("Cat", "coding")]
LOOP = (session("coding", room_capacity=2), session("design", seat("design"), room_capacity=2))
NINE = [("09:00", "11:00")]


def held_in(outcome):
    return {id_: [placed.room.id for placed in option.sessions] for id_, option in outcome.options.items()}


def loop(*rooms):
    return assign(
        many(candidate("Ann", *LOOP, offered=NINE), people=PEOPLE, rooms=rooms, weights={"room_change": 30})
    )


def test_a_loop_keeps_its_room_where_it_can():
    outcome = loop(room("Elm"), room("Oak", busy=[("09:00", "10:00")]))
    assert (held_in(outcome), outcome.proof) == ({"ann": ["elm", "elm"]}, OPTIMAL)


def test_a_change_of_room_is_counted_and_no_optimum_is_claimed():
    outcome = loop(room("Elm", busy=[("10:00", "11:00")]), room("Oak", busy=[("09:00", "10:00")]))
    stage = outcome.figures.stages[-1]
    assert (held_in(outcome), outcome.proof) == ({"ann": ["elm", "oak"]}, FEASIBLE)
    assert (stage.objective, stage.bound) == (30, 0)


def test_bookings_stay_in_their_rooms():
    inside = session("coding", room_capacity=2)
    two = [candidate(name, inside, offered=[("09:00", "10:00")]) for name in ("Ann", "Ben")]
    rooms = room("Elm", busy=[("12:00", "13:00")]), room("Oak"), room("Ash")
    asked = many(*two, people=PEOPLE, rooms=rooms)
    for names in (("Oak", "Elm"), ("Elm", "Oak"), ("Ash", "Oak"), ("Oak", "Ash")):
        booked = [
            in_room(assign(asked).options[id_], name) for id_, name in zip(("ann", "ben"), names, strict=True)
        ]
        candidates = (replace(item, booked=option) for item, option in zip(two, booked, strict=True))
        repaired = assign(asked.evolve(ask=REPAIR, candidates=tuple(candidates)))
        assert held_in(repaired) == {"ann": [names[0].lower()], "ben": [names[1].lower()]}


def in_room(option, name):
    return option.evolve(sessions=(replace(option.sessions[0], room=RoomRef(name.lower(), name)),))
