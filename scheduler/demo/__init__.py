# SPDX-License-Identifier: Apache-2.0
"""The demo organisation of `make run`: made once, through the same verbs the API uses, and kept."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from calendars.ics.files import CalendarFiles
from scheduler.demo import calendars, cast, keeping
from scheduler.demo.calendars import WEEK, Owner
from scheduler.demo.keeping import Kept
from scheduler.domain.errors import Conflict, Refusal
from scheduler.services import (
    candidate_link,
    interviewers,
    keys,
    organizations,
    plans,
    rooms,
    runs,
)
from scheduler.services.parts import SYSTEM, Parts
from scheduler.settings import Settings

#: this week and the six after it
WEEKS = 7
#: the most seconds a start waits for a fresh link, the first start of the solver included
PATIENCE = 30.0
SCOPES = ("read", "schedule", "manage", "admin")


def ensure(parts: Parts, settings: Settings) -> list[str]:
    """Make the demo organisation, or find it as it was left; lines that say how to go on from here.

    Twice is once: a start that was cut short is taken up where it ended, and what somebody has changed or
    removed since stays so. A link that cannot be used any more is followed by a fresh one, for somebody new.
    """
    path = settings.data_dir / "demo.json"
    kept = _organization(parts, keeping.load(path))
    keeping.save(path, kept)
    kept = _fill_calendars(kept, settings.ics_dir, parts.now().date())
    if not kept.complete:
        _make_people_and_plans(parts, kept.organization_id)
        kept = kept.evolve(complete=True)
    keeping.save(path, kept)
    kept, link = _link(parts, kept)
    keeping.save(path, kept)
    return _lines(parts, settings, kept, link)


def _organization(parts: Parts, kept: Kept | None) -> Kept:
    if kept is not None and keys.authenticate(parts, kept.key) is not None:
        return kept
    organization_id = organizations.create(parts, name=cast.ORGANIZATION)
    organizations.update(parts, organization_id, {"branding": cast.BRANDING})
    _, key = keys.create(parts, organization_id, name="Demo", scopes=SCOPES)
    # Another database, the same folder: the calendars are as full as they were.
    return Kept(organization_id=organization_id, key=key, filled_to=kept.filled_to if kept else None)


def _make_people_and_plans(parts: Parts, organization_id: str) -> None:
    for create, wanted in (
        (interviewers.create, cast.INTERVIEWERS),
        (rooms.create, cast.ROOMS),
        (plans.create, cast.PLANS),
    ):
        for data in wanted:
            _once(create, parts, organization_id, data)


def _once(create: Callable[..., Any], parts: Parts, organization_id: str, data: dict[str, Any]) -> None:
    try:
        create(parts, organization_id, data)
    except Conflict as conflict:
        if conflict.reason != "external_id_taken":
            raise


def owners() -> list[Owner]:
    """Everybody and every room that has a calendar."""
    people = [
        Owner(
            address=data["email"],
            name=data["name"],
            time_zone=data["time_zone"],
            hours=_hours(data["working_hours"]),
            turn=turn,
            turns=len(cast.INTERVIEWERS),
        )
        for turn, data in enumerate(cast.INTERVIEWERS)
    ]
    opening = dict.fromkeys(range(5), (time(8), time(18)))
    return people + [
        Owner(
            address=data["calendar"]["address"],
            name=data["name"],
            time_zone=data["time_zone"],
            hours=opening,
            is_room=True,
        )
        for data in cast.ROOMS
    ]


def _hours(weekly: list[dict[str, Any]]) -> dict[int, tuple[time, time]]:
    return {
        calendars.DAYS.index(day): (time.fromisoformat(item["start"]), time.fromisoformat(item["end"]))
        for item in weekly
        for day in item["days"]
    }


def _fill_calendars(kept: Kept, folder: Path, today: date) -> Kept:
    """Write the calendars, or give those that are there the weeks that have come into view since."""
    this_monday = today - timedelta(days=today.weekday())
    end = this_monday + WEEKS * WEEK
    if kept.filled_to is not None and kept.filled_to >= end:
        return kept
    first = max(kept.filled_to or this_monday, this_monday)
    mondays = [first + number * WEEK for number in range((end - first) // WEEK)]
    folder.mkdir(parents=True, exist_ok=True)
    files = CalendarFiles(folder)
    for owner in owners():
        with files.changing(owner.address):
            data = files.read(owner.address)
            if data is not None and kept.filled_to is not None:
                files.write(owner.address, calendars.extend(data, owner, mondays))
            elif data is None and not kept.complete:
                files.write(owner.address, calendars.export(owner, this_monday, WEEKS))
    return kept.evolve(filled_to=end)


def _link(parts: Parts, kept: Kept) -> tuple[Kept, str | None]:
    """The candidate link that works, from a fresh run when it must be."""
    url = _url_of(parts, kept)
    if url and candidate_link.open(parts, url.rpartition("/")[2]).status == "offered":
        return kept, url
    try:
        run = runs.request(parts, kept.organization_id, _wish(parts, kept), actor=SYSTEM)
    except Refusal:  # somebody has removed the plan
        return kept, None
    kept = kept.evolve(run_id=run["id"], invited=kept.invited + 1)
    runs.wait(parts, kept.organization_id, run["id"], seconds=PATIENCE)
    return kept, _url_of(parts, kept)


def _url_of(parts: Parts, kept: Kept) -> str | None:
    if kept.run_id is None:
        return None
    run = runs.get(parts, kept.organization_id, kept.run_id)
    invitation = run["candidates"][0]["invitation"]
    return invitation["url"] if invitation else None


def _wish(parts: Parts, kept: Kept) -> dict[str, Any]:
    """Ask for a technical interview of somebody nobody has met yet."""
    name = cast.CANDIDATES[kept.invited % len(cast.CANDIDATES)]
    mailbox = name.split()[0].lower()
    return {
        "plan_id": _plan_id(parts, kept, cast.TECHNICAL_PANEL),
        "candidates": [
            {"name": name, "email": f"{mailbox}@candidate.example", "time_zone": cast.CANDIDATE_ZONE}
        ],
        "contact": cast.CONTACT,
    }


def _plan_id(parts: Parts, kept: Kept, plan: dict[str, Any]) -> str | None:
    page = plans.find(parts, kept.organization_id, limit=200)
    return next((item["id"] for item in page.data if item["external_id"] == plan["external_id"]), None)


def _lines(parts: Parts, settings: Settings, kept: Kept, link: str | None) -> list[str]:
    said = [
        ("URL", f"{settings.public_url}  (the API: {settings.public_url}/docs)"),
        ("API key", kept.key),
        ("candidate link", link or f"none: see the run {kept.run_id or 'that you ask for next'}"),
        ("calendars", str(settings.ics_dir)),
    ]
    if settings.mail_url.reveal() == "file:":
        said.append(("mail", str(settings.data_dir / "mail")))
    plan_id = _plan_id(parts, kept, cast.ONSITE_LOOP)
    if plan_id:
        said.append(("next", _curl(settings, kept, plan_id)))
    return [f"{cast.ORGANIZATION}, the demo organisation:", *(f"  {name:<16}{text}" for name, text in said)]


def _curl(settings: Settings, kept: Kept, plan_id: str) -> str:
    """A command that asks for a whole day of interviews and answers with the times and a link."""
    candidate = {"name": "Sam Carter", "email": "sam@candidate.example", "time_zone": "Europe/London"}
    return shlex.join(
        [
            *("curl", "-sS", f"{settings.public_url}/v1/runs"),
            *("-H", f"Authorization: Bearer {kept.key}"),
            *("-H", "Content-Type: application/json"),
            *("-H", "Prefer: wait=10"),
            *("-d", json.dumps({"plan_id": plan_id, "candidates": [candidate], "contact": cast.CONTACT})),
        ]
    )
