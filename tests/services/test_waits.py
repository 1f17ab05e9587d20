# SPDX-License-Identifier: Apache-2.0
"""How long a calendar is left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calendars.errors import Conflict, NotAllowed, Outage, TryLater
from scheduler.services.waits import LONGEST, until_again

USUAL, REFUSED = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (TryLater(), USUAL),
        (Outage(retry_after=5), USUAL),
        (TryLater(retry_after=86400), timedelta(days=1)),
        (TryLater(retry_after=float("inf")), LONGEST),
        (NotAllowed(), REFUSED),
        (Conflict(), REFUSED),
        (None, REFUSED),
    ],
    ids=repr,
)
def test_a_wait_is_what_was_asked_for_or_the_usual(error, wait):
    assert until_again(error, passing=USUAL, refused=REFUSED) == wait
