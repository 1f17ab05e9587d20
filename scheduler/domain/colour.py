# SPDX-License-Identifier: Apache-2.0
"""An organisation's colour, made readable: contrast as WCAG 2.2 defines it (success criterion 1.4.3)."""

from __future__ import annotations

import re

#: used where an organisation has not chosen a colour
DEFAULT_ACCENT = "#2f5d50"
DARK_INK = "#1d2320"
LIGHT_INK = "#ffffff"
BLACK = "#000000"
#: what WCAG asks of text of ordinary size
TEXT_CONTRAST = 4.5

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})\Z", re.IGNORECASE)
_STEPS = 50


def hex_colour(text: str) -> str:
    """`#rrggbb` in lower case, from that or `#rgb`. Raises ValueError."""
    if not _HEX.match(text):
        msg = f"{text!r} is not a colour like #2f5d50"
        raise ValueError(msg)
    digits = text[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white); the order does not matter."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def ink_on(colour: str) -> str:
    """The ink, dark or light, that reads better on this colour; black where neither reads well enough.

    On a colour in the middle black or white always has 4.58; our dark ink is not black, and may have 3.99.
    """
    ink = max((DARK_INK, LIGHT_INK), key=lambda ink: contrast(ink, colour))
    return ink if contrast(ink, colour) >= TEXT_CONTRAST else _further_end(colour)


def readable_on(paper: str, colour: str, ratio: float = TEXT_CONTRAST) -> str:
    """The colour itself, or the nearest darker or lighter one that has this contrast with the paper."""
    goal = _further_end(paper)
    for step in range(_STEPS + 1):
        candidate = _mixed(colour, goal, step / _STEPS)
        if contrast(candidate, paper) >= ratio:
            return candidate
    return goal


def _further_end(colour: str) -> str:
    return max((BLACK, LIGHT_INK), key=lambda end: contrast(end, colour))


def _channels(colour: str) -> tuple[int, int, int]:
    digits = hex_colour(colour)
    return int(digits[1:3], 16), int(digits[3:5], 16), int(digits[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _mixed(colour: str, goal: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(goal), strict=True)
    return "#" + "".join(f"{round(start + (end - start) * share):02x}" for start, end in pairs)
