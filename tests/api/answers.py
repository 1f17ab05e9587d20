# SPDX-License-Identifier: Apache-2.0
"""What the tests get back."""

from __future__ import annotations

from typing import Any


def pointers(response) -> dict[str, str]:
    assert response.status_code == 422
    return {error["pointer"]: error["detail"] for error in response.json["errors"]}


def options(run: dict[str, Any], position: int = 0) -> list[dict[str, Any]]:
    return run["candidates"][position]["options"]
