# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from scheduler.domain.errors import NotFound, Stale
from scheduler.services import organizations


def test_a_new_organisation_has_the_defaults(town):
    organization_id = organizations.create(town.parts, name="Other")
    assert organizations.get(town.parts, organization_id) == {
        "id": organization_id,
        "name": "Other",
        "branding": {"logo_url": None, "color": None},
        "organizers": {"google": None, "microsoft": None},
        "policies": {"provider_down": "refuse"},
        "calendars": {"max_age_minutes": 120, "detail": "free_busy", "overbook": []},
        "retention_days": None,
        "_version": 1,
    }


def test_a_group_of_settings_is_replaced_whole(town):
    organizations.update(
        town.parts, town.organization_id, {"branding": {"logo_url": "https://a.example/l.svg"}}
    )
    changed = organizations.update(town.parts, town.organization_id, {"branding": {"color": "#2f5d50"}})
    assert changed["branding"] == {"logo_url": None, "color": "#2f5d50"}
    assert changed["_version"] == 3


def test_who_looked_at_an_older_version_is_stopped(town):
    organizations.update(town.parts, town.organization_id, {"name": "First"}, if_match=[1])
    with pytest.raises(Stale):
        organizations.update(town.parts, town.organization_id, {"name": "Second"}, if_match=[1])
    assert organizations.get(town.parts, town.organization_id)["name"] == "First"


def test_one_organisation_does_not_see_another(town):
    other = organizations.create(town.parts, name="Other")
    with town.parts.database.transaction(town.organization_id) as session, pytest.raises(NotFound):
        organizations._row(session, other)


def test_an_organisation_that_is_not_there_is_not_found(town):
    with pytest.raises(NotFound):
        organizations.get(town.parts, "org_0")
