# SPDX-License-Identifier: Apache-2.0
"""What solving a group gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scheduler.solver.many.answer import Value
from scheduler.solver.many.columns import Column

#: told of the members of a group and better columns for them
Found = Callable[[Sequence[int], Mapping[int, Column]], None]


@dataclass(frozen=True)
class Solution:
    """The answer for one group, and what none can do better than."""

    members: list[int]
    columns: dict[int, Column]
    bound: Value
    #: the clock came before the work was done
    hurried: bool
