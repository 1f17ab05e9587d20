# SPDX-License-Identifier: Apache-2.0
"""A candidate's link kept in memory, with people and times as they really look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from flask import Flask

from scheduler import pages
from scheduler.api import errors
from scheduler.db.session import Database
from scheduler.domain.errors import Conflict, Gone, NotFound, SlotTaken
from scheduler.domain.intervals import Interval, format_instant, parse_instant
from scheduler.domain.options import Option, OptionSession, Panelist, RoomRef
from scheduler.domain.people import Candidate
from scheduler.domain.plans import Plan
from scheduler.messages.content import Brand
from scheduler.services.candidate_link import CandidateLink
from scheduler.services.links import Links
from scheduler.services.parts import Mail, Parts
from scheduler.services.questions import NOBODY_READS

TOKEN = "A" * 43
#: a Monday, 09:41 in London
NOW = datetime(2026, 11, 30, 9, 41, tzinfo=UTC)
KEY = "1JYIrn8cTdpBpvFdvLtaIhGXCwnQLyPwDTTnuEXtBMI="

ADA, HANA, IVO = (
    Panelist(f"ivw_{n}", name, "interviewer")
    for n, name in enumerate(("Ada Keller", "Hana Sato", "Ivo Brandt"))
)
MIRA, LUIS, BELA = (
    Panelist(f"ivw_{n}", name, "interviewer")
    for n, name in enumerate(("Mira Osei", "Luis Prado", "Bela Nagy"), 3)
)
AURORA = RoomRef("room_1", "Aurora")

TALK = Plan.from_json(
    {
        "name": "Technical interview for Backend Engineer",
        "sessions": [
            {
                "key": "coding",
                "title": "Coding together",
                "minutes": 45,
                "seats": [{"skill": "coding"}],
                "conference": "google_meet",
                "conference_url": "https://meet.example/abc-defg",
                "instructions": "Bring your own editor. No puzzles, no trick questions.",
            },
            {
                "key": "design",
                "title": "a talk about design",
                "minutes": 30,
                "seats": [{"skill": "design", "count": 2}],
                "conference": "google_meet",
                "conference_url": "https://meet.example/abc-defg",
            },
        ],
    }
)
_OFFICE = {"location": "At our office, 12 Quay Street", "minutes": 60}
LOOP = Plan.from_json(
    {
        "name": "Onsite interviews for Backend Engineer",
        "max_days": 2,
        "breaks": [{"name": "Lunch", "minutes": 60, "between": ["11:30", "14:00"]}],
        "sessions": [
            {"key": "coding", "title": "Coding together", "seats": [{"skill": "coding"}], **_OFFICE},
            {
                "key": "design",
                "title": "System design",
                "seats": [{"skill": "design", "count": 2}],
                **_OFFICE,
            },
            {"key": "work", "title": "How we work", "seats": [{"skill": "work"}], **_OFFICE},
            {
                "key": "questions",
                "title": "Your questions",
                "seats": [{"skill": "any"}],
                "instructions": "Bring your own editor. No puzzles, no trick questions.",
                **_OFFICE,
            },
        ],
    }
)
#: the same in rooms whose address is known, where the plan says nothing of it
IN_ROOMS = replace(
    LOOP, sessions=tuple(replace(session, location=None, room_capacity=4) for session in LOOP.sessions)
)
ADDRESSES = {AURORA.id: "Mill House, 12 Quay Street, second floor"}


def talk(option_id: str, start: str) -> Option:
    """45 and 30 minutes back to back; `start` in UTC without the Z."""
    begin = parse_instant(start + "Z")
    middle = begin + timedelta(minutes=45)
    return Option(
        id=option_id,
        sessions=(
            OptionSession(
                key="coding", title="Coding together", start=begin, end=middle, interviewers=(ADA,)
            ),
            OptionSession(
                key="design",
                title="a talk about design",
                start=middle,
                end=middle + timedelta(minutes=30),
                interviewers=(HANA, IVO),
            ),
        ),
    )


TALKS = tuple(
    talk(f"opt_{number:022}", f"2026-12-{start}")
    for number, start in enumerate(
        (
            *("01T09:00", "01T09:45", "01T11:15", "01T14:00", "01T15:30"),
            *("02T10:00", "02T13:15", "02T14:45", "02T16:00", "04T09:30", "04T10:15"),
        )
    )
)
CHOSEN = TALKS[2]


def onsite(option_id: str, *sessions: tuple[str, str, tuple[Panelist, ...]]) -> Option:
    """An hour each: `(key, start in UTC without the Z, people)`."""
    begins = {key: parse_instant(start + "Z") for key, start, _ in sessions}
    return Option(
        id=option_id,
        sessions=tuple(
            OptionSession(
                key=key,
                title=LOOP.session(key).title,
                start=begins[key],
                end=begins[key] + timedelta(hours=1),
                interviewers=people,
                room=AURORA,
            )
            for key, _, people in sessions
        ),
    )


LOOPS = (
    onsite(
        "opt_one_day",
        ("coding", "2026-12-02T10:00", (ADA,)),
        ("design", "2026-12-02T11:00", (HANA, IVO)),
        ("work", "2026-12-02T13:00", (MIRA,)),
        ("questions", "2026-12-02T14:15", (LUIS,)),
    ),
    onsite(
        "opt_two_days",
        ("coding", "2026-12-03T09:30", (BELA,)),
        ("design", "2026-12-03T10:30", (HANA, IVO)),
        ("work", "2026-12-04T09:30", (MIRA,)),
        ("questions", "2026-12-04T10:30", (LUIS,)),
    ),
)


def link(plan: Plan = TALK, options: Sequence[Option] = TALKS, **changes: Any) -> CandidateLink:
    made = CandidateLink(
        organization_id="org_1",
        invitation_id="inv_1",
        run_candidate_id="rc_1",
        status="offered",
        candidate=Candidate(
            id="cand_1",
            name="Candy Ortega",
            email="candy@example.net",
            time_zone="Europe/London",
            locale="en-GB",
        ),
        plan=plan,
        brand=Brand(name="Northwind Labs"),
        logo_url=None,
        contact={"name": "Rosa in recruiting", "email": "rosa@northwind.example"},
        home_time_zone="Europe/London",
        options=tuple(options),
        option_views=(),
        booking=None,
        immovable=None,
        window=Interval(NOW, NOW + timedelta(days=14)),
        expires_at=NOW + timedelta(days=5, hours=7, minutes=19),
        now=NOW,
    )
    made = replace(made, **changes)
    views = tuple(option.to_json() | {"status": "offered"} for option in made.options)
    return replace(made, option_views=views)


def booking_of(given: CandidateLink, option: Option, *, status: str = "confirmed") -> dict[str, Any]:
    """What the service shows the team: more than the candidate gets to see."""
    asked = {session.key: session for session in given.plan.sessions}
    return {
        "id": "bkg_1",
        "status": status,
        "version": 1,
        "candidate": {
            "id": "cand_1",
            "external_id": "ats-7",
            "name": given.candidate.name,
            "email": given.candidate.email,
            "phone": None,
            "time_zone": given.candidate.time_zone,
            "locale": given.candidate.locale,
            "availability": [],
            "metadata": {"requisition": "42"},
        },
        "plan": given.plan.to_json(),
        "run_id": "run_1",
        "option_id": option.id,
        "external_refs": {},
        "start": format_instant(option.start),
        "end": format_instant(option.end),
        "sessions": [
            session.to_json()
            | {
                "calendar_events": [
                    {
                        "provider": "ics",
                        "calendar": "ada@northwind.example",
                        "id": "1",
                        "url": None,
                        "status": "written",
                        "attendees": ["ada@northwind.example"],
                    }
                ],
                "conference_url": asked[session.key].conference_url,
            }
            for session in option.sessions
        ],
        "attention": "Ada’s calendar could not be read.",
        "history": [
            {"at": "2026-11-30T09:41:00Z", "actor": "candidate", "event": "booking.confirmed", "version": 1}
        ],
    }


def booked(option: Option = CHOSEN, *, status: str = "confirmed", **changes: Any) -> CandidateLink:
    given = link(**changes)
    return replace(
        given, status="booked", options=(), option_views=(), booking=booking_of(given, option, status=status)
    )


class Taken(SlotTaken):
    """That time has just been taken."""

    def __init__(self, options: list[dict[str, Any]]) -> None:
        super().__init__()
        self.options = options


class Desk:
    """Does what the services do with a link, for one link, and remembers what it was asked to do."""

    def __init__(self, given: CandidateLink, now: Callable[[], datetime]) -> None:
        self.link = given
        self.now = now
        #: everything that changed something
        self.done: list[tuple[str, str]] = []
        #: what looking for other times finds, and what was asked for
        self.fresh: tuple[Option, ...] = TALKS[5:]
        self.asked: list[list[Interval]] = []
        self.nothing_free = False
        #: set to answer a question with it
        self.too_many: Exception | None = None
        #: set to answer every call with it
        self.refusal: Exception | None = None

    def open(self, _parts: Parts, token: str) -> CandidateLink:
        if token != TOKEN:
            raise NotFound
        if self.refusal:
            raise self.refusal
        booking, begun = self.link.booking, Conflict("This interview has begun already.", code="begun")
        if booking and parse_instant(booking["start"]) <= self.now():
            return replace(self.link, now=self.now(), immovable=begun)
        return replace(self.link, now=self.now())

    def book(self, parts: Parts, token: str, option_id: str) -> dict[str, Any]:
        given = self.open(parts, token)
        if given.status == "expired":
            raise Gone(code="expired")
        if given.booking:
            if given.booking["option_id"] == option_id:
                return given.booking
            raise Conflict(code="already_booked")
        option = next((option for option in given.options if option.id == option_id), None)
        if option is None:
            raise Taken(list(given.option_views))
        self.done.append(("book", option_id))
        booking = booking_of(given, option)
        self.link = replace(given, status="booked", options=(), option_views=(), booking=booking)
        return booking

    def find_options(
        self, parts: Parts, token: str, availability: Sequence[Interval] | None = None
    ) -> CandidateLink:
        given = self.open(parts, token)
        if given.immovable:
            raise given.immovable
        if self.nothing_free:
            raise Conflict("Nobody is free at those times.", code="no_options")
        self.asked.append(list(availability or ()))
        views = tuple(option.to_json() | {"status": "offered"} for option in self.fresh)
        self.link = replace(self.link, options=self.fresh, option_views=views)
        return self.link

    def reschedule(self, parts: Parts, token: str, option_id: str) -> dict[str, Any]:
        given = self.open(parts, token)
        if given.booking is None:
            raise Conflict("There is no interview to move.", code="nothing_booked")
        if given.booking["option_id"] == option_id:
            return given.booking
        if given.immovable:
            raise given.immovable
        option = next((option for option in given.options if option.id == option_id), None)
        if option is None:
            raise Taken(list(given.option_views))
        self.done.append(("reschedule", option_id))
        fact = {
            "at": "2026-11-30T09:50:00Z",
            "actor": "candidate",
            "event": "booking.rescheduled",
            "version": 2,
        }
        moved = booking_of(given, option)
        booking = moved | {"version": 2, "history": [*given.booking["history"], fact]}
        self.link = replace(given, options=(), option_views=(), booking=booking)
        return booking

    def cancel(self, parts: Parts, token: str, reason: str = "") -> dict[str, Any]:
        given = self.open(parts, token)
        if given.booking is None:
            raise Conflict("There is no interview to cancel.", code="nothing_booked")
        self.done.append(("cancel", reason))
        fact = {
            "at": "2026-11-30T09:50:00Z",
            "actor": "candidate",
            "event": "booking.cancelled",
            "version": 2,
        }
        history = [*given.booking["history"], fact]
        booking = given.booking | {"status": "cancelled", "version": 2, "history": history}
        self.link = replace(given, status="cancelled", booking=booking)
        return booking

    def ask(self, parts: Parts, token: str, message: str) -> None:
        if not self.open(parts, token).can_ask:
            raise Conflict(NOBODY_READS, code="no_contact")
        if self.too_many:
            raise self.too_many
        self.done.append(("ask", message))

    def keep_zone(self, parts: Parts, token: str, time_zone: str) -> None:
        given = self.open(parts, token)
        self.link = replace(given, candidate=replace(given.candidate, time_zone=time_zone))
        self.done.append(("zone", time_zone))

    def invite(self, parts: Parts, token: str) -> bytes:
        if self.open(parts, token).booking is None:
            raise NotFound("There is no booked interview.")
        return b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"

    def take(self, *options: Option) -> None:
        """Somebody else books these times."""
        left = [option for option in self.link.options if option not in options]
        self.link = link(self.link.plan, left, status="offered" if left else "searching")


def parts_at(now: Callable[[], datetime]) -> Parts:
    """What pages need of the parts: the time, and signatures."""

    def defer(_session: Any, _task: str, **_ids: str) -> None:
        raise AssertionError("pages defer nothing")

    return Parts(
        database=Database("postgresql://nobody@127.0.0.1:1/none"),
        now=now,
        providers={},
        mail=cast("Mail", None),
        links=Links([KEY], "http://127.0.0.1:8000"),
        defer=defer,
    )


def application(desk: Desk) -> Flask:
    app = Flask("candidate_page_tests")
    errors.register(app, out_of_reach=())
    pages.register(app, parts_at(desk.now), verbs=desk)
    return app
