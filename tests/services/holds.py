# SPDX-License-Identifier: Apache-2.0
"""Times that are held while a candidate chooses."""

from __future__ import annotations

import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.services import picking, runs, upkeep
from tests.services.town import RECRUITER

DAY = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-03T00:00:00Z"}
#: room for three interviews of an hour, one after the other
MORNING = {"start": "2026-12-02T09:00:00Z", "end": "2026-12-02T12:00:00Z"}
ONE_HOUR = {"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T11:00:00Z"}
#: after an offer of a day has ended
LATER = {"start": "2026-12-08T00:00:00Z", "end": "2026-12-11T00:00:00Z"}
CANDY = [{"name": "Candy", "email": "candy@example.net", "time_zone": "Europe/London"}]
DORA = [{"name": "Dora", "email": "dora@example.net", "time_zone": "Europe/London"}]


def options_of(run, candidate=0):
    return run["candidates"][candidate]["options"]


def starts(run, candidate=0):
    return sorted(option["start"] for option in options_of(run, candidate))


def statuses(run):
    return [option["status"] for option in options_of(run)]


def again(town, run):
    return runs.get(town.parts, town.organization_id, run["id"])


def live(town):
    """How many holds are in others' way now."""
    with town.parts.database.transaction(town.organization_id) as session:
        query = sa.select(sa.func.count()).where(rows.Hold.expires_at > town.clock())
        return session.scalar(query.select_from(rows.Hold))


def book(town, option):
    return picking.book(town.parts, town.organization_id, option["id"], actor=RECRUITER)


def interval(option):
    return Interval(parse_instant(option["start"]), parse_instant(option["end"]))


def sweep(town):
    """As the clock asks for it."""
    upkeep.sweep(town.parts)
    town.run_jobs()


def end_by_cancelling(town, run):
    runs.cancel(town.parts, town.organization_id, run["id"], actor=RECRUITER)
