# SPDX-License-Identifier: Apache-2.0
"""Facts in words: all that templates show, worded for one reader's zone and locale. Templates arrange it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from scheduler.domain import wording
from scheduler.domain.colour import ink_on, readable_on
from scheduler.domain.intervals import Interval
from scheduler.messages.content import MailFacts, SessionFacts

#: what links in mails stand on, light and dark, where contrast is hardest
SOFT, DARK_SOFT = "#eef3ef", "#22302a"
#: a little more than is asked for: the accents of brands turn muddy just at the limit
DARK_CONTRAST = 6

#: beyond this an invitation says from when to when instead of naming each day
NAMED_DAYS = 4


@dataclass(frozen=True)
class Place:
    """Where to be: a call, with a link or none yet, or an address."""

    video: bool
    text: str = ""
    url: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the programme."""

    time: str
    title: str
    people: str
    #: where, when not everything is in one place
    place: str = ""


@dataclass(frozen=True)
class Colours:
    """The accent as a button and as a link, each with enough contrast, in light and dark."""

    button: str
    button_ink: str
    link: str
    dark_button: str
    dark_button_ink: str

    @classmethod
    def of(cls, accent: str) -> Colours:
        dark = readable_on(DARK_SOFT, accent, DARK_CONTRAST)
        return cls(accent, ink_on(accent), readable_on(SOFT, accent), dark, ink_on(dark))


class View:
    """The words of one mail. Lists are lines; an empty one means there is nothing to say."""

    def __init__(self, facts: MailFacts, lang: str) -> None:
        self.facts = facts
        self.lang = lang
        self.zone_id = facts.recipient.time_zone
        self.locale = facts.recipient.locale
        self.today = wording.local_date(facts.now, self.zone_id)
        self.brand = facts.brand.name
        self.plan = facts.plan_name
        self.candidate = facts.candidate_name
        self.reader = wording.first_name(facts.recipient.name)
        self.single = len(facts.options) == 1

    @property
    def colours(self) -> Colours:
        return Colours.of(self.facts.brand.accent)

    # When

    @cached_property
    def stretches(self) -> list[Interval]:
        """What occupies each day, from first start to last end. For an invitation, the one time on offer."""
        if not self.facts.sessions:
            return list(self.facts.options) if self.single else []
        days: dict[date, list[SessionFacts]] = {}
        for session in self.facts.sessions:
            days.setdefault(self._day(session.start), []).append(session)
        return [
            Interval(min(each.start for each in day), max(each.end for each in day)) for day in days.values()
        ]

    @property
    def several_days(self) -> bool:
        return len(self.stretches) > 1

    @property
    def when(self) -> list[str]:
        """The day on its own line if there is one, else a line a day; each with the zone as it is then."""
        lines = [self._when(stretch, self.zone_id) for stretch in self.stretches]
        return list(lines[0]) if len(lines) == 1 else [", ".join(line) for line in lines]

    @property
    def their_when(self) -> list[str]:
        """The same for the candidate, where their clock shows something else."""
        zone = self.facts.candidate_time_zone
        if not zone or all(self._same_clock(stretch.start, zone) for stretch in self.stretches):
            return []
        return [", ".join(self._when(stretch, zone)) for stretch in self.stretches]

    @property
    def was(self) -> str:
        """When it was before it moved."""
        before = self.facts.moved_from
        return ", ".join(self._when(before, self.zone_id)) if before else ""

    @property
    def event_moved_to(self) -> list[str]:
        """Where somebody has moved the event to in a calendar."""
        there = self.facts.event_moved_to
        if there is None:
            return []
        return [wording.found_words(*there, self.zone_id, today=self.today, locale=self.locale)]

    @property
    def short_when(self) -> str:
        """For a subject: `Tue 1 Dec, 11:15 GMT`."""
        return self._short(self.stretches[0].start)

    @property
    def hook_failing_since(self) -> list[str]:
        since = self.facts.hook_failing_since
        return self._moment(since) if since else []

    @property
    def soon(self) -> str:
        return wording.soon_words(self.facts.start, self.facts.now, self.zone_id, self.locale)

    @property
    def zone(self) -> str:
        first = self.facts.options[0].start if self.facts.options else self.facts.now
        return wording.zone_words(self.zone_id, first, self.locale)

    @property
    def written(self) -> list[str]:
        """Now, for mails about something other than a time."""
        return self._moment(self.facts.now)

    @property
    def written_short(self) -> str:
        return self._short(self.facts.now)

    @property
    def reply_by(self) -> list[str]:
        return self._moment(self.facts.expires_at) if self.facts.expires_at else []

    @property
    def reply_by_short(self) -> str:
        return self._short(self.facts.expires_at) if self.facts.expires_at else ""

    # What is on offer

    @property
    def option_times(self) -> list[str]:
        """Each time in full, a line each."""
        return [", ".join(self._when(option, self.zone_id)) for option in self.facts.options]

    @property
    def option_days(self) -> list[date]:
        return sorted({self._day(option.start) for option in self.facts.options})

    @property
    def few_days(self) -> str:
        """`Thursday 3 and Friday 4 December`; nothing if they are too many to name."""
        days = self.option_days
        return wording.days_words(days, self.today, self.locale) if len(days) <= NAMED_DAYS else ""

    @property
    def first_day(self) -> str:
        return wording.day_words(self.option_days[0], self.today, self.locale)

    @property
    def last_day(self) -> str:
        return wording.day_words(self.option_days[-1], self.today, self.locale)

    @property
    def length(self) -> str:
        """Of all parts together, without the breaks between them."""
        return wording.duration_words(sum(part.minutes for part in self.facts.parts), self.locale)

    def count(self, number: int, one: str, many: str) -> str:
        return wording.count_words(number, one, many, locale=self.locale)

    # Who, where, what

    @property
    def who(self) -> list[str]:
        people = wording.people_words((each.people for each in self.facts.sessions), self.locale)
        return [people] if people else []

    @property
    def titles(self) -> list[str]:
        return list(dict.fromkeys(session.title for session in self.facts.sessions))

    @property
    def places(self) -> list[Place]:
        """Every place once, in the order they are needed."""
        return list(dict.fromkeys(place for each in self.facts.sessions for place in _places(each)))

    @property
    def programme(self) -> list[Row]:
        """Session by session, where there are several; with the day where there are several of those."""
        sessions = self.facts.sessions if len(self.facts.sessions) > 1 else ()
        where = [next(_places(each), None) for each in sessions]
        apart = len(set(where)) > 1
        calls = {place.url for place in where if place and place.video}
        return [
            Row(
                self._row_time(each),
                each.title,
                wording.list_words(each.people, self.locale),
                (place.text or (place.url if len(calls) > 1 else "")) if apart and place else "",
            )
            for each, place in zip(sessions, where, strict=True)
        ]

    @property
    def preparation(self) -> list[str]:
        lines = (line for session in self.facts.sessions for line in session.instructions.splitlines())
        return list(dict.fromkeys(lines))

    @property
    def summary(self) -> str:
        """What the solver says, and of what it says it."""
        said = self.facts.summary
        return said if self.facts.plan_name in said else f"{self.facts.plan_name}. {said}"

    @property
    def blockers(self) -> list[str]:
        """What stands in the way, as far as the summary does not say so already."""
        return [blocker for blocker in self.facts.blockers if blocker not in self.facts.summary]

    @property
    def booking(self) -> list[str]:
        """Under which id the API knows it."""
        return [self.facts.booking_id] if self.facts.booking_id else []

    @property
    def reason_lines(self) -> list[str]:
        return self.facts.reason.splitlines()

    def _day(self, instant: datetime) -> date:
        return wording.local_date(instant, self.zone_id)

    def _when(self, stretch: Interval, zone: str) -> tuple[str, str]:
        return wording.when_words(stretch.start, stretch.end, zone, today=self.today, locale=self.locale)

    def _moment(self, instant: datetime) -> list[str]:
        day = wording.day_words(self._day(instant), self.today, self.locale)
        zone = wording.zone_words(self.zone_id, instant, self.locale)
        return [f"{day}, {wording.clock(instant, self.zone_id, self.locale)}, {zone}"]

    def _short(self, instant: datetime) -> str:
        day = wording.short_day(self._day(instant), self.today, self.locale)
        zone = wording.zone_abbreviation(self.zone_id, instant)
        return f"{day}, {wording.clock(instant, self.zone_id, self.locale)} {zone}"

    def _row_time(self, session: SessionFacts) -> str:
        times = wording.span(session.start, session.end, self.zone_id, self.locale)
        if not self.several_days:
            return times
        return f"{wording.short_day(self._day(session.start), self.today, self.locale)} {times}"

    def _same_clock(self, instant: datetime, zone: str) -> bool:
        zones = (zone, self.zone_id)
        return len({(wording.local_date(instant, z), wording.clock(instant, z)) for z in zones}) == 1


def _places(session: SessionFacts) -> Iterator[Place]:
    """Where to be, and the call: somebody may be in the room and others on it."""
    address = ", ".join(part for part in (session.room, session.location) if part)
    if address:
        yield Place(video=False, text=address)
    if session.video or session.conference_url:
        yield Place(video=True, url=session.conference_url)
