# SPDX-License-Identifier: Apache-2.0
"""
Google's event ids, made from our uids so that each can be found from the other.

An id is 5 to 1024 characters of ``0-9a-v`` (base32hex in lower case; Events: insert) and stays taken after
the event was deleted. So it holds a generation, which rises when an earlier one is used up. Every guest's
copy has the same id, and what remains of a deleted event has nothing else: so the uid can be read back.
"""

from __future__ import annotations

import base64
import binascii
import re

PREFIX = "cv"
GENERATIONS = 10
_OURS = re.compile(rf"{PREFIX}[0-9]([0-9a-v]+)")


def event_id(uid: str, generation: int = 0) -> str:
    """The id of our event. ``generation`` is below `GENERATIONS`."""
    coded = base64.b32hexencode(uid.encode("ascii")).decode("ascii").lower().rstrip("=")
    return f"{PREFIX}{generation}{coded}"


def generation_of(id_: str) -> int:
    """Which generation one of our ids is of."""
    return int(id_[len(PREFIX)])


def uid_of(id_: str) -> str | None:
    """The uid that an id was made from; None for an event that is not ours."""
    match = _OURS.fullmatch(id_.partition("_")[0])
    if match is None:
        return None
    coded = match.group(1).upper()
    try:
        return base64.b32hexdecode(coded + "=" * (-len(coded) % 8)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
