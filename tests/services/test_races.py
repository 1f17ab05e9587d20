# SPDX-License-Identifier: Apache-2.0
"""Two verbs that meet, each held where the other would do harm if nobody had thought of it."""

from __future__ import annotations

import pytest

from scheduler.domain.errors import Gone
from scheduler.services import bookings, candidate_link, invitations, runs
from tests.services.test_moving_races import fresh
from tests.services.town import RECRUITER

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-05T00:00:00Z"}


def revoke(town, run):
    id_ = run["candidates"][0]["invitation"]["id"]
    return invitations.revoke(town.parts, town.organization_id, id_, actor=RECRUITER)


def again(town, run):
    return runs.get(town.parts, town.organization_id, run["id"])["candidates"][0]


def test_a_click_whose_link_is_taken_back_meanwhile_books_nothing(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    option = run["candidates"][0]["options"][0]["id"]
    parts = town.parts.evolve(reach=lambda at: at == "pick.looked" and revoke(town, run))

    with pytest.raises(Gone) as refused:
        candidate_link.book(parts, town.token(run), option)

    assert refused.value.reason == "revoked"
    assert (again(town, run)["status"], again(town, run)["booking_id"]) == ("offered", None)


def test_a_move_by_a_link_that_is_taken_back_meanwhile_comes_to_nothing(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    booking = town.book(run)
    option = fresh(town, booking)[0]["id"]
    parts = town.parts.evolve(reach=lambda at: at == "pick.looked" and revoke(town, run))

    with pytest.raises(Gone) as refused:
        candidate_link.reschedule(parts, town.token(run), option)

    assert refused.value.reason == "revoked"
    assert bookings.get(town.parts, town.organization_id, booking["id"])["start"] == booking["start"]
