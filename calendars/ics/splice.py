# SPDX-License-Identifier: Apache-2.0
"""
Put one event into a calendar file, or take it out, and leave every other byte as it is.

The file belongs to another program: its order, folding, line ends and unknown properties are not ours to
tidy.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from calendars.ics.document import scan

_LINE_START = rb"(?:(?<=[\r\n])|(?<=\xef\xbb\xbf)|\A)"
_LINE_END = rb"[ \t]*(?:\r\n|\r|\n|\Z)"
_EVENT_BEGINS = re.compile(_LINE_START + rb"BEGIN:[ \t]*VEVENT" + _LINE_END, re.IGNORECASE)
_EVENT_ENDS = re.compile(_LINE_START + rb"END:[ \t]*VEVENT" + _LINE_END, re.IGNORECASE)
_CALENDAR_ENDS = re.compile(_LINE_START + rb"END:[ \t]*VCALENDAR" + _LINE_END, re.IGNORECASE)
_ANY_LINE_END = re.compile(rb"\r\n|\r|\n")


def put_event(data: bytes, uid: str, event: str) -> bytes:
    """
    The file with the event: in the place of the first that has its uid, else at the end of the last calendar.

    ``event`` is a VEVENT with CRLF line ends. Raises ValueError when no calendar ends in plain sight.
    """
    spans = list(_spans(data, uid))
    if spans:
        start, end = spans[0]
        rest = cut_event(data[end:], uid)
    else:
        endings = list(_CALENDAR_ENDS.finditer(data))
        if not endings or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise ValueError("The calendar has no end.")
        start = endings[-1].start()
        rest = data[start:]
    return data[:start] + _in_style_of(data, event) + rest


def cut_event(data: bytes, uid: str) -> bytes:
    """The file without the events that have this uid."""
    kept, position = [], 0
    for start, end in _spans(data, uid):
        kept.append(data[position:start])
        position = end
    return b"".join([*kept, data[position:]])


def event_bytes(data: bytes, uid: str) -> bytes:
    """Exactly the lines of the events that have this uid."""
    return b"".join(data[start:end] for start, end in _spans(data, uid))


def _spans(data: bytes, uid: str) -> Iterator[tuple[int, int]]:
    """Where the events with this uid are: from the first byte of BEGIN past the line end of END."""
    for begin in _EVENT_BEGINS.finditer(data):
        end = _EVENT_ENDS.search(data, begin.end())
        if end is not None and _has_uid(data[begin.start() : end.end()], uid):
            yield begin.start(), end.end()


def _has_uid(event: bytes, uid: str) -> bool:
    # The scan knows an alarm's UID from the event's, and folded lines, but is only worth it on likely events.
    squeezed = re.sub(rb"[\r\n\t \\]", b"", event)
    if re.sub(rb"[\t \\]", b"", uid.encode()) not in squeezed:
        return False
    wrapped = b"BEGIN:VCALENDAR\n" + event + b"\nEND:VCALENDAR\n"
    return any(
        component.name == "VEVENT" and component.plain_text("UID") == uid for component in scan(wrapped, "")
    )


def _in_style_of(data: bytes, event: str) -> bytes:
    """The event with the line ends and in the encoding of the file."""
    line_end = _ANY_LINE_END.search(data)
    text = event.replace("\r\n", line_end[0].decode() if line_end else "\r\n")
    try:
        data.decode()
    except UnicodeDecodeError:
        # A file in an older encoding must not become one in two encodings.
        return text.encode("latin-1", errors="replace")
    return text.encode()
