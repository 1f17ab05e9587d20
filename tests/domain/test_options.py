# SPDX-License-Identifier: Apache-2.0
"""Options and explanations in their JSON form."""

from __future__ import annotations

from datetime import UTC, datetime

from scheduler.domain.options import (
    Blocker,
    Explanation,
    Option,
    OptionSession,
    Panelist,
    Reason,
    Relaxation,
    RoomRef,
)


def clock(hour):
    return datetime(2026, 12, 1, hour, tzinfo=UTC)


OPTION = Option(
    id="opt_1",
    sessions=(
        OptionSession(
            key="b", title="B", start=clock(11), end=clock(12), interviewers=(Panelist("i", "Ivo", "lead"),)
        ),
        OptionSession(
            key="a",
            title="A",
            start=clock(9),
            end=clock(10),
            interviewers=(Panelist("a", "Ada", "lead"), Panelist("m", "Max", "shadow", optional=True)),
            room=RoomRef("room_1", "Elm"),
        ),
    ),
    cost=45,
    reasons=(Reason("load", "Ada has 1 recent interview", 45),),
)


def test_an_option_survives_json():
    assert Option.from_json(OPTION.to_json()) == OPTION


def test_an_option_reaches_from_its_first_session_to_its_last():
    assert (OPTION.start, OPTION.end, OPTION.people) == (clock(9), clock(12), {"a", "i", "m"})
    assert OPTION.to_json()["start"] == "2026-12-01T09:00:00Z"


def test_optional_is_said_of_optional_people_only():
    panel = OPTION.to_json()["sessions"][1]["interviewers"]
    assert panel == [
        {"id": "a", "name": "Ada", "role": "lead"},
        {"id": "m", "name": "Max", "role": "shadow", "optional": True},
    ]


def test_an_explanation_leaves_out_whom_a_blocker_is_not_about():
    explanation = Explanation(
        summary="No.",
        blockers=(
            Blocker(code="busy", text="Ada is busy.", interviewer_id="a"),
            Blocker(code="x", text="X."),
        ),
        relaxations=(
            Relaxation(
                patch=({"op": "replace", "path": "/plan/grid", "value": 5},), text="T", options_gained=2
            ),
        ),
        unreadable=(("a", "timeout"),),
    )
    assert explanation.to_json() == {
        "summary": "No.",
        "blockers": [
            {"code": "busy", "text": "Ada is busy.", "interviewer_id": "a"},
            {"code": "x", "text": "X."},
        ],
        "relaxations": [
            {"patch": [{"op": "replace", "path": "/plan/grid", "value": 5}], "text": "T", "options_gained": 2}
        ],
        "unreadable": [{"interviewer_id": "a", "reason": "timeout"}],
    }
