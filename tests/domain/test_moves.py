# SPDX-License-Identifier: Apache-2.0
"""Which status may follow which."""

from __future__ import annotations

import pytest

from scheduler.domain.errors import Conflict
from scheduler.domain.moves import ACTIVE_BOOKING, BOOKING, OPTION, RUN, RUN_CANDIDATE, move

TABLES = [RUN, RUN_CANDIDATE, OPTION, BOOKING]


def test_the_statuses_are_those_of_the_contract():
    assert set(RUN) == {"queued", "solving", "awaiting_approval", "finished", "failed", "cancelled"}
    assert set(RUN_CANDIDATE) == {"waiting", "offered", "booked", "infeasible", "expired", "cancelled"}
    assert set(OPTION) == {"offered", "held", "accepted", "withdrawn", "expired"}
    assert set(BOOKING) == {"confirmed", "needs_attention", "cancelled", "completed", "no_show"}
    assert set(ACTIVE_BOOKING) <= set(BOOKING)


@pytest.mark.parametrize("table", TABLES)
def test_every_move_leads_to_a_status_that_exists(table):
    assert set().union(*table.values()) <= set(table)


@pytest.mark.parametrize("table", TABLES)
def test_listed_moves_are_made_and_all_others_refused(table):
    for now in table:
        for then in table:
            if then in table[now]:
                assert move(table, "thing", now, then) == then
            else:
                with pytest.raises(Conflict) as refusal:
                    move(table, "thing", now, then)
                assert refusal.value.reason == "illegal_move"


def test_a_cancelled_booking_stays_cancelled():
    with pytest.raises(Conflict, match="This booking is cancelled and cannot become confirmed"):
        move(BOOKING, "booking", "cancelled", "confirmed")


def test_no_status_that_is_over_can_hold_people():
    assert all(
        not BOOKING[status] & set(ACTIVE_BOOKING) for status in BOOKING if status not in ACTIVE_BOOKING
    )
