# SPDX-License-Identifier: Apache-2.0
"""Mails to test with: Candy meets Ada, then Hana and Ivo, on Tuesday 1 December 2026."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from scheduler.domain.intervals import Interval
from scheduler.messages.content import (
    ABOUT_A_BOOKING,
    READERS,
    Brand,
    Kind,
    MailFacts,
    Part,
    Person,
    Role,
    SessionFacts,
)

NOW = datetime(2026, 11, 30, 9, 41, tzinfo=UTC)
LINK = "https://convene.example/c/secret-token"
CONSOLE = "https://convene.example/console/run_1"
PLAN = "Technical interview for Backend Engineer"

CANDY = Person(name="Candy Date", email="candy@example.net", time_zone="Europe/London")
ADA = Person(name="Ada Keller", email="ada@northwind.example", time_zone="Europe/Berlin")
ROSA = Person(name="Rosa Diaz", email="rosa@northwind.example", time_zone="Europe/Berlin")


def at(hour: int, minute: int = 0, *, day: int = 1) -> datetime:
    """A time in December 2026, UTC."""
    return datetime(2026, 12, day, hour, minute, tzinfo=UTC)


CODING = SessionFacts(
    key="coding",
    title="Coding together",
    start=at(11, 15),
    end=at(11, 45),
    people=("Ada Keller",),
    video=True,
    conference_url="https://meet.example/abc",
    instructions="Bring your own editor.\nNo puzzles, no trick questions.",
)
DESIGN = SessionFacts(
    key="design",
    title="A talk about design",
    start=at(11, 45),
    end=at(12, 30),
    people=("Hana Sato", "Ivo Brandt"),
    video=True,
    conference_url="https://meet.example/abc",
)

PARTS = (Part(title="Coding together", minutes=30), Part(title="A talk about design", minutes=45))
OPTIONS = tuple(Interval(at(11, day=day), at(12, 15, day=day)) for day in (1, 2, 4))

READER: dict[Role, Person] = {"candidate": CANDY, "interviewer": ADA, "contact": ROSA}


def facts(kind: Kind, role: Role = "candidate", **changes: Any) -> MailFacts:
    """A full mail of this kind."""
    given: dict[str, Any] = {
        "kind": kind,
        "recipient": READER[role],
        "recipient_role": role,
        "brand": Brand(name="Northwind Labs"),
        "now": NOW,
        "plan_name": PLAN,
        "candidate_name": CANDY.name,
        "contact": ROSA,
        "sender": "interviews@northwind.example",
        "uid": "bkg_1@northwind.example",
    }
    if role == "candidate":
        given |= {"candidate_link": LINK}
    else:
        given |= {"team_link": CONSOLE, "candidate_time_zone": CANDY.time_zone}
    if role == "contact":
        given |= {"candidate_email": CANDY.email}
    if kind in ("invitation", "invitation_again"):
        given |= {"parts": PARTS, "options": OPTIONS, "expires_at": at(18, day=3)}
    elif kind in ABOUT_A_BOOKING:
        given |= {"sessions": (CODING,) if role == "interviewer" else (CODING, DESIGN)}
    elif kind == "no_options":
        given |= {
            "summary": "Nobody is free on the days you asked for.",
            "blockers": ("Room Blue is taken.",),
        }
    elif kind == "calendar_unreadable":
        given |= {"reason": "403 Sharing has ended", "calendar_owner": ADA.name}
    elif kind == "asked_for_help":
        given |= {"question": "Is there a lift?\nThank you"}
    elif kind == "webhook_failing":
        given |= {
            "reason": "Nobody answered within 15 seconds.",
            "hook_url": "https://ats.example/hooks",
            "hook_id": "whk_1",
            "hook_failing_since": NOW,
        }
    elif kind == "candidate_silent":
        given |= {"expires_at": at(18, day=3)}
    return MailFacts(**(given | changes))


EVERY_MAIL = sorted((kind, role) for kind, roles in READERS.items() for role in roles)
