# SPDX-License-Identifier: Apache-2.0
"""What opens other people's calendars is kept under the service's keys (Fernet; the newest of them seals)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Unopened(Exception):
    """No key of SECRET_KEYS opens what is kept."""


class Sealing:
    """Seals with the newest key, opens with any of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = MultiFernet([Fernet(key) for key in keys])

    def seal(self, content: Mapping[str, Any]) -> bytes:
        return self._keys.encrypt(json.dumps(content, separators=(",", ":")).encode())

    def open(self, sealed: bytes) -> dict[str, Any]:
        """Raises Unopened."""
        try:
            content: dict[str, Any] = json.loads(self._keys.decrypt(sealed))
        except InvalidToken:
            raise Unopened from None
        return content

    def renewed(self, sealed: bytes) -> bytes:
        """The same under the newest key. Raises Unopened."""
        try:
            return self._keys.rotate(sealed)
        except InvalidToken:
            raise Unopened from None
