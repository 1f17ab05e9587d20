# SPDX-License-Identifier: Apache-2.0
"""When a candidate could be there, as they say it on the page: a day, from when, until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from itertools import zip_longest
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from scheduler.domain.errors import Invalid
from scheduler.domain.hours import hours_on
from scheduler.domain.intervals import Interval

#: so many can be named at once
MOST = 3
NONE_NAMED = "Choose at least one day on which you could be there."


class Sent(Protocol):
    """The fields of a form."""

    def getlist(self, name: str) -> list[Any]: ...


@dataclass(frozen=True)
class Stretch:
    """One line of the form, as it was filled in: texts, any of which may be empty."""

    day: str = ""
    start: str = ""
    end: str = ""

    def __bool__(self) -> bool:
        return bool(self.day or self.start or self.end)


BLANK = (Stretch(),) * MOST


def sent(form: Sent) -> tuple[Stretch, ...]:
    """The lines of the form; none when it was another form."""
    columns = (form.getlist(name)[:MOST] for name in ("day", "start", "end"))
    return tuple(Stretch(*(text.strip() for text in line)) for line in zip_longest(*columns, fillvalue=""))


def read(lines: Iterable[Stretch], days: Mapping[str, str], zone: ZoneInfo) -> list[Interval]:
    """As instants; a line without times is the whole day. `days`: those that can be chosen, in words.

    Raises Invalid, which says it to the candidate.
    """
    found = [_interval(line, days, zone, f"/{number}") for number, line in enumerate(lines) if line]
    if not found:
        raise Invalid.at("", NONE_NAMED)
    return found


def _interval(line: Stretch, days: Mapping[str, str], zone: ZoneInfo, pointer: str) -> Interval:
    if line.day not in days:
        raise Invalid.at(pointer, "Choose a day for each of the times you name.")
    start, end = _clock(line.start, pointer), _clock(line.end, pointer)
    during = hours_on(date.fromisoformat(line.day), start, end, zone)
    if during is None:
        raise Invalid.at(pointer, f"On {days[line.day]} the end is not after the beginning.")
    return during


def _clock(text: str, pointer: str) -> time:
    """Midnight, at whichever end of the day, where nothing is said."""
    try:
        clock = time.fromisoformat(text) if text else time()
    except ValueError:
        clock = None
    if clock is None or clock.tzinfo is not None:
        raise Invalid.at(pointer, "Write times like 09:00 or 17:30.")
    return clock
