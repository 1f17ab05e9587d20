# SPDX-License-Identifier: Apache-2.0
"""Words for times, zones, lengths and people, the same in mails and on pages.

Every function takes a locale tag (BCP 47) and falls back from `de-AT` to `de` to `en`. A new locale is one
more row of `LOCALES`. Instants are aware and are refused with ValueError otherwise; a zone is an IANA name.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduler.domain.intervals import aware

DEFAULT_LOCALE = "en-GB"

#: below this a reminder counts minutes instead of naming a time of day
COUNTED = timedelta(hours=2)

#: marks that change the direction of the text after them, which no name needs
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_BREAKING = frozenset({"Cc", "Zl", "Zp"})


@dataclass(frozen=True, kw_only=True)
class Locale:
    """How a language and region writes what this module says. Patterns are for `str.format`."""

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    #: how many letters a short weekday or month keeps
    short: int
    day: str
    day_with_year: str
    twelve_hours: bool
    before_noon: str
    after_noon: str
    city_time: str
    today: str
    tomorrow: str
    #: singular and plural
    minute: tuple[str, str]
    hour: tuple[str, str]
    numbers: tuple[str, ...]
    last_of_list: str
    then: str
    now: str
    in_time: str
    near_day_at: str
    day_at: str
    whole_day: str
    whole_days: str
    no_length: str

    @property
    def month_is_last(self) -> bool:
        return self.day.endswith("{month}")


_EN = Locale(
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    short=3,
    day="{weekday} {day} {month}",
    day_with_year="{weekday} {day} {month} {year}",
    twelve_hours=False,
    before_noon="am",
    after_noon="pm",
    city_time="{city} time ({abbreviation})",
    today="today",
    tomorrow="tomorrow",
    minute=("minute", "minutes"),
    hour=("hour", "hours"),
    numbers=(
        *("no", "one", "two", "three", "four", "five", "six"),
        *("seven", "eight", "nine", "ten", "eleven", "twelve"),
    ),
    last_of_list=" and ",
    then=", then ",
    now="now",
    in_time="in {duration}",
    near_day_at="{near} at {clock}",
    day_at="on {day} at {clock}",
    whole_day="{day}, the whole day",
    whole_days="{first} to {last}, whole days",
    no_length="{day}, {clock}, {zone}, without any length",
)

LOCALES: dict[str, Locale] = {
    "en": _EN,
    "en-us": replace(
        _EN,
        day="{weekday}, {month} {day}",
        day_with_year="{weekday}, {month} {day}, {year}",
        twelve_hours=True,
    ),
}


def locale_of(tag: str) -> Locale:
    """The row for this tag, else its language's, else English."""
    wanted = tag.replace("_", "-").lower()
    return LOCALES.get(wanted) or LOCALES.get(wanted.split("-", maxsplit=1)[0]) or LOCALES["en"]


# Days


def local_date(instant: datetime, zone_id: str) -> date:
    """The calendar day of this instant in the zone."""
    return _local(instant, zone_id).date()


def day_words(day: date, today: date, locale: str = DEFAULT_LOCALE) -> str:
    """`Tuesday 1 December`; the year only when it is another than today's."""
    words = locale_of(locale)
    return _day(day, today, words, words.weekdays[day.weekday()], words.months[day.month - 1])


def short_day(day: date, today: date, locale: str = DEFAULT_LOCALE) -> str:
    """`Tue 1 Dec`; the year only when it is another than today's."""
    words = locale_of(locale)
    weekday, month = words.weekdays[day.weekday()], words.months[day.month - 1]
    return _day(day, today, words, weekday[: words.short], month[: words.short])


def near_day(day: date, today: date, locale: str = DEFAULT_LOCALE) -> str:
    """`today`, `tomorrow`, or nothing."""
    words = locale_of(locale)
    return {0: words.today, 1: words.tomorrow}.get((day - today).days, "")


def days_words(days: Iterable[date], today: date, locale: str = DEFAULT_LOCALE) -> str:
    """`Thursday 3 and Friday 4 December`: each day once, in order, a month they share said once."""
    distinct, words = sorted(set(days)), locale_of(locale)
    shared = words.month_is_last and len({(day.year, day.month) for day in distinct}) == 1
    named = [day_words(day, today, locale) for day in distinct]
    if shared:
        pattern = words.day.removesuffix("{month}").rstrip()
        named[:-1] = [
            pattern.format(weekday=words.weekdays[day.weekday()], day=day.day) for day in distinct[:-1]
        ]
    return list_words(named, locale)


def _day(day: date, today: date, words: Locale, weekday: str, month: str) -> str:
    pattern = words.day if day.year == today.year else words.day_with_year
    return pattern.format(weekday=weekday, day=day.day, month=month, year=day.year)


# Times


def clock(instant: datetime, zone_id: str, locale: str = DEFAULT_LOCALE) -> str:
    """`11:15`, or `11:15 am` where people count twelve hours."""
    local, words = _local(instant, zone_id), locale_of(locale)
    if not words.twelve_hours:
        return f"{local:%H:%M}"
    half = words.before_noon if local.hour < 12 else words.after_noon
    return f"{local.hour % 12 or 12}:{local:%M} {half}"


def span(start: datetime, end: datetime, zone_id: str, locale: str = DEFAULT_LOCALE) -> str:
    """`11:15–12:30`. Names the days when it ends on another one, and the zone's two names when the clocks
    change within.
    """
    first, last = _local(start, zone_id), _local(end, zone_id)
    if first.utcoffset() != last.utcoffset():
        sides = [f"{clock(at, zone_id, locale)} {zone_abbreviation(zone_id, at)}" for at in (start, end)]
    else:
        sides = [clock(at, zone_id, locale) for at in (start, end)]
    # Ending at midnight is ending that evening.
    if local_date(end - timedelta(microseconds=1), zone_id) == first.date():
        return "–".join(sides)
    days = [short_day(at.date(), first.date(), locale) for at in (first, last)]
    return " – ".join(f"{day} {side}" for day, side in zip(days, sides, strict=True))


def when_words(
    start: datetime, end: datetime, zone_id: str, *, today: date, locale: str = DEFAULT_LOCALE
) -> tuple[str, str]:
    """`Tuesday 1 December` and `11:15–12:30, London time (GMT)`; the year only when it is another than
    today's.
    """
    day = day_words(local_date(start, zone_id), today, locale)
    return day, f"{span(start, end, zone_id, locale)}, {zone_words(zone_id, start, locale)}"


def found_words(
    start: datetime, end: datetime, zone_id: str, *, today: date, locale: str = DEFAULT_LOCALE
) -> str:
    """When an event is that people may have given any times: `when_words` on one line, or that it lasts whole
    days, or no time at all. Days without a zone are read at midnights of UTC: they are the same everywhere.
    """
    words = locale_of(locale)
    if end <= start:
        day = day_words(local_date(start, zone_id), today, locale)
        at, zone = clock(start, zone_id, locale), zone_words(zone_id, start, locale)
        return words.no_length.format(day=day, clock=at, zone=zone)
    first, beyond = local_date(start, "UTC"), local_date(end, "UTC")
    midnights = all(_local(at, "UTC").time() == time() for at in (start, end))
    if not midnights:
        return ", ".join(when_words(start, end, zone_id, today=today, locale=locale))
    first_day, last_day = (day_words(at, today, locale) for at in (first, beyond - timedelta(days=1)))
    pattern = words.whole_day if first_day == last_day else words.whole_days
    return pattern.format(day=first_day, first=first_day, last=last_day)


def soon_words(start: datetime, now: datetime, zone_id: str, locale: str = DEFAULT_LOCALE) -> str:
    """How far off something is, from the time really left: `in 50 minutes`, `tomorrow at 10:00`, `on Friday
    4 December at 10:00`; `now` once it has begun.
    """
    words, left = locale_of(locale), aware(start) - aware(now)
    if left < timedelta(minutes=1):
        return words.now
    if left < COUNTED:
        return words.in_time.format(duration=duration_words(_even_minutes(left), locale))
    day, today = local_date(start, zone_id), local_date(now, zone_id)
    at = clock(start, zone_id, locale)
    if near := near_day(day, today, locale):
        return words.near_day_at.format(near=near, clock=at)
    return words.day_at.format(day=day_words(day, today, locale), clock=at)


def _even_minutes(left: timedelta) -> int:
    """Whole minutes; beyond ten in fives, since a mail is read a little after it is written."""
    minutes = round(left / timedelta(minutes=1))
    return minutes if minutes <= 10 else 5 * round(minutes / 5)


# Zones


def zone_words(zone_id: str, instant: datetime, locale: str = DEFAULT_LOCALE) -> str:
    """`London time (GMT)`, as it is at that instant; `UTC` for zones that are only an offset."""
    abbreviation, city = zone_abbreviation(zone_id, instant), zone_city(zone_id)
    return locale_of(locale).city_time.format(city=city, abbreviation=abbreviation) if city else abbreviation


def zone_city(zone_id: str) -> str:
    """`Buenos Aires` for `America/Argentina/Buenos_Aires`; nothing for zones without a place, as `UTC`."""
    area, _, place = zone_id.rpartition("/")
    return place.replace("_", " ") if area and area != "Etc" else ""


def zone_abbreviation(zone_id: str, instant: datetime) -> str:
    """`GMT`, `CET`; where people have no letters for it, the offset: `UTC−3`, `UTC+5:45`."""
    local = _local(instant, zone_id)
    name = local.tzname() or ""
    return name if name.isalpha() else _offset_words(local.utcoffset() or timedelta())


def _offset_words(offset: timedelta) -> str:
    sign = "−" if offset < timedelta() else "+"
    hours, minutes = divmod(round(abs(offset) / timedelta(minutes=1)), 60)
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def _local(instant: datetime, zone_id: str) -> datetime:
    return aware(instant).astimezone(UTC if zone_id == "UTC" else ZoneInfo(zone_id))


# Lengths, counts and people


def duration_words(minutes: int, locale: str = DEFAULT_LOCALE) -> str:
    """`75 minutes`, `1 hour`, `4 hours 15 minutes`: hours only where they are easier to read."""
    words = locale_of(locale)
    hours, rest = divmod(minutes, 60)
    if minutes < 120 and minutes != 60:
        hours, rest = 0, minutes
    counted = [f"{hours} {_form(words.hour, hours)}"] if hours else []
    if rest or not hours:
        counted.append(f"{rest} {_form(words.minute, rest)}")
    return " ".join(counted)


def count_words(count: int, one: str, many: str | None = None, locale: str = DEFAULT_LOCALE) -> str:
    """`four conversations`, `15 times`; `many` where the plural is not just an s."""
    numbers = locale_of(locale).numbers
    number = numbers[count] if count < len(numbers) else str(count)
    return f"{number} {_form((one, many or one + 's'), count)}"


def list_words(items: Sequence[str], locale: str = DEFAULT_LOCALE) -> str:
    """`Hana Sato, Mira Osei and Ivo Brandt`."""
    if len(items) < 2:
        return "".join(items)
    return ", ".join(items[:-1]) + locale_of(locale).last_of_list + items[-1]


def people_words(panels: Iterable[Sequence[str]], locale: str = DEFAULT_LOCALE) -> str:
    """`Ada Keller, then Hana Sato and Ivo Brandt`: names by session, in order; beyond three panels just who
    is there.
    """
    distinct: list[tuple[str, ...]] = []
    for panel in panels:
        if panel and (not distinct or distinct[-1] != tuple(panel)):
            distinct.append(tuple(panel))
    if len(distinct) > 3:
        return list_words(list(dict.fromkeys(name for panel in distinct for name in panel)), locale)
    return locale_of(locale).then.join(list_words(panel, locale) for panel in distinct)


def first_name(name: str) -> str:
    """What to call somebody in a greeting: the first word of their name."""
    return name.split(maxsplit=1)[0] if name.strip() else name


def sentence_case(text: str) -> str:
    """With a capital at the front and the rest as it is."""
    return text[:1].upper() + text[1:]


def one_line(text: str) -> str:
    """Text from people made safe for a header or a line: breaks and runs of space become one space, control
    characters, lone surrogates and marks that turn the direction of writing go.
    """
    kept = (" " if _breaks(character) else character for character in text if not _harmful(character))
    return " ".join("".join(kept).split())


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in _LINE_BREAKING


def _harmful(character: str) -> bool:
    return unicodedata.category(character) == "Cs" or character in _DIRECTION_MARKS


def _form(forms: tuple[str, str], count: int) -> str:
    return forms[0] if count == 1 else forms[1]
