# SPDX-License-Identifier: Apache-2.0
"""What a request prefers: RFC 7240, with Graph's names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.fakes.microsoft.errors import invalid
from tests.fakes.microsoft.times import zone_named

_PREFERENCE = re.compile(r'\s*([\w.-]+)\s*(?:=\s*(?:"([^"]*)"|([^",;\s]+)))?\s*(?:,|$)')
_KNOWN = {
    "outlook.timezone",
    "outlook.body-content-type",
    "idtype",
    "odata.maxpagesize",
    "return",
    "outlook.allow-unsafe-html",
}


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """The preferences of one request."""

    #: named in the answer's times
    time_zone: str = "UTC"
    immutable_ids: bool = False
    page_size: int | None = None
    text_bodies: bool = False
    #: what the answer confirms
    applied: str = ""

    @classmethod
    def read(cls, header: str) -> Preferences:
        """Raises GraphError for a header, a preference or a value that Graph does not know."""
        given, at = {}, 0
        while at < len(header):
            found = _PREFERENCE.match(header, at)
            if not found or found[1].lower() not in _KNOWN:
                raise invalid(f"Prefer: {header[at:]!r} is not understood.")
            given[found[1].lower()] = found[2] if found[2] is not None else found[3] or ""
            at = found.end()
        zone = given.get("outlook.timezone", "UTC")
        zone_named(zone)
        id_type = given.get("idtype", "")
        if id_type not in {"", "ImmutableId"}:
            raise invalid(f"There is no IdType {id_type!r}.")
        size = given.get("odata.maxpagesize")
        if size is not None and not (size.isdecimal() and int(size) > 0):
            raise invalid(f"odata.maxpagesize {size!r} is no number of items.")
        return cls(
            time_zone=zone,
            immutable_ids=bool(id_type),
            page_size=min(int(size), 1000) if size else None,
            text_bodies=given.get("outlook.body-content-type") == "text",
            applied=", ".join(
                f'{name}="{value}"'
                for name, value in (("outlook.timezone", given.get("outlook.timezone")), ("IdType", id_type))
                if value
            ),
        )
