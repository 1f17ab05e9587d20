# SPDX-License-Identifier: Apache-2.0
"""A booking as its candidate sees it: when, with whom, where, and what they can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from scheduler.domain.intervals import parse_instant
from scheduler.domain.options import OptionSession
from scheduler.domain.plans import Plan
from scheduler.domain.wording import list_words
from scheduler.pages import facts, programme
from scheduler.pages.programme import Line, Reader, When

#: facts that change nothing of the interview
_TEAMS_OWN = frozenset({"booking.needs_attention", "booking.settled"})


@dataclass(frozen=True, kw_only=True)
class CalendarLink:
    """A way into a calendar program of the web."""

    name: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """The booked interview in words."""

    when: When
    people: str
    place: str
    lines: tuple[Line, ...]
    #: the call's address; none where sessions have calls of their own
    join: str
    #: the day has come
    today: bool
    calendars: tuple[CalendarLink, ...]
    #: a person on our side is looking at it
    unsettled: bool
    cancelled_by_candidate: bool
    #: the last that happened to it: it was moved
    moved: bool


def of_booking(plan: Plan, booking: Mapping[str, Any], reader: Reader) -> Arranged:
    """From the API's form of a Booking."""
    sessions = [OptionSession.from_json(session) for session in booking["sessions"]]
    calls = {s["key"]: s["conference_url"] for s in booking["sessions"] if is_web(s.get("conference_url"))}
    plan = _with_links(plan, calls)
    lines = [] if facts.in_one_sitting(plan, [sessions]) else programme.lines(plan, sessions, reader)
    distinct = set(calls.values())
    place = where(plan, sessions, reader.locale, calls=len(distinct))
    return Arranged(
        when=programme.when(sessions, reader),
        people=facts.with_whom(sessions, reader.locale),
        place=place,
        lines=tuple(lines),
        join=distinct.pop() if len(distinct) == 1 else "",
        today=is_today(booking, reader),
        calendars=_calendars(plan, sessions, place),
        unsettled=booking["status"] == "needs_attention",
        cancelled_by_candidate=_last(booking).get("actor") == "candidate",
        moved=_last(booking).get("event") == "booking.rescheduled",
    )


def _with_links(plan: Plan, calls: Mapping[str, str]) -> Plan:
    """The plan with the links that were made for this booking where it names none itself."""
    sessions = (
        replace(session, conference_url=session.conference_url or calls.get(session.key))
        for session in plan.sessions
    )
    return replace(plan, sessions=tuple(sessions))


def for_candidate(booking: Mapping[str, Any]) -> dict[str, Any]:
    """The API's Booking as the holder of a link may have it, in the same shape. Links get forwarded, and what
    the team notes, who else is written to and which calendars hold the entry is the team's own.
    """
    candidate = booking["candidate"]
    return dict(booking) | {
        "candidate": candidate | {"external_id": None, "phone": None, "metadata": {}},
        "sessions": [session | {"calendar_events": []} for session in booking["sessions"]],
        "attention": None,
        "history": [
            {name: fact[name] for name in ("at", "event", "version")} | {"actor": _by(fact["actor"])}
            for fact in booking["history"]
        ],
    }


def _by(actor: str) -> str:
    return actor if actor in ("candidate", "system") else "recruiter"


def is_today(booking: Mapping[str, Any], reader: Reader) -> bool:
    """The interview is on the reader's present day, and not over."""
    start, end = parse_instant(booking["start"]), parse_instant(booking["end"])
    return reader.day(start) <= reader.today and reader.now < end


def is_over(booking: Mapping[str, Any], now: datetime) -> bool:
    """Its time has passed, or somebody has said how it went."""
    return booking["status"] in ("completed", "no_show") or parse_instant(booking["end"]) <= now


def is_web(url: str | None) -> bool:
    """An address that is safe to follow; `javascript:` is one that is not."""
    return bool(url) and urlsplit(url or "").scheme in ("http", "https")


def where(plan: Plan, sessions: Sequence[OptionSession], locale: str, *, calls: int = 0) -> str:
    """Places in words, each once, with its rooms; `calls`: how many addresses of calls there are by now."""
    found: dict[str, list[str]] = {}
    for session in facts.in_order(sessions):
        asked = plan.session(session.key)
        place = facts.place_of(asked, session.room.name if session.room else None)
        if place and place.icon == "place":
            rooms = found.setdefault(place.main, [])
            rooms += [place.detail] if place.detail and place.detail not in rooms else []
        elif place:
            found[_call(place, calls if asked.conference_url else 0)] = []
    return "; ".join(
        ", ".join(filter(None, (main, list_words(rooms, locale)))) for main, rooms in found.items()
    )


def _call(place: facts.Place, calls: int) -> str:
    if not calls:
        return place.detail if place.main == facts.HOW_TO_JOIN else f"{place.main}. {place.detail}"
    return "Video call" if calls == 1 else "Video calls: the links are in the confirmation"


def _last(booking: Mapping[str, Any]) -> Mapping[str, Any]:
    """The last fact of its history, less what the team has to see to and has seen to."""
    told = (fact for fact in reversed(booking.get("history") or ()) if fact["event"] not in _TEAMS_OWN)
    return next(told, {})


def _calendars(plan: Plan, sessions: Sequence[OptionSession], place: str) -> tuple[CalendarLink, ...]:
    """Ready-made entries for calendars on the web. They carry no link of ours: entries get forwarded."""
    start, end = min(s.start for s in sessions), max(s.end for s in sessions)
    text = "\n".join(f"{s.title}: {', '.join(facts.names(s.interviewers))}" for s in facts.in_order(sessions))
    google = {
        "action": "TEMPLATE",
        "text": plan.name,
        "dates": f"{start:%Y%m%dT%H%M%SZ}/{end:%Y%m%dT%H%M%SZ}",
        "details": text,
        "location": place,
    }
    outlook = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": plan.name,
        "startdt": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "enddt": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "body": text,
        "location": place,
    }
    return (
        CalendarLink(
            name="Google Calendar", url=f"https://calendar.google.com/calendar/render?{urlencode(google)}"
        ),
        CalendarLink(
            name="Outlook on the web",
            url=f"https://outlook.office.com/calendar/deeplink/compose?{urlencode(outlook)}",
        ),
    )
