# SPDX-License-Identifier: Apache-2.0
"""Every refusal the service can give, as one family.

    Refusal
    ├── Invalid            the content is wrong; carries a pointer to each bad field
    ├── NotFound           not there, or not yours
    ├── Conflict           legal in itself, impossible now
    │   ├── SlotTaken      the time has gone
    │   └── Stale          somebody changed it in between
    ├── Gone               a link that worked once
    ├── TooMany            too often within a while
    └── Unavailable        try again later

A class docstring is its default message; `code` is stable and part of the API.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class Refusal(Exception):
    """That is not possible."""

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str | None = None, *, code: str | None = None) -> None:
        self.detail = detail or (type(self).__doc__ or "").split("\n", maxsplit=1)[0]
        self.reason = code or type(self).code
        super().__init__(self.detail)


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one field; `pointer` is a JSON Pointer (RFC 6901) into what was sent."""

    pointer: str
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.detail}" if self.pointer else self.detail


class Invalid(Refusal):
    """Some fields are not right."""

    code = "invalid"

    def __init__(self, *errors: FieldError, detail: str | None = None) -> None:
        self.errors = errors
        super().__init__(detail or "; ".join(map(str, errors)) or None)

    @classmethod
    def at(cls, pointer: str, detail: str) -> Invalid:
        return cls(FieldError(pointer, detail))


class NotFound(Refusal):
    """There is nothing here under that name."""

    code = "not_found"


class Conflict(Refusal):
    """That cannot be done in the present state."""

    code = "conflict"


class SlotTaken(Conflict):
    """That time has gone."""

    code = "slot_taken"


class Stale(Refusal):
    """Somebody changed this in between; read it again."""

    code = "stale"


class Gone(Refusal):
    """This link is no longer in use."""

    code = "gone"


class TooMany(Refusal):
    """That was too often within a short while."""

    code = "too_many_requests"

    def __init__(self, detail: str | None = None, *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(detail)


class Unavailable(Refusal):
    """This cannot be answered at the moment; please try again shortly."""

    code = "unavailable"

    def __init__(self, detail: str | None = None, *, code: str | None = None, retry_after: int = 5) -> None:
        self.retry_after = retry_after
        super().__init__(detail, code=code)
