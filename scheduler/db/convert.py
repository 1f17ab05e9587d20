# SPDX-License-Identifier: Apache-2.0
"""Rows as the domain's values."""

from __future__ import annotations

from scheduler.db import rows
from scheduler.domain.hours import WeeklyHours
from scheduler.domain.options import Option
from scheduler.domain.people import (
    Buffer,
    CalendarAddress,
    Candidate,
    Interviewer,
    Limits,
    Qualification,
    Room,
    intervals_from_json,
)


def interviewer(row: rows.Interviewer) -> Interviewer:
    return Interviewer(
        id=row.id,
        name=row.name,
        email=row.email,
        time_zone=row.time_zone,
        locale=row.locale,
        active=row.active,
        calendar=CalendarAddress.from_json(row.calendar),
        busy_calendars=tuple(CalendarAddress.from_json(address) for address in row.busy_calendars),
        working_hours=tuple(WeeklyHours.from_json(hours) for hours in row.working_hours),
        preferred_hours=tuple(WeeklyHours.from_json(hours) for hours in row.preferred_hours),
        qualifications=tuple(Qualification(q["skill"], q["level"]) for q in row.qualifications),
        limits=Limits(row.limits.get("per_day"), row.limits.get("per_week")),
        buffer=Buffer(row.buffer.get("before", 0), row.buffer.get("after", 0)),
    )


def room(row: rows.Room) -> Room:
    return Room(
        id=row.id,
        name=row.name,
        capacity=row.capacity,
        time_zone=row.time_zone,
        calendar=CalendarAddress.from_json(row.calendar),
        location=row.location,
    )


def candidate(row: rows.Candidate) -> Candidate:
    return Candidate(
        id=row.id,
        name=row.name,
        email=row.email,
        time_zone=row.time_zone,
        locale=row.locale,
        availability=intervals_from_json(row.availability),
    )


def option(row: rows.Option) -> Option:
    return Option.from_json(
        {"id": row.id, "sessions": row.sessions, "cost": row.cost, "reasons": row.reasons}
    )
