# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from tests.api.answers import pointers


def test_a_new_organisation_has_the_defaults(client, organization_id):
    assert client.get("/v1/organization").json == {
        "id": organization_id,
        "name": "Acme",
        "branding": {"logo_url": None, "color": None},
        "organizers": {"google": None, "microsoft": None},
        "policies": {"provider_down": "refuse"},
        "calendars": {"max_age_minutes": 120, "detail": "free_busy", "overbook": []},
        "retention_days": None,
    }


def test_an_organisation_is_kept_as_sent(client, organization_id):
    body = {
        "name": "Acme Ltd",
        "branding": {"logo_url": "https://acme.example/logo.svg", "color": "#aabbcc"},
        "organizers": {"google": "interviews@acme.example", "microsoft": None},
        "policies": {"provider_down": "book_pending"},
        "calendars": {"max_age_minutes": 30, "detail": "events", "overbook": ["focus", "tentative"]},
        "retention_days": 180,
    }
    assert client.patch("/v1/organization", body).json == {"id": organization_id, **body}
    assert client.get("/v1/organization").json == {"id": organization_id, **body}


def test_null_puts_a_group_back(client):
    client.patch("/v1/organization", {"branding": {"color": "#abc"}, "retention_days": 9})
    back = client.patch("/v1/organization", {"branding": None, "retention_days": None}).json
    assert (back["branding"], back["retention_days"]) == ({"logo_url": None, "color": None}, None)


def test_a_colour_is_kept_in_one_form(client):
    changed = client.patch("/v1/organization", {"branding": {"color": "#ABC"}})
    assert changed.json["branding"]["color"] == "#aabbcc"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"branding": {"color": "red"}}, "/branding/color"),
        ({"branding": {"logo_url": "http://acme.example/logo.svg"}}, "/branding/logo_url"),
        ({"branding": {"logo_url": "javascript:alert(1)"}}, "/branding/logo_url"),
        ({"branding": {"logo_url": 'https://acme.example/"x'}}, "/branding/logo_url"),
        ({"branding": {"logo_url": "https://[::1/"}}, "/branding/logo_url"),
        ({"organizers": {"google": "somebody"}}, "/organizers/google"),
        ({"policies": {"provider_down": "guess"}}, "/policies/provider_down"),
        ({"calendars": {"overbook": ["out_of_office"]}}, "/calendars/overbook/0"),
        ({"retention_days": 0}, "/retention_days"),
        ({"name": None}, "/name"),
        ({"id": "org_1"}, "/id"),
    ],
)
def test_what_cannot_be_is_named(client, changes, pointer):
    assert set(pointers(client.patch("/v1/organization", changes))) == {pointer}
