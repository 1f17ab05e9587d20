# SPDX-License-Identifier: Apache-2.0
"""How often the database is asked while somebody waits. Most of what a click costs is these round trips, and
most of a crowd at the same few times is refused: whoever adds one to them should mean it.
"""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from scheduler.services import candidate_link
from scheduler.services.picks import TakenWithOthers
from tests.services.town import candidates

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-03T00:00:00Z"}
BOOKING, REFUSAL = 31, 9


@contextmanager
def counting():
    """The statements that were sent meanwhile."""
    sent: list[str] = []

    def note(_connection, _cursor, statement, *_):
        sent.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_a_booking_and_a_refusal_ask_no_more_often_than_they_did(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(candidates=candidates("Candy", "Dora"), options=3, window=WINDOW)
    first, second = (item["options"][0]["id"] for item in run["candidates"])

    with counting() as booking:
        candidate_link.book(town.parts, town.token(run), first)
    with counting() as refusal, pytest.raises(TakenWithOthers):
        candidate_link.book(town.parts, town.token(run, candidate=1), second)

    assert (len(booking), len(refusal)) == (BOOKING, REFUSAL), "\n".join(booking)
