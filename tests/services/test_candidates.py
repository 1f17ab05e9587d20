# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from scheduler.domain.errors import Conflict, Invalid
from scheduler.services import candidates

CANDY = {"name": "Candy", "email": "candy@example.net"}


def upsert(town, fields: dict) -> str:
    with town.parts.database.transaction(town.organization_id) as session:
        return candidates.upsert(
            session, town.parts, town.organization_id, fields, pointer="/candidates/0"
        ).id


def test_a_known_external_id_is_the_same_person(town):
    first = upsert(town, CANDY | {"external_id": "ats-7", "phone": "1"})
    assert upsert(town, CANDY | {"external_id": "ats-7", "name": "Candy Ray"}) == first
    kept = candidates.get(town.parts, town.organization_id, first)
    assert (kept["name"], kept["phone"], kept["_version"]) == ("Candy Ray", "1", 2)


def test_what_has_not_changed_has_no_new_version(town):
    first = upsert(town, CANDY | {"external_id": "ats-7"})
    upsert(town, CANDY | {"external_id": "ats-7"})
    assert candidates.get(town.parts, town.organization_id, first)["_version"] == 1


def test_without_an_external_id_everybody_is_new(town):
    assert upsert(town, CANDY) != upsert(town, CANDY)


def test_two_runs_at_once_make_one_candidate(town):
    together = threading.Barrier(6)

    def add(_: int) -> str:
        together.wait()
        return upsert(town, CANDY | {"external_id": "ats-7"})

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(add, range(6)))) == 1


def test_a_name_that_is_not_there_is_pointed_at(town):
    with pytest.raises(Invalid) as refused:
        upsert(town, {"id": "cand_0"})
    assert [error.pointer for error in refused.value.errors] == ["/candidates/0/id"]


def test_somebody_who_is_being_asked_cannot_go(town):
    town.hire("Ada", skills=("python",))
    run = town.offer()
    candidate_id = run["candidates"][0]["candidate"]["id"]
    with pytest.raises(Conflict) as refused:
        candidates.delete(town.parts, town.organization_id, candidate_id)
    assert refused.value.reason == "has_runs"
    town.book(run)
    with pytest.raises(Conflict) as refused:
        candidates.delete(town.parts, town.organization_id, candidate_id)
    assert refused.value.reason == "has_bookings"
