# SPDX-License-Identifier: Apache-2.0
"""Why a mail did not go out: worth another try, or never.

    SendError
    ├── TryLater            nobody answered, or not now: the same mail may pass later
    └── Refused             this mail will never pass
        └── NotAnAddress    it could not even be addressed

Details may be stored and shown: mail addresses are taken out of what servers say.
"""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")


class SendError(Exception):
    """The mail could not be handed over."""

    def __init__(self, detail: str = "") -> None:
        said = _ADDRESS.sub("(address)", detail)
        self.detail = f"{type(self).__doc__} {said}".strip()
        super().__init__(self.detail)


class TryLater(SendError):
    """The mail server did not take the mail now."""


class Unconfirmed(TryLater):
    """Whether the mail server took the mail is not known."""


class Refused(SendError):
    """The mail server refuses this mail."""


class NotAnAddress(Refused):
    """That is not a mail address."""
