# SPDX-License-Identifier: Apache-2.0
"""Opaque ids: a typed prefix and 22 characters of base 62 (131 bits), in no order to learn from."""

from __future__ import annotations

import secrets
import string

ALPHABET = string.digits + string.ascii_letters
LENGTH = 22


def new_id(prefix: str) -> str:
    return f"{prefix}_" + random_text(LENGTH)


def random_text(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
