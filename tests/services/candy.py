# SPDX-License-Identifier: Apache-2.0
"""Candy Ray, of whom all sorts of personal things are known."""

from __future__ import annotations

import sqlalchemy as sa

from scheduler.db import rows
from scheduler.services import erasing
from tests.services.town import RECRUITER

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-05T00:00:00Z"}
CANDY = {
    "name": "Candy Ray",
    "email": "candy@example.net",
    "phone": "+49 30 1234567",
    "time_zone": "Europe/London",
    "locale": "en-GB",
    "external_id": "ats-4711",
    "external_refs": {"application": "app-0815"},
    "metadata": {"source": "a fair in Ghent"},
}
#: whatever names her or is hers to say
PERSONAL = (
    *("Candy", "candy@example.net", "1234567", "ats-4711", "app-0815", "Ghent"),
    *("I have a cold", "Is there a lift"),
)


def offer(town, plan=None, **fields):
    return town.offer(plan, window=WINDOW, **({"candidates": [CANDY]} | fields))


def booked(town, **fields):
    town.hire("Ada", skills=("python",))
    run = offer(town, **fields)
    booking = town.book(run)
    town.run_jobs()
    return run, booking


def person(run) -> str:
    return run["candidates"][0]["candidate"]["id"]


def erase(town, id_, **how):
    return erasing.erase(town.parts, town.organization_id, id_, actor=RECRUITER, **how)


def happened(town, type_):
    with town.parts.database.transaction(town.organization_id) as session:
        return [event.data for event in session.scalars(sa.select(rows.Event).filter_by(type=type_))]
