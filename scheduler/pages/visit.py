# SPDX-License-Identifier: Apache-2.0
"""One look at a candidate's link: what it leads to, on which clock it is read, and the page that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any, Literal
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from flask import Response, g

from scheduler.domain.hours import local_days
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.domain.options import Option, OptionSession
from scheduler.domain.plans import Plan
from scheduler.domain.wording import DEFAULT_LOCALE, clock, day_words, first_name, zone_words
from scheduler.pages import arranged, assets, choices, facts, headers, programme, zones
from scheduler.pages.arranged import Arranged
from scheduler.pages.facts import Stage
from scheduler.pages.forms import Nonces
from scheduler.pages.programme import Reader
from scheduler.pages.rendering import render
from scheduler.pages.zones import Zone
from scheduler.services.candidate_link import CandidateLink

#: so many days are listed to choose from
MOST_DAYS = 60
#: what the candidate sees; the templates bear these names
State = Literal["choose", "searching", "booked", "move", "past", "cancelled", "expired"]


@dataclass(frozen=True, kw_only=True)
class Visit:
    token: str
    link: CandidateLink
    zone: Zone
    nonces: Nonces
    #: the candidate looks for another time for what is booked
    moving: bool = False

    @classmethod
    def of(cls, token: str, link: CandidateLink, asked_zone: str | None, nonces: Nonces) -> Visit:
        known = link.candidate.time_zone
        zone = zones.zone_for(asked_zone, known, link.home_time_zone)
        return cls(token=token, link=link, zone=zone, nonces=nonces)

    def with_options(self, options: list[Option]) -> Visit:
        """The same look, at other options."""
        return replace(self, link=replace(self.link, status="offered", options=tuple(options)))

    def to_move(self) -> Visit:
        """The same look, at the times that the booked interview can be moved to."""
        return replace(self, moving=True)

    @property
    def state(self) -> State:
        booking, status = self.link.booking, self.link.status
        if self.moving:
            return "move"
        if booking and status in ("booked", "completed"):
            return "past" if arranged.is_over(booking, self.link.now) else "booked"
        if status == "offered":
            return "choose" if self.link.options else "searching"
        if self.link.ran_out:
            return "expired"  # nobody looks for others
        ends: dict[str, State] = {"cancelled": "cancelled", "expired": "expired", "completed": "past"}
        return ends.get(status, "searching")

    @property
    def can_cancel(self) -> bool:
        """Until it begins."""
        return self.link.booking is not None and self.link.now < parse_instant(self.link.booking["start"])

    @property
    def can_move(self) -> bool:
        return self.state == "booked" and self.link.immovable is None

    @property
    def no_move(self) -> str:
        """Why the time cannot be changed here, where the candidate may wonder."""
        refusal = self.link.immovable
        told = ("reschedule_limit", "reschedule_cutoff")
        return refusal.detail if refusal is not None and refusal.reason in told else ""

    # For whom

    @property
    def locale(self) -> str:
        return self.link.candidate.locale or DEFAULT_LOCALE

    @property
    def language(self) -> str:
        """Of the page's words, which are English so far."""
        return self.locale if self.locale.lower().partition("-")[0] == "en" else "en"

    @property
    def first_name(self) -> str:
        return first_name(self.link.candidate.name)

    @cached_property
    def reader(self) -> Reader:
        return Reader(zone=self.zone.id, home=self.link.home_time_zone, locale=self.locale, now=self.link.now)

    @property
    def logo(self) -> str | None:
        return headers.safe_logo(self.link.logo_url)

    # What is shown

    def choices(self, *, chosen: str = "", near: datetime | None = None) -> choices.Choices:
        return choices.of_options(self.link.plan, self.link.options, self.reader, chosen=chosen, near=near)

    def option(self, option_id: str) -> Option | None:
        return next((option for option in self.link.options if option.id == option_id), None)

    def facts(self, chosen: Option | None = None) -> tuple[facts.Fact, ...]:
        """Of everything on offer or arranged, or of the one option that is being checked."""
        proposals = [chosen.sessions] if chosen else self._proposals
        pauses = programme.shared_pauses(self.link.plan, proposals, self.link.home_time_zone)
        plan = self._placed(proposals)
        return facts.of_plan(plan, proposals, self.locale, pauses=pauses, stage=self._stage)

    @property
    def _stage(self) -> Stage:
        if self.state in ("choose", "searching", "move"):
            return "open"
        return "arranged" if self.state == "booked" else "over"

    @property
    def _proposals(self) -> list[list[OptionSession]]:
        offered = [list(option.sessions) for option in self.link.options]
        if self.link.booking and not (self.moving and offered):
            return [[OptionSession.from_json(session) for session in self.link.booking["sessions"]]]
        return offered

    @property
    def is_loop(self) -> bool:
        return not facts.in_one_sitting(self.link.plan, self._proposals)

    @cached_property
    def arranged(self) -> Arranged | None:
        booking = self.link.booking
        if booking is None:
            return None
        sessions = [OptionSession.from_json(session) for session in booking["sessions"]]
        return arranged.of_booking(self._placed([sessions]), booking, self.reader)

    def when(self, option: Option) -> programme.When:
        return programme.when(option.sessions, self.reader)

    def with_whom(self, option: Option) -> str:
        return facts.with_whom(option.sessions, self.locale)

    def where(self, option: Option) -> str:
        return arranged.where(self._placed([option.sessions]), option.sessions, self.locale)

    # Saying when

    @cached_property
    def days(self) -> dict[str, str]:
        """On which times can be looked for: `2026-12-01`, in words."""
        plan, now = self.link.plan, self.link.now
        near, far = now + timedelta(hours=plan.notice_hours), now + timedelta(hours=24 * plan.horizon_days)
        possible = Interval(near, far).clipped(self.link.window) if near < far else None
        within = local_days(possible, ZoneInfo(self.zone.id)) if possible else ()
        today, locale = self.reader.today, self.locale
        return {day.isoformat(): day_words(day, today, locale) for day in islice(within, MOST_DAYS)}

    @property
    def can_say_when(self) -> bool:
        return self.state in ("choose", "searching", "move") and bool(self.days)

    @property
    def zone_words(self) -> str:
        return zone_words(self.zone.id, self.link.now, self.locale)

    def _placed(self, proposals: Sequence[Sequence[OptionSession]]) -> Plan:
        return facts.with_addresses(self.link.plan, proposals, self.link.room_addresses)

    def lines(self, option: Option) -> list[programme.Line]:
        """The programme, where it is more than one appointment."""
        return programme.lines(self.link.plan, option.sessions, self.reader) if self.is_loop else []

    # The zone

    @property
    def likely_zones(self) -> list[tuple[str, str]]:
        others = (self.link.candidate.time_zone, self.link.home_time_zone)
        return zones.likely(self.zone, others, self.link.now, self.locale)

    @property
    def expiry(self) -> str:
        """Until when times were on offer: `Friday 4 December, 17:00, London time (GMT)`."""
        at, reader = self.link.ran_out or self.link.expires_at, self.reader
        day = day_words(reader.day(at), reader.today, self.locale)
        return f"{day}, {clock(at, reader.zone, self.locale)}, {zone_words(reader.zone, at, self.locale)}"

    # Where to go from here

    def url(self, step: str = "", **query: str) -> str:
        """A page of this link; a zone chosen on the way stays chosen."""
        kept = {"zone": self.zone.id} if self.zone.origin == "chosen" else {}
        words = urlencode({**query, **kept})
        return f"/c/{quote(self.token)}{step and '/' + step}{words and '?' + words}"

    @property
    def here(self) -> str:
        """The page on which times are chosen."""
        return self.url("options" if self.moving else "")

    def nonce(self, purpose: str, *bound: str) -> str:
        return self.nonces.make(purpose, self.token, *bound)

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        g.logo, g.worded = self.logo, True
        accent = assets.accent_name(self.link.brand.accent)
        body = render(template, visit=self, link=self.link, accent=accent, **context)
        return Response(body, status, mimetype="text/html")
