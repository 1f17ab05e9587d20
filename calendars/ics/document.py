# SPDX-License-Identifier: Apache-2.0
"""
From the bytes of a calendar file to the few lines that say when time is taken.

The scan looks at every line once, keeps only properties that bear on time, and checks that the components
nest. Titles, descriptions and all but the owner's own attendee line are never decoded, let alone kept.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from calendars.ics.unclear import Unclear

#: Properties without which the time of an event cannot be told.
TIMES = frozenset({"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "FREEBUSY"})
_OTHERS = (
    "BEGIN", "END", "UID", "SEQUENCE", "STATUS", "TRANSP", "ATTENDEE", "X-MICROSOFT-CDO-BUSYSTATUS",
    "X-CONVENE", "TZID", "TZOFFSETFROM", "TZOFFSETTO", "X-WR-TIMEZONE", "CALSCALE",
)  # fmt: skip
_KEPT = re.compile(rb"(?i)(" + "|".join([*TIMES, *_OTHERS]).encode() + rb")(?![A-Z0-9-])([;:]?)")
_ESCAPE = re.compile(r"\\([\\;,nN])")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NAMES = {name.encode(): name for name in (*TIMES, *_OTHERS)}
_WANTED = frozenset({"VEVENT", "VFREEBUSY", "VTIMEZONE", "VCALENDAR"})
_MOST_COMPONENTS = 120_000
_MOST_LINES = 20_000
_DEEPEST = 20


@dataclass(slots=True)
class Line:
    """One unfolded property line; ``row`` counts unfolded lines from 0."""

    row: int
    raw: bytes

    @property
    def text(self) -> str:
        """The line as text: UTF-8, or Latin-1 where it is not that."""
        try:
            return self.raw.decode()
        except UnicodeDecodeError:
            return self.raw.decode("latin-1")

    def split_last(self) -> tuple[str, str]:
        """
        Name with parameters, and value, of a property whose value holds no colon.

        Zone names hold unquoted colons in the wild, as in ``TZID=(UTC+01:00) Paris``.
        """
        head, _, value = self.text.rpartition(":")
        return head, value.strip()

    @property
    def value(self) -> str:
        """What follows the first colon."""
        return self.text.partition(":")[2].strip()


@dataclass(slots=True)
class Component:
    """A component with those of its lines that matter."""

    name: str
    row: int
    #: Which VCALENDAR of the file it belongs to, counted from 0; the file's latest one so far.
    calendar: int
    lines: dict[str, list[Line]] = field(default_factory=dict)
    children: list[Component] = field(default_factory=list)

    def last(self, name: str) -> Line | None:
        """The last line of this name, or None."""
        lines = self.lines.get(name)
        return lines[-1] if lines else None

    def value(self, name: str) -> str:
        """The value of the last line of this name, or an empty string."""
        line = self.last(name)
        return line.value if line else ""

    def plain_text(self, name: str) -> str:
        """The same for a TEXT property, with its escapes undone (RFC 5545, 3.3.11)."""
        return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], self.value(name))


def scan(data: bytes, owner: str) -> Iterator[Component]:
    """
    The VEVENT, VFREEBUSY, VTIMEZONE and VCALENDAR components of a calendar file, each as it ends.

    Accepts CRLF, LF and CR line ends, a byte order mark, and several calendars one after another. Of the
    attendees only lines that hold the owner's address are kept. Raises Unclear when the file is not a whole
    calendar.
    """
    return _Scan(owner).read(data)


def line_number(data: bytes, row: int) -> int:
    """The number, from 1, of the line in the file that an unfolded line starts on."""
    unfolded = -1
    for number, line in enumerate(io.BytesIO(_plain(data)), 1):
        if line[:1] not in (b" ", b"\t") or number == 1:
            unfolded += 1
        if unfolded == row:
            return number
    return 1


def _plain(data: bytes) -> bytes:
    if data.startswith(_UTF_16):
        data = data.decode("utf-16", errors="replace").encode()
    return data.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _unfolded(data: bytes) -> bytes:
    return _plain(data).replace(b"\n ", b"").replace(b"\n\t", b"")


class _Scan:
    def __init__(self, owner: str) -> None:
        self._owner = owner.lower().encode()
        self._open: list[Component] = []
        self._components = 0
        self._calendars = 0

    def read(self, data: bytes) -> Iterator[Component]:
        kept = _KEPT.match
        row = -1
        for row, raw in enumerate(io.BytesIO(_unfolded(data))):
            match = kept(raw)
            if match is None:
                if not self._calendars and raw.strip():
                    raise _not_a_calendar()
                continue
            name = _NAMES.get(match[1]) or match[1].upper().decode()
            if name == "BEGIN":
                self._begin(Line(row, raw))
            elif name == "END":
                component = self._end(Line(row, raw))
                if component.name in _WANTED:
                    yield component
            else:
                self._keep(name, Line(row, raw), complete=bool(match[2]))
        if self._open:
            raise Unclear("cut_off", "The calendar file ends in the middle; export it again.", row=row)
        if not self._calendars:
            raise _not_a_calendar()

    def _keep(self, name: str, line: Line, *, complete: bool) -> None:
        if not self._open:
            if not self._calendars:
                raise _not_a_calendar()
        elif complete:
            if name == "ATTENDEE" and self._owner not in line.raw.lower():
                return
            lines = self._open[-1].lines.setdefault(name, [])
            lines.append(line)
            if len(lines) > _MOST_LINES:
                raise _too_large()
        elif name in TIMES and self._open[-1].name == "VEVENT":
            raise Unclear(
                "broken_event",
                "Line {line}, inside an event, is damaged; save that event again.",
                row=line.row,
            )

    def _begin(self, line: Line) -> None:
        name = line.value.upper()
        parent = self._open[-1] if self._open else None
        if name == "VCALENDAR":
            self._calendars += 1
        elif parent is None:
            raise _not_a_calendar()
        if name == "VEVENT" and any(component.name == "VEVENT" for component in self._open):
            raise Unclear("broken_event", "The event at line {line} begins inside another one.", row=line.row)
        self._components += 1
        if self._components > _MOST_COMPONENTS or len(self._open) > _DEEPEST:
            raise _too_large()
        component = Component(name, line.row, self._calendars - 1)
        if parent is not None and parent.name == "VTIMEZONE":
            parent.children.append(component)
        self._open.append(component)

    def _end(self, line: Line) -> Component:
        if not self._open or self._open[-1].name != line.value.upper():
            raise Unclear(
                "broken_structure",
                "Line {line} of the file ends something that was not begun there; export the calendar again.",
                row=line.row,
            )
        return self._open.pop()


def _too_large() -> Unclear:
    return Unclear(
        "too_large", "The calendar file holds too much to be read; export only the current events."
    )


def _not_a_calendar() -> Unclear:
    return Unclear(
        "not_a_calendar", "The file is not an iCalendar file; put an .ics export of the calendar there."
    )


def lines_of(component: Component, name: str) -> Iterator[Line]:
    """The lines of one name that have a value; programs write empty ones such as ``RRULE:``."""
    return (line for line in component.lines.get(name, ()) if line.split_last()[1])
