# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from scheduler.domain.errors import FieldError, Invalid
from scheduler.domain.plans import Plan
from scheduler.services import plans

TALK = {"key": "talk", "title": "Talk", "minutes": 60, "seats": [{"skill": "python"}]}


def test_what_is_kept_is_what_the_domain_reads(town):
    made = plans.create(town.parts, town.organization_id, {"name": "Engineer", "sessions": [TALK]})
    assert Plan.from_json(made) == Plan.from_json({"id": made["id"], "name": "Engineer", "sessions": [TALK]})


def test_a_plan_knows_its_own_id(town):
    made = plans.create(town.parts, town.organization_id, {"name": "Engineer", "sessions": [TALK]})
    assert plans.get(town.parts, town.organization_id, made["id"]) == made
    changed = plans.update(town.parts, town.organization_id, made["id"], {"grid": 30, "external_id": "e"})
    assert changed == made | {"grid": 30, "external_id": "e", "_version": 2}


def test_faults_are_pointed_at_from_where_the_plan_lies(town):
    ada = town.hire("Ada")
    seats = [{"interviewers": [ada, "ivw_0"]}]
    data = {"name": "Engineer", "sessions": [TALK, TALK | {"key": "b", "seats": seats}]}
    with town.parts.database.transaction(town.organization_id) as session:
        with pytest.raises(Invalid) as stranger:
            plans.parse(session, data, pointer="/plan")
        with pytest.raises(Invalid) as twin:
            plans.parse(session, data | {"sessions": [TALK, TALK]}, pointer="/plan")
    assert stranger.value.errors == (
        FieldError("/plan/sessions/1/seats/0/interviewers/1", "there is no such interviewer"),
    )
    assert [error.pointer for error in twin.value.errors] == ["/plan/sessions/1/key"]
