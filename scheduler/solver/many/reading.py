# SPDX-License-Identifier: Apache-2.0
"""Reading an AssignProblem that somebody else wrote."""

from __future__ import annotations

from typing import Any

from scheduler.domain.intervals import merge
from scheduler.domain.options import Option, OptionSession, Panelist, RoomRef
from scheduler.domain.plans import Plan
from scheduler.solver.facts import (
    CandidateFacts,
    members_of,
)
from scheduler.solver.many.problem import ASSIGN, REPAIR, AssignProblem, PlannedCandidate
from scheduler.solver.problem import COMMON, FORMAT, read_common, read_plan
from scheduler.solver.reading import Node


def read_assign_problem(data: Any) -> AssignProblem:
    """Read the format of docs/problem.md. Raises Invalid with a pointer to the first thing wrong."""
    top = Node(data).fields(
        "format ask plans window now candidates interviewers",
        f"between_interviews {COMMON}",
    )
    top["format"].whole(FORMAT, FORMAT)
    fields = read_common(top)
    if "between_interviews" in top:
        fields["between_interviews"] = top["between_interviews"].whole(0, 1440)
    plans = tuple(read_plan(item) for item in top["plans"].items(at_least=1))
    return AssignProblem(
        ask=top["ask"].one_of(ASSIGN, REPAIR),
        candidates=tuple(_candidate(item, plans) for item in top["candidates"].items()),
        **fields,
    )


def _candidate(node: Node, plans: tuple[Plan, ...]) -> PlannedCandidate:
    members = node.fields("id", "time_zone availability plan met preferred booked")
    plan = plans[members["plan"].whole(0, len(plans) - 1) if "plan" in members else 0]
    return PlannedCandidate(
        candidate=CandidateFacts(
            id=members["id"].name(),
            time_zone=members["time_zone"].zone() if "time_zone" in members else None,
            availability=merge(item.interval() for item in members_of(members, "availability")),
        ),
        plan=plan,
        met=frozenset(item.name() for item in members_of(members, "met")),
        preferred=frozenset(item.name() for item in members_of(members, "preferred")),
        booked=_option(members["booked"], plan) if "booked" in members else None,
    )


def _option(node: Node, plan: Plan) -> Option:
    members = node.fields("sessions", "id start end cost reasons")
    known = [session.key for session in plan.sessions]
    sessions = tuple(_session(item, known) for item in members["sessions"].items(at_least=1))
    return Option(sessions=sessions, id=members["id"].text() if "id" in members else "")


def _session(node: Node, known: list[str]) -> OptionSession:
    members = node.fields("key start end interviewers", "title room")
    during = node.between(members["start"], members["end"])
    room = members["room"].fields("id", "name") if "room" in members else None
    return OptionSession(
        key=members["key"].one_of(*known),
        title=members["title"].text() if "title" in members else "",
        start=during.start,
        end=during.end,
        interviewers=tuple(_panelist(item) for item in members["interviewers"].items()),
        room=RoomRef(room["id"].name(), room["name"].text() if "name" in room else "") if room else None,
    )


def _panelist(node: Node) -> Panelist:
    members = node.fields("id role", "name optional")
    return Panelist(
        members["id"].name(),
        members["name"].text() if "name" in members else "",
        members["role"].text(),
        members["optional"].flag() if "optional" in members else False,
    )
