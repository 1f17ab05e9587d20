# SPDX-License-Identifier: Apache-2.0
"""Why a calendar file could not be understood, and how much work understanding it may take."""

from __future__ import annotations


class Unclear(Exception):
    """The calendar says something that cannot be understood and may take time."""

    def __init__(self, code: str, reason: str, *, row: int | None = None) -> None:
        super().__init__(reason)
        self.code = code
        #: A sentence for the owner; ``{line}`` stands for the number of the line it is about.
        self.reason = reason
        #: Which unfolded line it is about, counted from 0.
        self.row = row


class Budget:
    """
    How much expanding recurrences of one file may cost.

    A file is somebody else's input: an endless recurrence by the second is one line long.
    """

    def __init__(self, *, steps: int = 3_000_000, instances: int = 50_000) -> None:
        self.steps = steps
        self.instances = instances

    def examine(self, candidates: int) -> None:
        """Count days or times that were looked at. Raises Unclear when the budget is spent."""
        self.steps -= candidates
        if self.steps < 0:
            raise self._spent()

    def find(self) -> None:
        """Count an instance that was found. Raises Unclear when the budget is spent."""
        self.instances -= 1
        if self.instances < 0:
            raise self._spent()

    def _spent(self) -> Unclear:
        return Unclear(
            "recurs_too_often",
            "The event at line {line} recurs too often to be read; give it fewer repetitions or an end.",
        )
