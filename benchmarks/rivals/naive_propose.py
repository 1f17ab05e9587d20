# SPDX-License-Identifier: Apache-2.0
"""Proposing as a textbook would have it: as many copies of the plan as options are wanted, every start an
integer, every person of a pool a Boolean, intervals that do not overlap, one weighted sum.
"""

from __future__ import annotations

import time
from typing import Any

from ortools.sat.python import cp_model

from benchmarks.rivals._telling import compete, told
from benchmarks.rivals._textbook import DAY, Watch, not_free, starts_of

MISSING = 100_000


class Copies:
    """The model of all copies."""

    def __init__(self, instance: dict[str, Any]) -> None:
        self.instance, self.model = instance, cp_model.CpModel()
        self.horizon = instance["days"] * DAY + DAY
        people = {person["id"]: person for person in instance["interviewers"]}
        self.loads = {id_: person["load"] for id_, person in people.items()}
        self.taken = {("p", id_): self._fixed(not_free(one, self.horizon)) for id_, one in people.items()}
        self.taken |= {("r", room["id"]): self._fixed(room["busy"]) for room in instance["rooms"]}
        self.everything: list[Any] = []
        self.starts: dict[tuple[int, int], Any] = {}
        self.chosen: dict[tuple[int, int, str, int], Any] = {}
        self.plans = [self._copy(number) for number in range(instance["k_plans"])]
        self.model.add_no_overlap(self.everything)
        for intervals in self.taken.values():
            self.model.add_no_overlap(intervals)
        self.model.minimize(sum(cost + MISSING * (1 - there) for there, cost in self.plans))

    def _fixed(self, stretches: list[list[int]]) -> list[Any]:
        return [self.model.new_fixed_size_interval_var(start, end - start, "") for start, end in stretches]

    def _copy(self, number: int) -> tuple[Any, Any]:
        """Whether this plan is there, and what it costs."""
        model, there = self.model, self.model.new_bool_var("")
        spans = {item["id"]: self._session(number, item, there) for item in self.instance["sessions"]}
        for before, after in self.instance["precedence"]:
            model.add(spans[before][1] <= spans[after][0]).only_enforce_if(there)
        for person in self.loads:
            mine = [key for key in self.chosen if key[0] == number and key[2:] == ("p", person)]
            model.add_at_most_one(self.chosen[key] for key in mine)
        used, idle = zip(*(self._day(day, spans, there) for day in range(self.instance["days"])), strict=True)
        last = model.new_int_var(0, self.instance["days"], "")
        first = model.new_int_var(0, self.instance["days"], "")
        for day, here in enumerate(used):
            model.add(last >= day).only_enforce_if(here)
            model.add(first <= day).only_enforce_if(here)
        model.add(last - first < self.instance["max_days"])
        load = sum(
            self.loads[key[3]] * chosen
            for key, chosen in self.chosen.items()
            if key[0] == number and key[2] == "p"
        )
        cost = model.new_int_var(0, MISSING - 1, "")
        spent = 10 * last + 8 * (sum(used) - 1) + 3 * load
        model.add(self.instance["grid"] * (cost - spent) >= 2 * sum(idle)).only_enforce_if(there)
        return there, cost

    def _session(self, number: int, item: dict[str, Any], there: Any) -> tuple[Any, Any]:
        model, minutes = self.model, item["duration"]
        starts = starts_of(self.instance["candidate"]["windows"], minutes, self.instance["grid"])
        start = model.new_int_var_from_domain(cp_model.Domain.from_values(starts or [0]), "")
        if not starts:
            model.add(there == 0)
        self.starts[number, item["id"]] = start
        self.everything.append(model.new_optional_interval_var(start, minutes, start + minutes, there, ""))
        model.add(sum(self._takers(number, item, start, "p", item["pool"])) == item["k"] * there)
        if item["room"]:
            rooms = [room["id"] for room in self.instance["rooms"]]
            model.add(sum(self._takers(number, item, start, "r", rooms)) == there)
        return start, start + minutes

    def _takers(self, number: int, item: dict[str, Any], start: Any, kind: str, ids: list[int]) -> list[Any]:
        """A Boolean for each who could take part."""
        found = []
        for id_ in ids:
            chosen = self.model.new_bool_var("")
            minutes = item["duration"]
            span = self.model.new_optional_interval_var(start, minutes, start + minutes, chosen, "")
            self.taken[kind, id_].append(span)
            self.chosen[number, item["id"], kind, id_] = chosen
            found.append(chosen)
        return found

    def _day(self, day: int, spans: dict[int, tuple[Any, Any]], there: Any) -> tuple[Any, Any]:
        """Whether the plan uses this day, and its idle minutes there; the lunch is kept."""
        model, low, high = self.model, day * DAY, day * DAY + DAY
        used, idle = model.new_bool_var(""), model.new_int_var(0, DAY, "")
        first, last = model.new_int_var(low, high, ""), model.new_int_var(low, high, "")
        here = {id_: self._on(spans[id_], low, high) for id_ in spans}
        minutes = {item["id"]: item["duration"] for item in self.instance["sessions"]}
        for id_, on in here.items():
            both = model.new_bool_var("")
            model.add_multiplication_equality(both, [on, there])
            model.add(used >= both)
            model.add(first <= spans[id_][0]).only_enforce_if(both)
            model.add(last >= spans[id_][1]).only_enforce_if(both)
            here[id_] = both
        held = sum(minutes[id_] * on for id_, on in here.items())
        model.add(idle >= last - first - held).only_enforce_if(used)
        self._lunch(low, first, last, used, [(spans[id_], minutes[id_], here[id_]) for id_ in spans])
        return used, idle

    def _on(self, span: tuple[Any, Any], low: int, high: int) -> Any:
        """The session starts between these two."""
        domain = cp_model.Domain(low, high - 1)
        on = self.model.new_bool_var("")
        self.model.add_linear_expression_in_domain(span[0], domain).only_enforce_if(on)
        self.model.add_linear_expression_in_domain(span[0], domain.complement()).only_enforce_if(~on)
        return on

    def _lunch(self, low: int, first: Any, last: Any, used: Any, held: list[Any]) -> None:
        model, lunch = self.model, self.instance["lunch"]
        opens, closes = low + lunch["from"], low + lunch["to"]
        owed, late, early = model.new_bool_var(""), model.new_bool_var(""), model.new_bool_var("")
        model.add(first >= opens).only_enforce_if(late)
        model.add(last <= closes).only_enforce_if(early)
        model.add_bool_or(owed, late, early, ~used)
        start = model.new_int_var(opens, closes - lunch["minutes"], "")
        break_ = model.new_optional_interval_var(start, lunch["minutes"], start + lunch["minutes"], owed, "")
        sessions = [model.new_optional_interval_var(s, m, e, on, "") for (s, e), m, on in held]
        model.add_no_overlap([break_, *sessions])

    def answer(self, value: Any) -> dict[str, Any]:
        """`value` gives what a variable has become."""
        return {"plans": [self._plan(n, value) for n, (there, _) in enumerate(self.plans) if value(there)]}

    def _plan(self, number: int, value: Any) -> list[dict[str, Any]]:
        return [
            {
                "session": item["id"],
                "start": value(self.starts[number, item["id"]]),
                "interviewers": self._who(number, item["id"], "p", value),
                "room": next(iter(self._who(number, item["id"], "r", value)), None),
            }
            for item in self.instance["sessions"]
        ]

    def _who(self, number: int, session: int, kind: str, value: Any) -> list[int]:
        return [k[3] for k, var in self.chosen.items() if k[:3] == (number, session, kind) and value(var)]


def solve(instance: dict[str, Any], seconds: float, _repeats: int) -> dict[str, Any]:
    began = time.perf_counter()
    copies = Copies(instance)
    watch = Watch(instance, copies.answer, began)
    solver, status = watch.solve(copies.model, seconds)
    return told(
        watch.answer,
        watch.improvements,
        build=watch.built - began,
        total=time.perf_counter() - began,
        proof=solver.status_name(status).lower(),
    )


if __name__ == "__main__":
    compete(solve)
