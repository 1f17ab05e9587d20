# SPDX-License-Identifier: Apache-2.0
"""Fields and forms that the other schemas are made of."""

from __future__ import annotations

import functools
import json
import re
import zoneinfo
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

import marshmallow as ma
from marshmallow import fields, validate

from scheduler.domain.hosts import is_loopback
from scheduler.domain.intervals import format_instant, parse_instant

#: RFC 3339, section 5.6
RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})\Z", re.ASCII)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
#: control characters (Unicode's Cc), and its line and paragraph separators
NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
WALL = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
#: BCP 47, as far as mails and pages look at it
LOCALE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
LARGEST_METADATA = 16_384


class Schema(ma.Schema):
    """Something that is sent: unknown fields are errors."""

    class Meta:
        unknown = ma.RAISE

    error_messages: dict[str, str] = {  # noqa: RUF012  # as marshmallow declares it
        "unknown": "is not a field here",
        "type": "must be an object",
    }


class View(Schema):
    """Something that is answered: every field is there, and only the named ones may be null."""

    nullable: ClassVar[frozenset[str]] = frozenset()
    #: answered alone, it carries an ETag
    versioned: ClassVar[bool] = False

    def on_bind_field(self, field_name: str, field_obj: fields.Field) -> None:
        field_obj.required = True
        field_obj.allow_none = field_name in self.nullable


class Part(fields.Nested):
    """A part of something. A PATCH replaces it whole, so it must be complete even there."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any
    ) -> Any:
        del partial
        return super()._deserialize(value, attr, data, partial=False, **kwargs)


def _is_one_line(text: str) -> None:
    if NOT_IN_A_LINE.search(text):
        raise ma.ValidationError("must be one line, without control characters")


class Lines(fields.String):
    """Text with something in it, up to so many characters, of one line or several."""

    further_checks: ClassVar[tuple[Callable[[str], None], ...]] = ()

    def __init__(self, most: int, **kwargs: Any) -> None:
        checks = [validate.Length(max=most), validate.Regexp(r"^\s*\S", error="must not be empty")]
        super().__init__(validate=[*checks, *self.further_checks], **kwargs)


class Text(Lines):
    """The same in one line: what may stand in a subject, a heading or a calendar's title."""

    further_checks = (_is_one_line,)


class Shaped(validate.Regexp):
    """Text of this form to its very end; `$` alone allows a line break there."""

    def __call__(self, value: Any) -> Any:
        if value.endswith("\n"):
            raise ma.ValidationError(self._format_error(value))
        return super().__call__(value)


class Whole(fields.Integer):
    """A whole number between two others. Text and truth values are no numbers, though Python takes them."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(validate=validate.Range(least, most), **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise self.make_error("invalid", input=value)
        return int(value)


class Flag(fields.Boolean):
    """true or false, and not one of the many words for them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        del attr, data, kwargs
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Instant(fields.DateTime):
    """An RFC 3339 time with an offset, kept as text in UTC."""

    default_error_messages: dict[str, Any] = {  # noqa: RUF012  # as marshmallow declares it
        "rfc3339": "must be an RFC 3339 time with an offset, such as 2026-12-01T09:00:00+01:00",
        "range": "is too far away",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        del attr, data, kwargs
        if not isinstance(value, str) or not RFC_3339.match(value):
            raise self.make_error("rfc3339")
        try:
            instant = parse_instant(value.upper())
        except (ValueError, OverflowError) as error:
            raise self.make_error("rfc3339") from error
        if not EARLIEST <= instant < LATEST:
            raise self.make_error("range")
        return format_instant(instant)


@functools.cache
def known_zones() -> frozenset[str]:
    # What these mean depends on the machine, or is nothing.
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})


def _zone_exists(name: str) -> None:
    if name not in known_zones():
        raise ma.ValidationError("is not an IANA time zone such as Europe/Berlin")


def _check_url(url: str, schemes: Sequence[str]) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in schemes or not parts.hostname or re.search(r"[\s\"'<>\\]", url):
        raise ma.ValidationError(f"must be an {' or '.join(schemes)} URL")


def is_dav_url(url: str) -> bool:
    """Whether it may be the URL of a CalDAV calendar: https, or on this machine."""
    try:
        parts = urlsplit(url)
        host, local = parts.hostname, is_loopback(parts.hostname or "")
        well_formed = bool(host) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    secret = parts.scheme == "https" or (parts.scheme == "http" and local)
    return well_formed and secret and "@" not in parts.netloc and not re.search(r"[\s\"'<>\\]", url)


def dav_url(most: int, **kwargs: Any) -> fields.String:
    def check(text: str) -> None:
        if not is_dav_url(text):
            raise ma.ValidationError("must be an https URL")

    return fields.String(validate=[validate.Length(max=most), check], metadata={"format": "uri"}, **kwargs)


def zone(**kwargs: Any) -> fields.String:
    return fields.String(
        validate=_zone_exists, metadata={"description": "IANA name", "example": "Europe/Berlin"}, **kwargs
    )


def wall(**kwargs: Any) -> fields.String:
    """A wall-clock time."""
    check = Shaped(WALL, error="must be a wall-clock time such as 09:30")
    return fields.String(validate=check, metadata={"example": "09:30"}, **kwargs)


def locale(**kwargs: Any) -> fields.String:
    check = Shaped(LOCALE, error="must be a language tag such as en or pt-BR")
    return fields.String(validate=check, metadata={"example": "en"}, **kwargs)


def url(*schemes: str, **kwargs: Any) -> fields.String:
    checks: list[Callable[[Any], Any]] = [
        validate.Length(max=2000),
        functools.partial(_check_url, schemes=schemes),
    ]
    return fields.String(validate=checks, metadata={"format": "uri"}, **kwargs)


def email(**kwargs: Any) -> fields.Email:
    return fields.Email(validate=validate.Length(max=254), **kwargs)


def one_of(choices: Sequence[str], **kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(choices, error="must be one of {choices}"), **kwargs)


def id_of(*prefixes: str, **kwargs: Any) -> fields.String:
    """An opaque id, of one kind or of several."""
    kinds = prefixes[0] if len(prefixes) == 1 else f"({'|'.join(prefixes)})"
    examples = " or ".join(f"{prefix}_…" for prefix in prefixes)
    check = Shaped(rf"^{kinds}_[0-9A-Za-z]+$", error=f"is not an id such as {examples}")
    return fields.String(validate=[check, validate.Length(max=64)], **kwargs)


def listed(item: fields.Field, least: int, most: int, **kwargs: Any) -> fields.List:
    return fields.List(item, validate=validate.Length(least, most), **kwargs)


def _is_small(value: Any) -> None:
    if len(json.dumps(value)) > LARGEST_METADATA:
        raise ma.ValidationError(f"is larger than {LARGEST_METADATA} bytes of JSON")


def metadata(**kwargs: Any) -> fields.Dict:
    """Whatever the caller wants to keep with it."""
    return fields.Dict(keys=fields.String(), validate=_is_small, **kwargs)


def external_id(**kwargs: Any) -> fields.String:
    return Text(200, metadata={"description": "Your own id for it; no two may share one."}, **kwargs)


class Window(Schema):
    """A stretch of time `[start, end)`."""

    start = Instant(required=True)
    end = Instant(required=True)

    @ma.validates_schema
    def _end_after_start(self, data: dict[str, Any], **_: Any) -> None:
        if parse_instant(data["end"]) <= parse_instant(data["start"]):
            raise ma.ValidationError("is not after start", "end")


def list_of(view: type[View]) -> type[View]:
    """The form of a page of a list."""
    return type(
        f"{view.__name__}List",
        (View,),
        {
            "__doc__": "A page of a list, in the order things were made.",
            "nullable": frozenset({"next_cursor"}),
            "data": fields.List(fields.Nested(view)),
            "next_cursor": fields.String(
                metadata={"description": "Where the next page begins; null at the end."}
            ),
        },
    )


class Listing(Schema):
    """Which page of a list."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    cursor = fields.String(
        validate=Shaped(r"^[A-Za-z0-9_-]{1,400}$", error="is not a cursor of this list"),
        metadata={"description": "`next_cursor` of the page before."},
    )


class Nothing(Schema):
    """An empty object, or no body at all."""
