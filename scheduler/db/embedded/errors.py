# SPDX-License-Identifier: Apache-2.0
"""What can keep the embedded PostgreSQL from serving.

EmbeddedError
├── NoPlace
├── AlreadyRunning
├── NotRunning
└── ServerFailed
"""

from __future__ import annotations

from pathlib import Path


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be used."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class NoPlace(EmbeddedError):
    """The embedded PostgreSQL has no place to live."""


class AlreadyRunning(EmbeddedError):
    """Another process owns the embedded PostgreSQL of this DATA_DIR."""

    def __init__(self, data_dir: Path, pid: str) -> None:
        super().__init__(f"another process (pid {pid}) already serves from {data_dir}: only one may")


class NotRunning(EmbeddedError):
    """No embedded PostgreSQL is running here: start `serve` first, or give DATABASE_URL."""


class ServerFailed(EmbeddedError):
    """The embedded PostgreSQL did not start."""
