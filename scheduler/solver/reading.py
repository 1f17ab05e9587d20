# SPDX-License-Identifier: Apache-2.0
"""Reading JSON that somebody else wrote: each refusal names the place with a JSON Pointer (RFC 6901)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.domain.errors import Invalid
from scheduler.domain.hours import WEEKDAYS, WeeklyHours
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.domain.plans import MOST_SESSIONS

#: of instants, first and last: notice, horizon, days and buffers are counted from them, and stay dates
YEARS = (1900, 9000)
OUT_OF_RANGE = f"is not within the years {YEARS[0]} to {YEARS[1]}"


@cache
def _zone_exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


@dataclass(frozen=True)
class Node:
    """A value of the document and where it stands."""

    value: Any
    pointer: str = ""

    def refused(self, detail: str) -> Invalid:
        return Invalid.at(self.pointer, detail)

    def fields(self, required: str, optional: str = "") -> dict[str, Node]:
        """The members of an object, given as names separated by spaces. Optional ones that are null count
        as absent.
        """
        if not isinstance(self.value, dict):
            raise self.refused("is not an object")
        known, needed = {*required.split(), *optional.split()}, required.split()
        for name in self.value:
            if name not in known:
                raise self._member(name).refused("is not a known field")
        for name in needed:
            if name not in self.value:
                raise self._member(name).refused("is missing")
        return {
            name: self._member(name)
            for name, value in self.value.items()
            if value is not None or name in needed
        }

    def _member(self, name: str) -> Node:
        escaped = str(name).replace("~", "~0").replace("/", "~1")
        return Node(self.value.get(name), f"{self.pointer}/{escaped}")

    def items(self, at_least: int = 0) -> Iterator[Node]:
        if not isinstance(self.value, list):
            raise self.refused("is not a list")
        if len(self.value) < at_least:
            raise self.refused(f"needs at least {at_least}")
        return (Node(item, f"{self.pointer}/{index}") for index, item in enumerate(self.value))

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.refused("is not text")
        return self.value

    def name(self) -> str:
        if not self.text():
            raise self.refused("is empty")
        return self.text()

    def one_of(self, *choices: str) -> str:
        if self.value not in choices:
            raise self.refused("is none of " + ", ".join(choices))
        return self.text()

    def whole(self, low: int, high: int) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.refused("is not a whole number")
        if not low <= self.value <= high:
            raise self.refused(f"is not between {low} and {high}")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.refused("is neither true nor false")
        return self.value

    def instant(self) -> datetime:
        try:
            instant = parse_instant(self.text())
        except ValueError as error:
            raise self.refused(f"is not a time with an offset: {error}") from error
        except OverflowError as error:
            raise self.refused(OUT_OF_RANGE) from error
        if not YEARS[0] <= instant.year <= YEARS[1]:
            raise self.refused(OUT_OF_RANGE)
        return instant

    def zone(self) -> str:
        if not _zone_exists(self.name()):
            raise self.refused("is not a known IANA time zone")
        return self.name()

    def wall(self) -> time:
        try:
            parsed = time.fromisoformat(self.text())
        except ValueError as error:
            raise self.refused("is not a time of day such as 09:30") from error
        if parsed.tzinfo or parsed.second or parsed.microsecond:
            raise self.refused("is not a time of day in whole minutes such as 09:30")
        return parsed

    def interval(self) -> Interval:
        fields = self.fields("start end")
        return self.between(fields["start"], fields["end"])

    def between(self, start: Node, end: Node) -> Interval:
        opening, closing = start.instant(), end.instant()
        if closing <= opening:
            raise end.refused("is not after start")
        return Interval(opening, closing)

    def weekly_hours(self) -> WeeklyHours:
        fields = self.fields("days start end")
        days = tuple(day.one_of(*WEEKDAYS) for day in fields["days"].items())
        start, end = fields["start"].wall(), fields["end"].wall()
        if end <= start and end != time(0):
            raise fields["end"].refused("is not after start")
        return WeeklyHours(days, start, end)


def check_plan(node: Node) -> None:
    """The shape of a Plan in the API's form; what contradicts itself is the plan's own affair."""
    fields = node.fields(
        "name sessions",
        "id external_id order gap max_days grid breaks candidate_hours notice_hours horizon_days"
        " distinct_interviewers reminders approval on_decline reschedule holds offer_days",
    )
    fields["name"].text()
    for session in fields["sessions"].items(at_least=1):
        _check_session(session)
    _check_times(fields)
    _check_policies(fields)


def check_length(node: Node) -> None:
    """Refuses a plan of more sessions than a new one may have. Not part of its shape: Problems stored with
    runs have plans from before there was such a limit.
    """
    if len(node.value["sessions"]) > MOST_SESSIONS:
        raise Invalid.at(f"{node.pointer}/sessions", f"are more than {MOST_SESSIONS}")


def _check_times(fields: dict[str, Node]) -> None:
    """The parts of a plan that say when."""
    if "order" in fields:
        fields["order"].one_of("fixed", "any")
    if "gap" in fields:
        for minutes in fields["gap"].fields("", "min max").values():
            minutes.whole(0, 1440)
    for item in fields["breaks"].items() if "breaks" in fields else ():
        _check_break(item)
    if "candidate_hours" in fields:
        for wall in fields["candidate_hours"].fields("start end").values():
            wall.wall()
    for name, low, high in (
        ("max_days", 1, 31),
        ("grid", 1, 720),
        ("notice_hours", 0, 8784),
        ("horizon_days", 1, 366),
        ("offer_days", 1, 366),
    ):
        if name in fields:
            fields[name].whole(low, high)


def _check_policies(fields: dict[str, Node]) -> None:
    """The parts of a plan that say how it is run; most of them solving does not look at."""
    for name in ("distinct_interviewers", "holds"):
        if name in fields:
            fields[name].flag()
    for name in ("id", "external_id", "approval", "on_decline"):
        if name in fields:
            fields[name].text()
    for minutes in fields["reminders"].items() if "reminders" in fields else ():
        minutes.whole(0, 527040)
    if "reschedule" in fields:
        for number in fields["reschedule"].fields("", "limit cutoff_hours").values():
            number.whole(0, 8784)


def _check_break(node: Node) -> None:
    fields = node.fields("name minutes between")
    fields["name"].text()
    fields["minutes"].whole(1, 720)
    walls = [wall.wall() for wall in fields["between"].items()]
    if len(walls) != 2:
        raise fields["between"].refused("needs exactly two times of day")


def _check_session(node: Node) -> None:
    fields = node.fields(
        "key title minutes seats", "after room conference conference_url location instructions buffer"
    )
    fields["key"].name()
    fields["title"].text()
    fields["minutes"].whole(1, 1440)
    for seat in fields["seats"].items(at_least=1):
        _check_seat(seat)
    for key in fields["after"].items() if "after" in fields else ():
        key.text()
    if "room" in fields:
        fields["room"].fields("capacity")["capacity"].whole(1, 10000)
    for name in ("conference", "conference_url", "location", "instructions"):
        if name in fields:
            fields[name].text()
    if "buffer" in fields:
        for minutes in fields["buffer"].fields("", "before after").values():
            minutes.whole(0, 1440)


def _check_seat(node: Node) -> None:
    fields = node.fields("", "role count skill level interviewers optional")
    for name in ("role", "skill"):
        if name in fields:
            fields[name].text()
    if "count" in fields:
        fields["count"].whole(1, 50)
    if "level" in fields:
        fields["level"].one_of("qualified", "reverse_shadow", "shadow")
    for id_ in fields["interviewers"].items() if "interviewers" in fields else ():
        id_.name()
    if "optional" in fields:
        fields["optional"].flag()
