# SPDX-License-Identifier: Apache-2.0
"""Which clock the page reads times on, and the zones it can be changed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Literal
from zoneinfo import available_timezones

from markupsafe import Markup, escape

from scheduler.domain.wording import clock, zone_abbreviation, zone_city

#: offered first, west to east, because most people live near one of them
COMMON = (
    *("America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York", "America/Sao_Paulo"),
    *("Europe/London", "Europe/Berlin", "Africa/Johannesburg", "Europe/Istanbul", "Asia/Dubai"),
    *("Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland", "UTC"),
)

#: chosen on the page, said by the candidate before, or assumed from where the interviewers are
Origin = Literal["chosen", "known", "assumed"]


@dataclass(frozen=True)
class Zone:
    """The zone the page shows times in: an IANA name, and how it came to be this one."""

    id: str
    origin: Origin

    @property
    def city(self) -> str:
        return zone_city(self.id) or self.id


def zone_for(asked: str | None, known: str | None, home: str) -> Zone:
    """The zone somebody chose on the page, else the candidate's own, else that of the first interviewer."""
    if asked and is_zone(asked):
        return Zone(asked, "known" if asked == known else "chosen")
    if known and is_zone(known):
        return Zone(known, "known")
    return Zone(home, "assumed")


def is_zone(name: str) -> bool:
    return name in _names()


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    # The two that are no places, which the API takes from nobody either.
    return frozenset(available_timezones() - {"localtime", "Factory"})


def likely(shown: Zone, others: Sequence[str | None], now: datetime, locale: str) -> list[tuple[str, str]]:
    """The short list, `(id, words)`: the shown zone, those of the people involved, and the common ones."""
    ids = dict.fromkeys([shown.id, *(zone for zone in others if zone), *COMMON])
    return [(zone, _words(zone, now, locale)) for zone in ids]


def _words(zone: str, now: datetime, locale: str) -> str:
    """`London (GMT, now 09:41)`"""
    at = clock(now, zone, locale)
    city = zone_city(zone)
    return f"{city} ({zone_abbreviation(zone, now)}, now {at})" if city else f"{zone} (now {at})"


@lru_cache(maxsize=1)
def everywhere() -> Markup:
    """Every place of the time zone database as options of a select, grouped by continent; made once."""
    areas: dict[str, list[tuple[str, str]]] = {}
    for zone in _places():
        area, _, place = zone.partition("/")
        # "North_Dakota/Center" is looked for under its own name first.
        words = ", ".join(part.replace("_", " ") for part in reversed(place.split("/")))
        areas.setdefault(area, []).append((words, zone))
    # HTML lets the end tags of options go, and with four hundred of them that is worth it.
    groups = (
        f'<optgroup label="{escape(area)}">'
        + "".join(f'<option value="{escape(zone)}">{escape(words)}' for words, zone in sorted(places))
        + "</optgroup>"
        for area, places in sorted(areas.items())
    )
    return Markup("".join(groups))  # noqa: S704  # escaped above, and every word is the database's


def _places() -> set[str]:
    """Zones that stand for a place, without the database's former names."""
    table = files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    return {
        line.split("\t")[2] for line in table.splitlines() if line and not line.startswith("#")
    } & _names()
