# SPDX-License-Identifier: Apache-2.0
"""Assigning as a textbook would have it: every start an integer, every person of a pool a Boolean, intervals
that do not overlap, squares by multiplication, one weighted sum.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

from ortools.sat.python import cp_model

from benchmarks.rivals._telling import compete, told
from benchmarks.rivals._textbook import DAY, Watch, not_free, starts_of

LEFT_OUT = 100_000


class Everybody:
    """The model of all candidates."""

    def __init__(self, instance: dict[str, Any]) -> None:
        self.instance, self.model = instance, cp_model.CpModel()
        horizon = instance["days"] * DAY + DAY
        self.taken = {person["id"]: self._fixed(person, horizon) for person in instance["interviewers"]}
        self.apart: dict[int, list[Any]] = defaultdict(list)
        self.sittings: dict[tuple[int, int], list[Any]] = defaultdict(list)
        self.all_held: list[Any] = []
        self.costs: list[Any] = []
        self.held = {item["id"]: self._candidate(item) for item in instance["candidates"]}
        self._people()
        if instance["room_capacity"] is not None:
            demands = [1] * len(self.all_held)
            self.model.add_cumulative(self.all_held, demands, instance["room_capacity"])
        self.model.minimize(sum(self.costs))

    def _fixed(self, person: dict[str, Any], horizon: int) -> list[Any]:
        return [
            self.model.new_fixed_size_interval_var(start, end - start, "")
            for start, end in not_free(person, horizon)
        ]

    def _candidate(self, item: dict[str, Any]) -> tuple[Any, list[tuple[Any, dict[int, Any]]]]:
        """Whether they have a time; for each session its start, and a Boolean for everybody of the pool."""
        model, there = self.model, self.model.new_bool_var("")
        day = model.new_int_var(0, self.instance["days"], "")
        on_day = [model.new_bool_var("") for _ in range(self.instance["days"] + 1)]
        model.add_exactly_one(on_day)
        for number, here in enumerate(on_day):
            model.add(day == number).only_enforce_if(here)
        held = [self._session(item, session, there, day, on_day) for session in item["sessions"]]
        lengths = [session["duration"] for session in item["sessions"]]
        for (before, _), minutes, (after, _) in zip(held, lengths, held[1:], strict=False):
            model.add(after >= before + minutes).only_enforce_if(there)
            model.add(after <= before + minutes + self.instance["max_gap"]).only_enforce_if(there)
        for person in {id_ for _, chosen in held for id_ in chosen}:
            model.add_at_most_one(chosen[person] for _, chosen in held if person in chosen)
        early = model.new_int_var(0, 10 * len(held) * (self.instance["days"] + 1), "")
        model.add(early >= 10 * len(held) * day).only_enforce_if(there)
        self.costs += [LEFT_OUT * (1 - there), early]
        return there, held

    def _session(
        self, item: dict[str, Any], session: dict[str, Any], there: Any, day: Any, on_day: list[Any]
    ) -> tuple[Any, dict[int, Any]]:
        model, minutes = self.model, session["duration"]
        starts = starts_of(item["windows"], minutes, self.instance["grid"])
        start = model.new_int_var_from_domain(cp_model.Domain.from_values(starts or [0]), "")
        if not starts:
            model.add(there == 0)
        model.add(start >= DAY * day).only_enforce_if(there)
        model.add(start < DAY * day + DAY).only_enforce_if(there)
        self.all_held.append(model.new_optional_interval_var(start, minutes, start + minutes, there, ""))
        chosen = {person: self._sitting(start, minutes, person, on_day) for person in session["pool"]}
        model.add(sum(chosen.values()) == session["k"] * there)
        self.costs += [3 * here for person, here in chosen.items() if person not in item["preferred"]]
        return start, chosen

    def _sitting(self, start: Any, minutes: int, person: int, on_day: list[Any]) -> Any:
        model, chosen, longer = self.model, self.model.new_bool_var(""), minutes + self.instance["buffer"]
        held = model.new_optional_interval_var(start, minutes, start + minutes, chosen, "")
        self.taken[person].append(held)
        self.apart[person].append(model.new_optional_interval_var(start, longer, start + longer, chosen, ""))
        for day, here in enumerate(on_day):
            then = model.new_bool_var("")
            model.add_multiplication_equality(then, [chosen, here])
            self.sittings[person, day].append(then)
        return chosen

    def _people(self) -> None:
        for person in self.instance["interviewers"]:
            id_ = person["id"]
            self.model.add_no_overlap(self.taken[id_])
            self.model.add_no_overlap(self.apart[id_])
            days = [self.sittings[id_, day] for day in range(self.instance["days"] + 1)]
            for sittings in days:
                self.model.add(sum(sittings) <= person["max_per_day"])
            most = person["max_per_day"] * len(days)
            new = self.model.new_int_var(0, most, "")
            self.model.add(new == sum(sum(sittings) for sittings in days))
            square = self.model.new_int_var(0, most * most, "")
            self.model.add_multiplication_equality(square, [new, new])
            self.costs += [square, new]

    def answer(self, value: Any) -> dict[str, Any]:
        """`value` gives what a variable has become."""
        return {
            "schedule": [
                {
                    "candidate": id_,
                    "sessions": [
                        {"start": value(start), "interviewers": [p for p in chosen if value(chosen[p])]}
                        for start, chosen in held
                    ],
                }
                for id_, (there, held) in self.held.items()
                if value(there)
            ]
        }


def solve(instance: dict[str, Any], seconds: float, _repeats: int) -> dict[str, Any]:
    began = time.perf_counter()
    everybody = Everybody(instance)
    watch = Watch(instance, everybody.answer, began)
    solver, status = watch.solve(everybody.model, seconds)
    return told(
        watch.answer,
        watch.improvements,
        build=watch.built - began,
        total=time.perf_counter() - began,
        proof=solver.status_name(status).lower(),
    )


if __name__ == "__main__":
    compete(solve)
