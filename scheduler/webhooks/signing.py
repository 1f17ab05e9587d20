# SPDX-License-Identifier: Apache-2.0
"""Signatures as Standard Webhooks 1.0.0 says.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """What both sides know, as it is shown: once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(id_: str, body: bytes, keys: Iterable[str], *, at: datetime) -> dict[str, str]:
    """What a receiver checks, and what it knows a repetition by. `at` is the moment of this attempt; with
    several keys each of them signs, so that a receiver may have either.
    """
    timestamp = str(int(at.timestamp()))
    signed = b".".join((id_.encode(), timestamp.encode(), body))
    return {
        "webhook-id": id_,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(key, signed) for key in keys),
    }


def _signature(key: str, signed: bytes) -> str:
    secret = base64.b64decode(key.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
