# SPDX-License-Identifier: Apache-2.0
"""What the tests get back."""

from __future__ import annotations


def pointers(response) -> dict[str, str]:
    assert response.status_code == 422
    return {error["pointer"]: error["detail"] for error in response.json["errors"]}
