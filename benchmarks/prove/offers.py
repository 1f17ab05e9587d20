# SPDX-License-Identifier: Apache-2.0
"""Candidates with links and options. One of each kind is found by the service; the others are copies of it,
as a run with many candidates would have made them, without the minutes that solving them all would take.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.prove.house import House, eventually
from scheduler.db import rows
from scheduler.domain.ids import new_id
from scheduler.services import connections, interviewers, plans, runs
from scheduler.services.invitations import token_of
from scheduler.services.links import token_hash
from scheduler.services.parts import SYSTEM
from tests.fakes.radicale import PASSWORD

_numbers = itertools.count(1)
NOTICE = timedelta(hours=48)
HOURS = [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "08:00", "end": "20:00"}]


@dataclass(frozen=True)
class Offered:
    """A candidate: the token of their link, and what they may choose."""

    token: str
    run_candidate_id: str
    #: ids, in the order of the copied options
    options: tuple[str, ...]


@dataclass(frozen=True)
class Slot:
    """An option of the original: when, and with whom."""

    start: datetime
    end: datetime
    people: frozenset[str]


def hire(house: House, **fields: Any) -> str:
    """An interviewer with an empty calendar; the id."""
    number = next(_numbers)
    address = f"person{number}@northwind.example"
    house.put_calendar(address)
    person = {
        "name": f"Person {number}",
        "email": address,
        "time_zone": "UTC",
        "working_hours": HOURS,
        "calendar": {"provider": "ics", "address": address},
        **fields,
    }
    return str(interviewers.create(house.parts, house.organization_id, person)["id"])


def hire_at(house: House, provider: str, **fields: Any) -> str:
    """The same with their calendar at Google, at Microsoft or at the CalDAV server."""
    server = house.servers[provider]
    address = f"person{len(server.addresses)}@{provider}.example"
    server.add_person(address)
    if provider != "caldav":
        return hire(house, calendar={"provider": provider, "address": address}, **fields)
    url = house.caldav.url_of(address)
    person = hire(house, calendar={"provider": provider, "address": url}, **fields)
    account = {"url": url, "username": address, "password": PASSWORD}
    connections.keep_account(house.parts, house.organization_id, person, account)
    return person


def talk(*people: str, minutes: int = 60, count: int = 1, **more: Any) -> dict[str, Any]:
    """A plan of one session with so many of these people."""
    seat = {"interviewers": list(people), "count": count}
    session = {"key": "talk", "title": "A talk", "minutes": minutes, "seats": [seat], **more}
    return {
        "name": f"Talk {next(_numbers)}",
        "sessions": [session],
        "grid": 60,
        "reschedule": {"limit": 5, "cutoff_hours": 0},
        "notice_hours": NOTICE // timedelta(hours=1),
        "horizon_days": 21,
    }


def ask_for(house: House, plan: dict[str, Any], *, options: int, wait: bool = True, **more: Any) -> str:
    """A run for one candidate, solved unless nobody waits for it; the id of its candidate."""
    plan_id = plans.create(house.parts, house.organization_id, plan)["id"]
    asked = {
        "plan_id": plan_id,
        "options": options,
        "candidates": [somebody()],
        "contact": {"name": "Rosa Lindqvist", "email": "rosa@northwind.example"},
        **more,
    }
    run = runs.request(house.parts, house.organization_id, asked, actor=SYSTEM)

    def solved() -> bool:
        return runs.get(house.parts, house.organization_id, run["id"])["status"] in ("finished", "failed")

    if wait:
        eventually(solved, "options")
    with house.parts.database.transaction(house.organization_id) as session:
        found = sa.select(rows.RunCandidate.id).where(rows.RunCandidate.run_id == run["id"])
        return str(session.scalars(found).one())


def somebody() -> dict[str, Any]:
    """A candidate as a run names one."""
    number = next(_numbers)
    return {
        "name": f"Candidate {number}",
        "email": f"candidate{number}@candidate.example",
        "time_zone": "UTC",
    }


def slots_of(house: House, run_candidate_id: str, *, apart: bool = True) -> dict[str, Slot]:
    """Options of the original by id; `apart`: no two of them at the same time."""
    with house.parts.database.transaction(house.organization_id) as session:
        found = list(
            session.scalars(
                sa.select(rows.Option)
                .where(rows.Option.run_candidate_id == run_candidate_id)
                .order_by(rows.Option.start)
            )
        )
    chosen: dict[str, Slot] = {}
    last: datetime | None = None
    for option in found:
        if apart and last is not None and option.start < last:
            continue
        people = frozenset(person["id"] for item in option.sessions for person in item["interviewers"])
        chosen[option.id] = Slot(option.start, option.end, people)
        last = option.end
    return chosen


def copy(house: House, run_candidate_id: str, options: list[str], count: int) -> list[Offered]:
    """So many candidates more, each with these options of the original."""
    with house.parts.database.transaction(house.organization_id) as session:
        original = session.get_one(rows.RunCandidate, run_candidate_id)
        templates = [session.get_one(rows.Option, option_id) for option_id in options]
        first = 1 + (
            session.scalar(
                sa.select(sa.func.max(rows.RunCandidate.position)).where(
                    rows.RunCandidate.run_id == original.run_id
                )
            )
            or 0
        )
        return [
            _copy(session, house, original, templates, position) for position in range(first, first + count)
        ]


def _copy(
    session: Session,
    house: House,
    original: rows.RunCandidate,
    templates: list[rows.Option],
    position: int,
) -> Offered:
    asked = _asked(session, house, original, position)
    options = [_option(template, asked, number) for number, template in enumerate(templates)]
    link = _link(house, asked)
    token = token_of(house.parts.links, link)
    link.token_hash = token_hash(token)
    session.add_all([*options, link])
    session.flush()
    return Offered(token, asked.id, tuple(option.id for option in options))


def _asked(session: Session, house: House, original: rows.RunCandidate, position: int) -> rows.RunCandidate:
    """Somebody else in the original's run."""
    tenant = {"organization_id": original.organization_id}
    candidate = rows.Candidate(
        id=new_id("cand"),
        **tenant,
        **somebody(),
        availability=[],
        metadata_={},
        created_at=house.parts.now(),
    )
    session.add(candidate)
    session.flush()
    asked = rows.RunCandidate(
        id=new_id("rcd"),
        **tenant,
        run_id=original.run_id,
        candidate_id=candidate.id,
        position=position,
        external_refs={},
        status="offered",
        problem=original.problem,
        outcome=original.outcome,
    )
    session.add(asked)
    session.flush()
    return asked


def _option(template: rows.Option, asked: rows.RunCandidate, position: int) -> rows.Option:
    return rows.Option(
        id=new_id("opt"),
        organization_id=asked.organization_id,
        run_candidate_id=asked.id,
        position=position,
        start=template.start,
        end=template.end,
        sessions=template.sessions,
        cost=template.cost,
        reasons=template.reasons,
        status="offered",
    )


def _link(house: House, asked: rows.RunCandidate) -> rows.Invitation:
    """Good for a week, its token still to come."""
    now = house.parts.now()
    return rows.Invitation(
        id=new_id("inv"),
        organization_id=asked.organization_id,
        run_candidate_id=asked.id,
        token_hash=b"",
        key_fingerprint=house.parts.links.newest,
        generation=1,
        expires_at=now + timedelta(days=7),
        created_at=now,
    )


def invitation(house: House, candidate: Offered) -> str:
    """The id of a candidate's link."""
    query = "select id from invitations where run_candidate_id = :asked"
    [(found,)] = house.ask(query, asked=candidate.run_candidate_id)
    return str(found)
