# SPDX-License-Identifier: Apache-2.0
"""Runs and bookings as the API, the candidate's page and events show them: JSON-ready, instants as RFC 3339
text.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.intervals import format_instant
from scheduler.domain.people import intervals_from_json, intervals_to_json
from scheduler.services import conferences, invitations
from scheduler.services.parts import Parts
from scheduler.services.wanted import INVITING


def run(session: Session, parts: Parts, row: rows.Run) -> dict[str, Any]:
    query = (
        sa.select(rows.RunCandidate)
        .where(rows.RunCandidate.run_id == row.id)
        .order_by(rows.RunCandidate.position)
    )
    return {
        "id": row.id,
        "status": row.status,
        "plan": row.plan,
        "window": {"start": format_instant(row.window_start), "end": format_instant(row.window_end)},
        "mode": row.mode,
        "confirm": row.confirm,
        "contact": contact(row.contact),
        "candidates": [_run_candidate(session, parts, item) for item in session.scalars(query)],
        "solver": row.solver,
        "error": row.error,
        "created_at": format_instant(row.created_at),
        "finished_at": format_instant(row.finished_at) if row.finished_at else None,
    }


def contact(data: dict[str, Any] | None) -> dict[str, Any] | None:
    return {"name": data["name"], "email": data["email"]} if data else None


def _run_candidate(session: Session, parts: Parts, row: rows.RunCandidate) -> dict[str, Any]:
    options = session.scalars(
        sa.select(rows.Option).where(rows.Option.run_candidate_id == row.id).order_by(rows.Option.position)
    )
    invitation = session.scalar(
        sa.select(rows.Invitation)
        .where(rows.Invitation.run_candidate_id == row.id)
        .order_by(rows.Invitation.created_at.desc())
        .limit(1)
    )
    booking_id = session.scalar(
        sa.select(rows.Booking.id)
        .where(rows.Booking.run_candidate_id == row.id)
        .order_by(rows.Booking.created_at.desc())
        .limit(1)
    )
    return {
        "candidate": candidate(session.get_one(rows.Candidate, row.candidate_id)),
        "external_refs": row.external_refs,
        "status": row.status,
        "options": [option(item) for item in options],
        "explanation": row.explanation,
        "questions": row.questions,
        "invitation": invitations.view(parts, invitation) if invitation else None,
        "booking_id": booking_id,
    }


def candidate(row: rows.Candidate) -> dict[str, Any]:
    return {
        "id": row.id,
        "external_id": row.external_id,
        "name": row.name,
        "email": row.email,
        "phone": row.phone,
        "time_zone": row.time_zone,
        "locale": row.locale,
        "availability": intervals_to_json(intervals_from_json(row.availability)),
        "metadata": row.metadata_,
    }


def option(row: rows.Option) -> dict[str, Any]:
    return {
        "id": row.id,
        "start": format_instant(row.start),
        "end": format_instant(row.end),
        "status": row.status,
        "sessions": row.sessions,
        "cost": row.cost,
        "reasons": row.reasons,
    }


def option_for_candidate(view: dict[str, Any]) -> dict[str, Any]:
    """An option as the holder of a link may have it, in the same shape: what it costs and who else was
    thought of is the team's own.
    """
    return view | {"cost": 0, "reasons": []}


def booking(session: Session, row: rows.Booking) -> dict[str, Any]:
    entries: dict[str, list[rows.CalendarEntry]] = defaultdict(list)
    # What a change has taken out of a calendar is of the past; what a cancellation has, is the answer to it.
    shown = sa.true() if row.status == "cancelled" else rows.CalendarEntry.status != "removed"
    for entry in session.scalars(
        sa.select(rows.CalendarEntry)
        .where(rows.CalendarEntry.booking_id == row.id, shown)
        .order_by(rows.CalendarEntry.provider, rows.CalendarEntry.calendar)
    ):
        entries[entry.session_key].append(entry)
    addresses = _addresses(session, row)
    conference = {item["key"]: item.get("conference_url") for item in row.plan["sessions"]}
    made = conferences.links_of(entry for found in entries.values() for entry in found)
    return {
        "id": row.id,
        "status": row.status,
        "version": row.version,
        "candidate": candidate(session.get_one(rows.Candidate, row.candidate_id)),
        "plan": row.plan,
        "run_id": row.run_id,
        "option_id": row.option_id,
        "external_refs": row.external_refs,
        "start": format_instant(row.start),
        "end": format_instant(row.end),
        "sessions": [
            {
                **item,
                "calendar_events": [
                    _calendar_event(entry, [addresses[person["id"]] for person in item["interviewers"]])
                    for entry in entries[item["key"]]
                ],
                "conference_url": conference.get(item["key"]) or made.get(item["key"]),
            }
            for item in row.sessions
        ],
        "attention": row.attention,
        "history": _history(session, row),
    }


def _calendar_event(entry: rows.CalendarEntry, panel: list[str]) -> dict[str, Any]:
    return {
        "provider": entry.provider,
        "calendar": entry.calendar,
        "id": entry.event_id,
        "url": entry.url,
        "status": entry.status,
        "attendees": entry.attendees if entry.provider in INVITING else panel,
    }


def _addresses(session: Session, row: rows.Booking) -> dict[str, str]:
    """The addresses of everybody on the booking's panels."""
    ids = {person["id"] for item in row.sessions for person in item["interviewers"]}
    query = sa.select(rows.Interviewer.id, rows.Interviewer.email).where(rows.Interviewer.id.in_(ids))
    return {id_: email for id_, email in session.execute(query)}  # noqa: C416  # rows are no pairs to mypy


def _history(session: Session, row: rows.Booking) -> list[dict[str, Any]]:
    found = session.scalars(
        sa.select(rows.Event).where(rows.Event.booking_id == row.id).order_by(rows.Event.position)
    )
    return [
        {"at": format_instant(e.at), "actor": e.actor, "event": e.type, "version": e.version, **e.data}
        for e in found
    ]
