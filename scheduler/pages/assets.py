# SPDX-License-Identifier: Apache-2.0
"""Style and script, under names that change with their content, so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from scheduler.domain.colour import DEFAULT_ACCENT, ink_on, readable_on

FOREVER = "public, max-age=31536000, immutable"
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
_ACCENT = re.compile(r"accent-([0-9a-f]{6})\.css\Z")

#: what the accent is read against; the same values stand in page.css
LIGHT_PAPER, DARK_CARD = "#fbfaf6", "#1c2220"
#: on dark, bright enough to be calm rather than just legible
DARK_CONTRAST = 7.0


@dataclass(frozen=True)
class Asset:
    name: str
    type: str
    body: bytes


@lru_cache(maxsize=1)
def _packaged() -> dict[str, Asset]:
    """The files of `static/` by the name with their fingerprint: `page.1a2b3c4d.css`."""
    found: dict[str, Asset] = {}
    for item in files(__package__).joinpath("static").iterdir():
        stem, _, suffix = item.name.rpartition(".")
        if suffix in _TYPES:
            body = item.read_bytes()
            name = f"{stem}.{hashlib.sha256(body).hexdigest()[:10]}.{suffix}"
            found[name] = Asset(name, _TYPES[suffix], body)
    return found


def named(original: str) -> str:
    """Today's name of `page.css`. Raises LookupError when there is no such file."""
    stem, _, suffix = original.rpartition(".")
    for name in _packaged():
        if name.startswith(f"{stem}.") and name.endswith(f".{suffix}"):
            return name
    raise LookupError(original)


def find(name: str) -> Asset | None:
    accent = _ACCENT.match(name)
    return _accent_sheet(f"#{accent[1]}") if accent else _packaged().get(name)


def accent_name(colour: str) -> str | None:
    """The style sheet of an organisation's colour; None where page.css has it already."""
    return None if colour == DEFAULT_ACCENT else f"accent-{colour.removeprefix('#')}.css"


@lru_cache(maxsize=256)
def _accent_sheet(colour: str) -> Asset:
    """The accent as it can be read on light and on dark paper, with the ink that can be read on it."""
    light, dark = readable_on(LIGHT_PAPER, colour), readable_on(DARK_CARD, colour, DARK_CONTRAST)
    body = (
        f":root{{--accent:{light};--on-accent:{ink_on(light)};"
        f"--soft:color-mix(in srgb,{light} 8%,#fff)}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--accent:{dark};--on-accent:{ink_on(dark)};"
        f"--soft:color-mix(in srgb,{dark} 14%,{DARK_CARD})}}}}\n"
    )
    return Asset(f"accent-{colour.removeprefix('#')}.css", _TYPES["css"], body.encode())
