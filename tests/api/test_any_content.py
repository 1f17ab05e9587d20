# SPDX-License-Identifier: Apache-2.0
"""Whatever is sent: it is taken or refused as openapi.yaml says, and never an error of ours."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from scheduler.api.service import SPECIFICATION
from tests.api.examples import candidate, interviewer, plan, room, session, webhook

WINDOW = {"start": "2026-12-03T08:00:00Z", "end": "2026-12-03T17:00:00Z"}
LOOP = plan(
    sessions=[session(room={"capacity": 2}, buffer={"before": 5}), session(key="b", after=["talk"])],
    breaks=[{"name": "Lunch", "minutes": 45, "between": ["11:30", "14:00"]}],
    gap={"min": 5, "max": 30},
    reminders=[60],
)
BODIES = {
    "/v1/interviewers": interviewer(
        busy_calendars=[{"provider": "ics", "address": "a"}],
        working_hours=[{"days": ["mon"], "start": "09:00", "end": "12:00"}],
        qualifications=[{"skill": "talking", "level": "shadow"}],
        limits={"per_day": 2},
        metadata={"a": [1]},
    ),
    "/v1/rooms": room(location="up", metadata={"a": {"b": None}}),
    "/v1/plans": LOOP,
    "/v1/candidates": candidate(availability=[WINDOW], time_zone="UTC", external_id="x"),
    "/v1/runs": {
        "plan": LOOP,
        "candidates": [candidate(external_refs={"a": "b"})],
        "window": WINDOW,
        "options": 3,
    },
    "/v1/availability": {"plan": plan(), "window": WINDOW, "session_key": "talk"},
    "/v1/bookings": {"option_id": "opt_1"},
    "/v1/webhooks": webhook(
        events=["run.finished"], description="ours", contact={"name": "Ada", "email": "ada@example.com"}
    ),
    "/v1/privacy/erasure": {"candidate_id": "cand_1", "cancel_bookings": True},
}

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(
        [0, 1, -1, 2**31, 2**63, 1e300, 4.0, "", " ", "\x00", "\ud800", "UTC", "09:00", "ivw_1"]
    )
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, way: tuple = ()) -> list[tuple]:
    """Every place within a body, as the way that leads there."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(place for step, item in steps for place in places(item, (*way, step)))]


@st.composite
def changed(draw, body: dict[str, Any]) -> Any:
    """The body with another value at one place, without what was there, or with something more."""
    *way, last = draw(st.sampled_from(places(body)[1:]))
    result = copy.deepcopy(body)
    around = result
    for step in way:
        around = around[step]
    change = draw(st.sampled_from(["replace", "remove", "add"]))
    if change == "remove":
        del around[last]
    elif change == "add" and isinstance(around, dict):
        around[draw(st.text(max_size=5))] = draw(values)
    else:
        around[last] = draw(values)
    return result


@pytest.mark.parametrize("path", BODIES)
def test_what_is_sent_is_taken_or_refused_as_described(client, path):
    specification = client.app.extensions[SPECIFICATION]
    body = specification["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    described = Draft202012Validator({**body, "components": specification["components"]})

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(changed(BODIES[path]))
    def send(sent: Any) -> None:
        status = client.post(path, sent).status_code
        assert status < 500 or (path, status) == ("/v1/availability", 503)
        if not described.is_valid(sent):
            assert status == 422

    send()
