# SPDX-License-Identifier: Apache-2.0
"""Who works at Northwind Labs, where they meet, and how they interview: in the API's own form."""

from __future__ import annotations

from typing import Any

ORGANIZATION = "Northwind Labs"
BRANDING = {"color": "#2f5d50"}
CONTACT = {"name": "Rosa Lindqvist", "email": "rosa.lindqvist@northwind.example"}
#: whom the demo invites, one after the other: each link that was used is followed by a fresh one
CANDIDATES = ("Candy Doe", "Robin Ashby", "Noor Haddad", "Kim Larsen", "Alex Moreau", "Jude Okoye")
CANDIDATE_ZONE = "Europe/London"

WEEK = ["mon", "tue", "wed", "thu", "fri"]


def _address(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@northwind.example"


def _hours(start: str, end: str, days: list[str] | None = None) -> list[dict[str, Any]]:
    return [{"days": days or WEEK, "start": start, "end": end}]


def _person(name: str, zone: str, *skills: str, **more: Any) -> dict[str, Any]:
    return {
        "external_id": f"demo-{name.split(maxsplit=1)[0].lower()}",
        "name": name,
        "email": _address(name),
        "time_zone": zone,
        "qualifications": [_qualification(skill) for skill in skills],
        "working_hours": _hours("09:00", "17:30"),
        "limits": {"per_day": 2, "per_week": 6},
        **more,
    }


def _qualification(text: str) -> dict[str, str]:
    skill, _, level = text.partition(":")
    return {"skill": skill, "level": level or "qualified"}


def _room(name: str, capacity: int, location: str) -> dict[str, Any]:
    address = f"room-{name.lower()}@northwind.example"
    return {
        "external_id": f"demo-{name.lower()}",
        "name": name,
        "capacity": capacity,
        "time_zone": "Europe/London",
        "calendar": {"provider": "ics", "address": address},
        "location": location,
    }


INTERVIEWERS: tuple[dict[str, Any], ...] = (
    _person("Amelia Clarke", "Europe/London", "hiring-manager", "product-sense", "phone-screen"),
    _person(
        "Tom Okafor",
        "Europe/London",
        *("system-design", "pair-programming", "technical-panel"),
        preferred_hours=_hours("10:00", "16:00"),
        buffer={"before": 5, "after": 10},
    ),
    _person("Grace Whitfield", "Europe/London", "pair-programming", "system-design", "technical-panel"),
    _person(
        "Oliver Bennett",
        "Europe/London",
        *("product-sense", "hiring-manager"),
        working_hours=_hours("09:30", "18:00"),
        preferred_hours=_hours("13:00", "17:00"),
    ),
    _person("Zara Hussain", "Europe/London", "hiring-manager", "system-design", limits={"per_day": 1}),
    _person(
        "Ewan MacLeod",
        "Europe/London",
        *("pair-programming", "product-sense"),
        working_hours=_hours("09:00", "17:00", ["mon", "tue", "wed", "thu"]),
    ),
    _person("Lena Vogt", "Europe/Berlin", "technical-panel", "phone-screen", buffer={"after": 10}),
    _person("Jonas Brandt", "Europe/Berlin", "technical-panel:shadow"),
    _person(
        "Miriam Adler",
        "Europe/Berlin",
        *("phone-screen", "technical-panel"),
        preferred_hours=_hours("09:00", "12:00"),
    ),
    _person("Marcus Reed", "America/New_York", "technical-panel", "phone-screen"),
    _person("Sofia Alvarez", "America/New_York", "technical-panel", buffer={"before": 10, "after": 10}),
    _person(
        "Ananya Sen",
        "Asia/Kolkata",
        *("technical-panel", "phone-screen"),
        working_hours=_hours("11:00", "19:30"),
    ),
)

ROOMS: tuple[dict[str, Any], ...] = (
    _room("Juniper", 6, "Second floor"),
    _room("Larch", 4, "Second floor"),
    _room("Willow", 8, "Ground floor"),
)


def _session(key: str, title: str, minutes: int, *seats: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"key": key, "title": title, "minutes": minutes, "seats": list(seats), **more}


def _onsite(key: str, title: str, minutes: int, *skills: str, instructions: str) -> dict[str, Any]:
    return _session(
        key,
        title,
        minutes,
        *({"skill": skill} for skill in skills),
        room={"capacity": 4},
        location="12 Quay Street, London",
        conference="none",
        instructions=instructions,
    )


PHONE_SCREEN: dict[str, Any] = {
    "external_id": "demo-phone-screen",
    "name": "Phone screen",
    "sessions": [
        _session(
            *("call", "First conversation", 30),
            {"skill": "phone-screen"},
            conference="none",
            instructions="We call you on the number you gave us. There is nothing to prepare.",
        )
    ],
    "notice_hours": 12,
    "horizon_days": 10,
}

TECHNICAL_PANEL: dict[str, Any] = {
    "external_id": "demo-technical-panel",
    "name": "Technical interview",
    "sessions": [
        _session(
            *("panel", "Technical conversation", 60),
            {"skill": "technical-panel", "count": 2},
            {"role": "shadow", "skill": "technical-panel", "level": "shadow", "optional": True},
            conference_url="https://meet.northwind.example/technical",
            instructions="Bring a piece of work you know well. No puzzles, no trick questions.",
        )
    ],
    "candidate_hours": {"start": "09:00", "end": "18:00"},
}

ONSITE_LOOP: dict[str, Any] = {
    "external_id": "demo-onsite-loop",
    "name": "Onsite interviews",
    "sessions": [
        _onsite(
            *("coding", "Coding together", 60, "pair-programming"),
            instructions="Bring your own laptop and editor, or borrow one of ours.",
        ),
        _onsite(*("design", "System design", 60, "system-design"), instructions="A whiteboard, and time."),
        _onsite(*("product", "How we work", 45, "product-sense"), instructions="Nothing to prepare."),
        _onsite(*("questions", "Your questions", 45, "hiring-manager"), instructions="Ask us anything."),
    ],
    "order": "any",
    "gap": {"min": 0, "max": 45},
    "breaks": [{"name": "Lunch", "minutes": 45, "between": ["12:00", "13:30"]}],
    "candidate_hours": {"start": "09:00", "end": "18:00"},
    "notice_hours": 48,
    "horizon_days": 21,
}

PLANS: tuple[dict[str, Any], ...] = (PHONE_SCREEN, TECHNICAL_PANEL, ONSITE_LOOP)
