# SPDX-License-Identifier: Apache-2.0
"""What comes in by POST: from the page's own forms, or as JSON from a program.

A form carries a nonce that was made when its page was shown: signed, bound to the link and to what is
being confirmed, and timed. So only a page that somebody opened, with a choice made on it, changes anything.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import Forbidden, UnsupportedMediaType

from scheduler.domain.errors import Invalid, Refusal
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.services.links import Links

#: nobody reads a page and confirms faster
YOUNGEST = timedelta(seconds=1)
OLDEST = timedelta(minutes=30)
#: bytes of a form or JSON body: a message of 2000 characters, encoded, fits several times
LARGEST_BODY = 64 * 1024
#: the most stretches of time that somebody can name
MOST_INTERVALS = 200
#: what PostgreSQL cannot keep: NUL, and halves of characters
UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


class StaleForm(Refusal):
    """The page was open for a while; please confirm once more."""

    code = "stale_form"


@dataclass(frozen=True)
class Nonces:
    """Signs and checks nonces. `now` is the time that ages are counted from."""

    links: Links
    now: datetime

    def make(self, purpose: str, *bound: str) -> str:
        """A nonce for one action; `bound` is what it is about: the token, the option."""
        stamp = str(int(self.now.timestamp() * 1000))
        return f"{stamp}.{self.links.sign(_scope(purpose), _text(stamp, bound))}"

    def age(self, nonce: str, purpose: str, *bound: str) -> timedelta:
        """How long ago it was made. Raises StaleForm when it is not ours, too old, or not for this."""
        stamp, _, signature = nonce.partition(".")
        genuine = stamp.isascii() and stamp.isdigit() and len(stamp) < 16
        if not genuine or not self.links.verify(_scope(purpose), _text(stamp, bound), signature):
            raise StaleForm
        age = self.now - datetime.fromtimestamp(int(stamp) / 1000, UTC)
        if age > OLDEST:
            raise StaleForm
        return age

    def settle(self, nonce: str, purpose: str, *bound: str) -> None:
        """Check a nonce. One that comes sooner than a person could read is not refused: its answer waits."""
        missing = YOUNGEST - self.age(nonce, purpose, *bound)
        if missing > timedelta():
            time.sleep(min(missing, YOUNGEST).total_seconds())


def _scope(purpose: str) -> str:
    return f"page:{purpose}"


def _text(stamp: str, bound: tuple[str, ...]) -> str:
    return "\n".join((stamp, *bound))


def wants_json(request: Request) -> bool:
    """Whether a program asks: it sends JSON, or would rather have JSON than a page."""
    # Parameters (`charset=utf-8`) say nothing about which of the two it is to be.
    kinds = ((kind.partition(";")[0].strip(), quality) for kind, quality in request.accept_mimetypes)
    best = MIMEAccept(kinds).best_match(["text/html", "application/json"])
    return request.mimetype == "application/json" or best == "application/json"


def guard(request: Request, public_url: str) -> None:
    """Refuse a POST that another site's page made (403), or that is neither a form nor JSON (415)."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site == "cross-site" or (
        site is None and origin is not None and not _own(origin, request, public_url)
    ):
        raise Forbidden("This was sent from another site.")
    if request.mimetype not in ("application/x-www-form-urlencoded", "application/json"):
        raise UnsupportedMediaType


def _own(origin: str, request: Request, public_url: str) -> bool:
    return urlsplit(origin).netloc in (request.host, urlsplit(public_url).netloc)


def fields(request: Request, *known: str) -> dict[str, str]:
    """The fields of the form, or the known ones of a JSON object. Raises Invalid for any other JSON."""
    if request.mimetype != "application/json":
        return request.form.to_dict()
    data = _read_json(request)
    if not isinstance(data, dict):
        raise Invalid.at("", "must be a JSON object")
    for name, value in data.items():
        if name not in known:
            raise Invalid.at(f"/{_step(name)}", "is not a field of this call")
        if value is not None and not isinstance(value, str):
            raise Invalid.at(f"/{name}", "must be text")
    return {name: value for name, value in data.items() if value is not None}


def intervals(request: Request, name: str) -> list[Interval] | None:
    """Stretches of time: `[{"start", "end"}]` as the one field of a JSON object, or a form's fields, each
    `start/end` (ISO 8601). None when there are none. Raises Invalid.
    """
    if request.mimetype == "application/json":
        given = _list_of(request, name)
    else:
        pairs = (value.partition("/") for value in request.form.getlist(name))
        given = [{"start": start, "end": end} for start, _, end in pairs]
    if len(given) > MOST_INTERVALS:
        raise Invalid.at(f"/{name}", f"has more than {MOST_INTERVALS} entries")
    return [_interval(item, f"/{name}/{number}") for number, item in enumerate(given)] or None


def _list_of(request: Request, name: str) -> list[Any]:
    data = _read_json(request)
    if not isinstance(data, dict):
        raise Invalid.at("", "must be a JSON object")
    for unknown in data.keys() - {name}:
        raise Invalid.at(f"/{_step(unknown)}", "is not a field of this call")
    given = data.get(name)
    if given is None:
        return []
    if not isinstance(given, list):
        raise Invalid.at(f"/{name}", "must be a list of {start, end}")
    return given


def _interval(item: Any, pointer: str) -> Interval:
    if not isinstance(item, dict) or item.keys() != {"start", "end"}:
        raise Invalid.at(pointer, "must be {start, end}")
    ends = [_instant(item[name], f"{pointer}/{name}") for name in ("start", "end")]
    if ends[1] <= ends[0]:
        raise Invalid.at(f"{pointer}/end", "is not after start")
    return Interval(*ends)


def _instant(value: Any, pointer: str) -> datetime:
    try:
        return parse_instant(value)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise Invalid.at(pointer, "must be a time with an offset (RFC 3339)") from None


def _step(name: str) -> str:
    """One step of a JSON Pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _read_json(request: Request) -> Any:
    try:
        return request.get_json(silent=True)
    except RecursionError:  # nested without end
        return None


def text(sent: Mapping[str, str], name: str, *, longest: int, needed: str = "") -> str:
    """One field, without the space around it.

    Raises Invalid when it is longer than `longest` characters, cannot be kept, or is missing while `needed`
    says what it is for.
    """
    # Browsers send every line break as two characters, which nobody counts as two.
    value = sent.get(name, "").replace("\r\n", "\n").strip()
    if len(value) > longest:
        raise Invalid.at(f"/{name}", f"is longer than {longest} characters")
    if UNKEEPABLE.search(value):
        raise Invalid.at(f"/{name}", "contains characters that cannot be kept")
    if needed and not value:
        raise Invalid.at(f"/{name}", needed)
    return value
