# SPDX-License-Identifier: Apache-2.0
"""When one session could be, asked and answered at once."""

from __future__ import annotations

import pytest

from tests.api.answers import pointers
from tests.api.examples import plan, session

WINDOW = {"start": "2026-12-03T08:00:00Z", "end": "2026-12-03T17:00:00Z"}


def test_when_a_session_could_be_is_answered_at_once(client, ada, calendars, clock):
    calendars.add_busy("ada@example.com", clock().replace(day=3, hour=9), clock().replace(day=3, hour=15))
    answer = client.post("/v1/availability", {"plan": plan(), "window": WINDOW})
    assert answer.status_code == 200
    # Nine in Berlin is eight in UTC; the last talk of 45 minutes ends at five in Berlin.
    assert [item["start"][11:16] for item in answer.json["data"]] == ["08:00", "08:15", "15:00", "15:15"]
    assert answer.json["blocked"]
    assert answer.json["unreadable"] == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"window": None}, "/window"),
        ({"candidate_id": "cand_0"}, "/candidate_id"),
        ({"session_key": "other"}, "/session_key"),
        ({"plan": plan(sessions=[session(), session(key="b")])}, "/session_key"),
        ({"plan_id": "plan_0"}, "/plan_id"),
    ],
)
def test_a_question_must_make_sense(client, changes, pointer):
    body = {"plan": plan(), "window": WINDOW, **changes}
    assert set(pointers(client.post("/v1/availability", body))) == {pointer}


def test_where_nothing_can_be_read_nothing_is_said(client, ada, calendars):
    calendars.make_unreadable("ada@example.com", "Not shared.")
    response = client.post("/v1/availability", {"plan": plan(), "window": WINDOW})
    assert (response.status_code, response.json["code"]) == (409, "calendars_unreadable")
    assert "Not shared." in response.json["detail"]
