# SPDX-License-Identifier: Apache-2.0
"""How much work an explanation may take, over all the questions it asks."""

from __future__ import annotations

from collections.abc import Callable

#: each for finding what stands in the way, and for what would help: about a second
STEPS = 60_000
#: of them for one question
MOST_STEPS = 5_000
#: of work to look at a question at all, whatever it turns out to be
QUESTION = 100
#: of work to look for people for sessions at given times
PANELS = 3


def never() -> bool:
    """There is no deadline."""
    return False


class Effort:
    """Steps left. They are counted, so that equal Problems get equal answers; `over`, which says that it is
    time to stop, is a safety net. Of `sharing` explanations each has its share.
    """

    def __init__(self, over: Callable[[], bool] = never, *, sharing: int = 1) -> None:
        self.left = STEPS // sharing
        self._over = over
        self._floor = 0

    @property
    def spent(self) -> bool:
        return self.left <= 0 or self._over()

    @property
    def spent_on_this(self) -> bool:
        """No more for the question asked last."""
        return self.left <= self._floor or self.spent

    def ask(self) -> None:
        """Begin to look at a question."""
        self._floor = max(0, self.left - MOST_STEPS)
        self.take(QUESTION)

    def take(self, steps: int = 1) -> None:
        self.left -= steps
