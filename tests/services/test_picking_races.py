# SPDX-License-Identifier: Apache-2.0
"""Candidates who click at the same moment."""

from __future__ import annotations

import itertools
from functools import partial

from scheduler.services import bookings, picking
from tests.races import at_once
from tests.services.interviews import people_of
from tests.services.town import RECRUITER, candidates, one_hour


def pick(town, option):
    return partial(picking.book, town.parts, town.organization_id, option["id"], actor=RECRUITER)


def test_racing_for_one_time_gives_it_to_exactly_one(town):
    town.hire("Ada", skills=("python",))
    names = [f"C{number}" for number in range(8)]
    run = town.offer(candidates=candidates(*names), options=1, window=one_hour())

    answers = at_once(*(pick(town, item["options"][0]) for item in run["candidates"]))

    assert [answer for answer in answers if answer != "slot_taken"] == bookings.find(
        town.parts, town.organization_id
    ).data
    assert answers.count("slot_taken") == 7


def test_racing_panels_that_share_people_never_deadlock_and_never_overlap(town):
    for name in ("Ada", "Ben", "Cleo"):
        town.hire(name, skills=("python",))
    panel = {"key": "p", "title": "Panel", "minutes": 60, "seats": [{"skill": "python", "count": 2}]}
    names = [f"C{number}" for number in range(6)]
    run = town.offer(
        town.plan(sessions=[panel]),
        candidates=candidates(*names),
        options=4,
        window={"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T12:00:00Z"},
    )

    answers = at_once(
        *(
            pick(town, item["options"][number % len(item["options"])])
            for number, item in enumerate(run["candidates"])
        )
    )

    booked = bookings.find(town.parts, town.organization_id).data
    assert booked
    assert len(booked) + answers.count("slot_taken") == len(names)
    busy = sorted((p, b["start"], b["end"]) for b in booked for p in people_of(b))
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in itertools.pairwise(busy))
