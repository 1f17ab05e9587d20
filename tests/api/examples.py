# SPDX-License-Identifier: Apache-2.0
"""What the tests send."""

from __future__ import annotations

from typing import Any

OFFICE_HOURS = [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00"}]
SKILLED = [{"skill": "talking", "level": "qualified"}]
CONTACT = {"name": "Rosa", "email": "rosa@acme.example"}


def interviewer(**changes: Any) -> dict[str, Any]:
    return {"name": "Ada Obi", "email": "ada@example.com", "time_zone": "Europe/Berlin", **changes}


def room(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Oak",
        "capacity": 4,
        "time_zone": "Europe/Berlin",
        "calendar": {"provider": "ics", "address": "oak@example.com"},
        **changes,
    }


def session(**changes: Any) -> dict[str, Any]:
    return {"key": "talk", "title": "Talk", "minutes": 45, "seats": [{"skill": "talking"}], **changes}


def plan(**changes: Any) -> dict[str, Any]:
    return {"name": "Engineer", "sessions": [session()], **changes}


def webhook(**changes: Any) -> dict[str, Any]:
    return {"url": "https://ats.example.org/hooks/convene", **changes}


def candidate(**changes: Any) -> dict[str, Any]:
    return {"name": "Candy Date", "email": "candy@example.org", **changes}
