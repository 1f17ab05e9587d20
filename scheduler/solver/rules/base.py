# SPDX-License-Identifier: Apache-2.0
"""What a rule is: a sentence a recruiter understands, and how it holds in the constraint model."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from scheduler.solver.variables import Variables


class Rule:
    """A hard rule: its docstring is the sentence."""

    code: ClassVar[str]

    def narrow(self, variables: Variables) -> None:
        """Take away starts that this rule forbids one session, one person or one room."""

    def bind(self, variables: Variables) -> None:
        """Tie the literals of several of them to each other."""


class Wish:
    """A soft rule: its docstring is the sentence."""

    code: ClassVar[str]

    def count(self, variables: Variables) -> None:
        """Add what counts against a plan."""
        raise NotImplementedError
