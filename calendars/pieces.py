# SPDX-License-Identifier: Apache-2.0
"""Readings put together from pieces: networks answer for so many calendars and so many days at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta

from calendars.errors import CalendarError, Gone, NotConnected, NoTime, Outage, TryLater
from calendars.values import Blocks, Busy, Reading, Unreadable, busy_within


@dataclass(frozen=True)
class Refusal:
    """Why a calendar's time is not known."""

    code: str
    reason: str
    #: it ends by itself
    passing: bool = False


#: pages of one list, and seconds for all of them: far more than anybody's calendar takes
MOST_PAGES, LONGEST_LIST = 300, 60.0
ENDLESS = "The calendar provider is not answering as it should: a list does not end."

#: what one piece of an answer says about one calendar
Told = tuple[Busy, ...] | Refusal

NO_ADDRESS = Refusal("not_found", "Calendars are known here by their mail addresses, and this is none.")
TIMED_OUT = Refusal("timed_out", "There was no time left to read the calendar; try again.", passing=True)


def is_mail(address: str) -> bool:
    """Whether it may be a mailbox. Networks have further names ("primary", "me") for whoever is asking."""
    name, at, host = address.rpartition("@")
    return bool(name and at and host)


def spans(start: datetime, end: datetime, longest: timedelta) -> list[tuple[datetime, datetime]]:
    """The window in pieces of at most ``longest``."""
    cuts = []
    while start < end:
        cuts.append((start, min(start + longest, end)))
        start = cuts[-1][1]
    return cuts


def groups(addresses: Sequence[str], most: int) -> list[tuple[str, ...]]:
    """The addresses in groups of at most ``most``."""
    return [tuple(addresses[at : at + most]) for at in range(0, len(addresses), most)]


def turns() -> Iterator[None]:
    """One for each page of a list that is followed to its end. Raises Outage where it seems to have none."""
    ends = time.monotonic() + LONGEST_LIST
    for _ in range(MOST_PAGES):
        yield
        if time.monotonic() > ends:
            break
    raise Outage(ENDLESS)


def joined(parts: Iterable[Told]) -> Told:
    """The pieces of one calendar's time; one that is not known leaves all of it unknown."""
    blocks: list[Busy] = []
    for part in parts:
        if isinstance(part, Refusal):
            return part
        blocks += part
    return tuple(blocks)


def collected(
    work: Iterable[tuple[tuple[str, ...], Future[dict[str, Told]]]],
    *,
    missing: Refusal,
    code_of: Callable[[CalendarError], str],
    deadline: float | None,
) -> dict[str, Told]:
    """What every piece said, by calendar. A piece that fails leaves its own calendars unknown, no others."""
    told: dict[str, list[Told]] = {}
    for group, future in work:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            answer = future.result(timeout=left)
        except TimeoutError:
            answer = dict.fromkeys(group, TIMED_OUT)
        except CalendarError as error:
            passing = isinstance(error, TryLater)
            late = passing and deadline is not None and time.monotonic() >= deadline
            refused = TIMED_OUT if late else Refusal(code_of(error), str(error), passing=passing)
            answer = dict.fromkeys(group, refused)
        for address in group:
            told.setdefault(address, []).append(answer.get(address, missing))
    return {address: joined(parts) for address, parts in told.items()}


def reading(told: Told, start: datetime, end: datetime, read_at: datetime) -> Reading:
    """One calendar's answer: blocks cut to the window, or why there are none."""
    if isinstance(told, Refusal):
        return Unreadable(reason=told.reason, code=told.code, read_at=read_at, passing=told.passing)
    return Blocks(busy_within(told, start, end), read_at)


def code_of(error: CalendarError, codes: Mapping[str, str]) -> str:
    """The stable code of an unreadable calendar for this error; ``codes``: by the sentence it carries."""
    if isinstance(error, NotConnected):
        return "not_connected"
    if isinstance(error, Outage):
        return "provider_down"
    if isinstance(error, NoTime):
        return "timed_out"
    if isinstance(error, TryLater):
        return "rate_limited"
    if isinstance(error, Gone):
        return "not_found"
    return codes.get(str(error), "refused")
