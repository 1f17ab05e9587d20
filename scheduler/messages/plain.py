# SPDX-License-Identifier: Apache-2.0
"""Plain text of at most 70 columns: paragraphs wrap, facts hang beside their label, links stay whole."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from scheduler.messages.view import Place, Row

COLUMNS = 70
LABEL = 10


def wrap(text: str) -> str:
    """One paragraph."""
    return "\n".join(_wrapped(" ".join(text.split()), "", ""))


def hang(lines: Iterable[str], label: str, width: int = LABEL) -> str:
    """Lines in a column of their own, the label beside the first."""
    first, rest = label.ljust(width), " " * width
    hung: list[str] = []
    for line in lines:
        hung += _wrapped(line, rest if hung else first, rest)
    return "\n".join(hung)


def place_lines(places: Iterable[Place], video: str, untold: str) -> list[str]:
    """Each place on its line, a video call's link on one of its own; `untold` where it has none."""
    lines: list[str] = []
    for place in places:
        lines += [video, place.url] if place.url else [untold if place.video else place.text]
    return lines


def programme_lines(rows: Iterable[Row]) -> list[str]:
    """`10:00–11:00  Coding together, Ada Keller (Room Blue)`."""
    return [
        f"{row.time}  {', '.join(filter(None, (row.title, row.people)))}" + (row.place and f" ({row.place})")
        for row in rows
    ]


def compact(text: str) -> str:
    """Without empty lines."""
    return "\n".join(line for line in text.splitlines() if line.strip())


def tidy(text: str) -> str:
    """No blanks at the ends of lines, one empty line at most, one line end at the end."""
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _wrapped(line: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        line,
        COLUMNS,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words="://" not in line and "@" not in line,
    )
