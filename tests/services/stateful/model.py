# SPDX-License-Identifier: Apache-2.0
"""What must be true of a small organisation, told from what has happened to it by plain arithmetic: who is
free, and so what each answer has to be. It knows nothing of the service; `world.py` compares them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
#: of every plan here
NOTICE = timedelta(hours=1)
COMES, GOES = time(9), time(17)
#: options that can be chosen
OPEN = ("offered", "held")


@dataclass(frozen=True)
class Person:
    """Somebody who works from nine to five on weekdays, in a zone that is UTC all winter."""

    id: str
    name: str
    #: where their calendar is: google makes one event of a session, with the others as guests
    house: str
    skills: tuple[str, ...]
    before: timedelta = timedelta(0)
    after: timedelta = timedelta(0)
    per_day: int | None = None


@dataclass(frozen=True)
class Seating:
    """A time and who sits there."""

    start: datetime
    people: frozenset[str]

    @property
    def end(self) -> datetime:
        return self.start + HOUR


@dataclass
class Choice:
    """An option of somebody."""

    seating: Seating
    status: str
    #: when it is held no longer
    held_until: datetime | None = None


@dataclass
class Candidate:
    """One candidate of a run of their own."""

    number: int
    seats: tuple[str, ...]
    holds: bool
    window: tuple[datetime, datetime]
    #: whether somebody else takes the place of whoever is lost, without anybody's word
    mends: bool = False
    status: str = "waiting"
    choices: dict[str, Choice] = field(default_factory=dict)
    #: when the offer ends
    until: datetime | None = None
    revoked: bool = False
    #: the option that became the booking, and where and with whom that is now
    chosen: str | None = None
    booked: Seating | None = None
    booking: str | None = None
    #: who has said no
    declined: str | None = None
    erased: bool = False

    def open(self) -> dict[str, Choice]:
        return {id_: c for id_, c in self.choices.items() if c.status in OPEN}

    def close(self, status: str, *, but_for: str | None = None) -> None:
        """What is on offer ends like this."""
        for id_, choice in self.open().items():
            if id_ != but_for:
                choice.status, choice.held_until = status, None


class Model:
    """Who is where, and what is held for whom."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.people = {person.id: person for person in people}
        self.candidates: dict[int, Candidate] = {}
        #: meetings of their own: who, from, until
        self.meetings: list[tuple[str, datetime, datetime]] = []

    def seatable(
        self, candidate: Candidate, start: datetime, now: datetime, *, by_ours_alone: bool = False
    ) -> bool:
        """Whether somebody could hold the candidate's interview then; `by_ours_alone`: whatever else they
        do.
        """
        panels = (Seating(start, panel) for panel in self._panels(candidate.seats))
        return any(self.possible(candidate, each, now, by_ours_alone=by_ours_alone) for each in panels)

    def possible(
        self, candidate: Candidate, seating: Seating, now: datetime, *, by_ours_alone: bool = False
    ) -> bool:
        """Whether exactly these people could."""
        return seating.start >= now + NOTICE and all(
            self.is_free(id_, seating.start, candidate, now, by_ours_alone=by_ours_alone)
            for id_ in seating.people
        )

    def untaken(self, candidate: Candidate, seating: Seating, now: datetime) -> bool:
        """Whether nothing of ours stands in the way of exactly these people, whatever else they do."""
        return not any(self._is_taken(id_, seating.start, candidate, now) for id_ in seating.people)

    def instead(self, candidate: Candidate, leaving: str, now: datetime) -> set[str]:
        """Who could take somebody's place in a booking, whatever the notice."""
        assert candidate.booked is not None
        panels = set(self._panels(candidate.seats))
        return {
            id_
            for id_ in self.people.keys() - candidate.booked.people
            if candidate.booked.people - {leaving} | {id_} in panels
            and self.is_free(id_, candidate.booked.start, candidate, now)
        }

    def any_start(self, candidate: Candidate, window: tuple[datetime, datetime], now: datetime) -> bool:
        """Whether there is a time in the window, other than that of a booking of theirs."""
        here = candidate.booked.start if candidate.booked else None
        return any(self.seatable(candidate, start, now) for start in _starts(window, now) if start != here)

    def _panels(self, seats: tuple[str, ...]) -> Iterator[frozenset[str]]:
        pools = [[p.id for p in self.people.values() if skill in p.skills] for skill in seats]
        panels = (frozenset(panel) for panel in itertools.product(*pools))
        return (panel for panel in panels if len(panel) == len(seats))

    def is_free(
        self, id_: str, start: datetime, candidate: Candidate, now: datetime, *, by_ours_alone: bool = False
    ) -> bool:
        """Whether somebody could hold an interview of this candidate then."""
        person, end = self.people[id_], start + HOUR
        if start.weekday() > 4 or start.time() < COMES or end.time() > GOES:
            return False
        first, last = start - person.before, end + person.after
        meetings = [] if by_ours_alone else self.meetings
        if any(who == id_ and first < until and since < last for who, since, until in meetings):
            return False
        if self._is_taken(id_, start, candidate, now):
            return False
        return person.per_day is None or self._held_on(id_, start, candidate) < person.per_day

    def _is_taken(self, id_: str, start: datetime, candidate: Candidate, now: datetime) -> bool:
        person = self.people[id_]
        first, last = start - person.before, start + HOUR + person.after
        return any(
            first < seating.end + person.after and seating.start - person.before < last
            for seating in self._taken_from(candidate, now)
            if id_ in seating.people
        )

    def _taken_from(self, candidate: Candidate, now: datetime) -> Iterator[Seating]:
        """What is booked or held for others."""
        for other in self.candidates.values():
            if other is not candidate:
                if other.booked is not None:
                    yield other.booked
                yield from self.held_for(other, now)

    def held_for(self, candidate: Candidate, now: datetime) -> Iterator[Seating]:
        return (c.seating for c in candidate.choices.values() if c.held_until and c.held_until > now)

    def _held_on(self, id_: str, start: datetime, candidate: Candidate) -> int:
        """How many interviews somebody has that day, but for this candidate's."""
        return sum(
            id_ in other.booked.people and other.booked.start.date() == start.date()
            for other in self.candidates.values()
            if other.booked is not None and other is not candidate
        )

    # What answers have to be: the code of a refusal, or None

    def refusal_of_pick(self, who: Candidate, id_: str, now: datetime) -> str | None:
        """Of choosing one of the times that were ever on offer."""
        choice = who.choices[id_]
        if who.status == "booked":
            return None if id_ == who.chosen else "already_booked"
        if "expired" in (who.status, choice.status):
            return "expired"
        if who.status != "offered":
            return "not_offered"
        possible = choice.status in OPEN and self.seatable(who, choice.seating.start, now)
        return None if possible else "slot_taken"

    def refusal_of_move(self, who: Candidate, id_: str, now: datetime) -> str | None:
        if id_ == who.chosen and not self.is_over(who, now):
            return None
        if refusal := self.immovable(who, now):
            return refusal
        choice = who.choices[id_]
        possible = choice.status in OPEN and self.seatable(who, choice.seating.start, now)
        return None if possible else "slot_taken"

    @staticmethod
    def is_anything_in_time(who: Candidate, now: datetime) -> bool:
        """Whether the notice leaves anything of what is on offer."""
        return any(choice.seating.start >= now + NOTICE for choice in who.open().values())

    def immovable(self, who: Candidate, now: datetime) -> str | None:
        """Why what is booked cannot be changed."""
        if who.booked is None or self.is_over(who, now):
            return "not_booked"
        return "begun" if who.booked.start <= now else None

    @staticmethod
    def is_over(who: Candidate, now: datetime) -> bool:
        return who.booked is not None and who.booked.end <= now

    # What follows from what has happened

    def book(self, who: Candidate, id_: str, seating: Seating, now: datetime) -> None:
        """This time is theirs, with these people: those of the option as long as they can."""
        choice = who.choices[id_]
        assert seating.start == choice.seating.start
        assert self.possible(who, seating, now)
        if self.possible(who, choice.seating, now):
            assert seating == choice.seating
        who.close("withdrawn")
        if who.chosen is not None:
            who.choices[who.chosen].status = "withdrawn"
        choice.status, choice.held_until = "accepted", None
        who.status, who.chosen, who.booked, who.declined = "booked", id_, seating, None

    def lose(self, who: Candidate, id_: str, left: set[str], gone: set[str], now: datetime) -> None:
        """That time has gone; these are left. Where none is, others are looked for. What calendars took, they
        were asked about for the rest as well. `gone`: what is off the offer now; what is so for no calendar
        had to be impossible whatever they say.
        """
        choice = who.choices[id_]
        if choice.status in OPEN and self.seatable(who, choice.seating.start, now, by_ours_alone=True):
            for other in who.open().values():
                if not self.seatable(who, other.seating.start, now):
                    other.status, other.held_until = "withdrawn", None
        elif choice.status in OPEN:
            choice.status, choice.held_until = "withdrawn", None
            for other_id, other in who.open().items():
                if other_id in gone and (left or who.status != "offered"):
                    assert not self.seatable(who, other.seating.start, now, by_ours_alone=True)
                    other.status, other.held_until = "withdrawn", None
        assert left <= who.open().keys()
        if not left and who.status == "offered":
            who.close("withdrawn")

    def cancel(self, who: Candidate) -> None:
        who.close("withdrawn")
        who.choices[who.chosen or ""].status = "withdrawn"
        who.status, who.booked, who.chosen, who.declined = "cancelled", None, None, None

    def erase(self, who: Candidate, now: datetime, *, cancel: bool) -> None:
        """Nothing can be chosen any more, and no link works. What is booked stays, unless it is to be
        cancelled and has not begun.
        """
        who.erased = who.revoked = True
        who.close("withdrawn")
        if who.status in ("waiting", "offered"):
            who.status = "cancelled"
        elif self.is_ahead(who, now) and cancel:
            self.cancel(who)
        elif who.booked is not None and not self.is_over(who, now):
            who.declined = None  # calendars in memory write an event anew

    @staticmethod
    def is_ahead(who: Candidate, now: datetime) -> bool:
        return who.booked is not None and who.booked.start > now

    def let_go(self, who: Candidate) -> None:
        """What is held is free, and still on offer."""
        for choice in who.open().values():
            choice.status, choice.held_until = "offered", None

    def hold(self, who: Candidate, now: datetime) -> None:
        """What is on offer and free is held."""
        for choice in who.open().values():
            until = min(who.until or choice.seating.start, choice.seating.start - NOTICE)
            if who.holds and until > now and self.untaken(who, choice.seating, now):
                choice.status, choice.held_until = "held", until

    def mend(self, who: Candidate, seating: Seating, now: datetime) -> None:
        """Somebody else sits there, by no word of anybody's."""
        assert who.booked is not None
        assert who.mends
        gone = who.booked.people - seating.people
        assert all(who.declined == id_ or self._is_crossed(id_, who.booked) for id_ in gone)
        comes = seating.people - who.booked.people
        self.reseat(who, seating)
        assert seating.people in self._panels(who.seats)
        assert all(self.is_free(id_, seating.start, who, now) for id_ in comes)

    @staticmethod
    def reseat(who: Candidate, seating: Seating) -> None:
        """Others sit there. Calendars in memory write an event anew, and whoever is on it is asked again."""
        who.booked, who.declined = seating, None

    def _is_crossed(self, id_: str, seating: Seating) -> bool:
        """Whether a meeting of their own lies over an interview."""
        return any(
            who == id_ and since < seating.end and seating.start < until
            for who, since, until in self.meetings
        )

    def pass_time(self, now: datetime) -> None:
        """What ends by itself."""
        for who in self.candidates.values():
            too_near = who.open() and not self.is_anything_in_time(who, now)
            if who.status == "offered" and (too_near or (who.until and who.until <= now)):
                who.status = "expired"
                who.close("expired")
            if self.is_over(who, now):
                who.close("expired")
            for choice in who.choices.values():
                if choice.held_until and choice.held_until <= now:
                    choice.status, choice.held_until = "offered", None


def _starts(window: tuple[datetime, datetime], now: datetime) -> Iterator[datetime]:
    start = max(window[0], now + NOTICE)
    start += (datetime.min.replace(tzinfo=start.tzinfo) - start) % QUARTER
    while start + HOUR <= window[1]:
        yield start
        start += QUARTER
