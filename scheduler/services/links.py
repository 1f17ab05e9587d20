# SPDX-License-Identifier: Apache-2.0
"""Candidates' links. A token is derived from a secret key, so that mails can be sent again; only its hash
is stored.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence


class Links:
    """Derives tokens with the newest key; older keys go on serving the links made with them."""

    def __init__(self, keys: Sequence[str], public_url: str) -> None:
        self._keys = {fingerprint(key): key for key in keys}
        self.newest = fingerprint(keys[0])
        self.public_url = public_url.rstrip("/")

    def token(self, invitation_id: str, generation: int, key_fingerprint: str) -> str | None:
        """256 bits as 43 URL-safe characters, or None when that key is no longer configured."""
        key = self._keys.get(key_fingerprint)
        if key is None:
            return None
        message = f"candidate-link:{invitation_id}:{generation}".encode()
        digest = hmac.new(key.encode(), message, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def url(self, token: str) -> str:
        return f"{self.public_url}/c/{token}"

    def sign(self, purpose: str, text: str) -> str:
        """A signature only the newest key makes; `purpose` keeps one use from serving another."""
        return self._signature(self._keys[self.newest], purpose, text)

    def verify(self, purpose: str, text: str, signature: str) -> bool:
        """Whether any configured key made this signature. Constant time per key."""
        given = signature.encode(errors="replace")  # text that is not ASCII cannot be compared
        return any(
            hmac.compare_digest(self._signature(key, purpose, text).encode(), given)
            for key in self._keys.values()
        )

    @staticmethod
    def _signature(key: str, purpose: str, text: str) -> str:
        digest = hmac.new(key.encode(), f"{purpose}:{text}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def fingerprint(key: str) -> str:
    """Names a key without telling anything about it."""
    return hashlib.sha256(b"fingerprint:" + key.encode()).hexdigest()[:12]


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
