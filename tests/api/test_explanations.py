# SPDX-License-Identifier: Apache-2.0
"""An impossible request comes back with a sentence for a recruiter and a change that, applied, works."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.conftest import Client
from tests.api.examples import CONTACT, candidate, interviewer, plan, session
from tests.solver.patching import patched

TALKING = [{"skill": "talking", "level": "qualified"}]
#: Wednesday and Thursday
WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-04T00:00:00Z"}


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 12, day, hour, tzinfo=UTC)


@pytest.fixture
def hire(client: Client, calendars):
    """Adds somebody with a calendar of this busy time; the id."""

    def hire(name: str, *busy: tuple[datetime, datetime], **facts: object) -> str:
        address = f"{name.lower()}@example.com"
        calendars.add_calendar(address)
        for start, end in busy:
            calendars.add_busy(address, start, end)
        asked = interviewer(
            name=name, email=address, calendar={"provider": "ics", "address": address}, **facts
        )
        return client.post("/v1/interviewers", asked).json["id"]

    return hire


@pytest.fixture
def ask(client: Client, solve):
    """Asks for times, and tells what came of it for the candidate, with the plan and window it was for."""

    def ask(plan: dict, window: dict = WINDOW) -> tuple[dict, dict]:
        body = {
            "plan": plan,
            "window": window,
            "candidates": [candidate(time_zone="Europe/London")],
            "contact": CONTACT,
        }
        made = client.post("/v1/runs", body)
        assert made.status_code == 202, made.json
        solve()
        run = client.get(made.headers["Location"]).json
        return run["candidates"][0], {"plan": run["plan"], "window": run["window"]}

    return ask


def as_sent(document: dict) -> tuple[dict, dict]:
    """A run's plan and window as a new run takes them: a plan that comes along has no id."""
    return {name: value for name, value in document["plan"].items() if name != "id"}, document["window"]


def each_change_works(ask, item: dict, asked: dict) -> None:
    assert item["status"] == "infeasible"
    assert item["explanation"]["relaxations"]
    for change in item["explanation"]["relaxations"]:
        again, _ = ask(*as_sent(patched(asked, change["patch"])))
        assert again["status"] == "offered"
        assert len(again["options"]) == change["options_gained"]


def test_a_holiday_is_told_and_a_longer_search_or_somebody_else_works(hire, ask):
    away = (at(1, 0), at(4, 0))
    ada = hire("Ada", away, qualifications=TALKING)
    hire("Bo", qualifications=TALKING)
    hire("Cy", qualifications=[{"skill": "walking"}])
    item, asked = ask(plan(sessions=[session(title="First talk", seats=[{"interviewers": [ada]}])]))
    assert item["explanation"]["summary"].startswith(
        "“Engineer” cannot take place from Wednesday 2 December to Thursday 3 December."
        " Ada is needed for First talk and has too little time that fits, because of"
    )
    assert [(b["code"], b["interviewer_id"]) for b in item["explanation"]["blockers"]] == [("busy", ada)]
    texts = [change["text"] for change in item["explanation"]["relaxations"]]
    assert texts == ["Search until Friday 4 December", "Let Bo hold First talk too"]
    each_change_works(ask, item, asked)


def test_a_loop_that_does_not_fit_into_a_day_works_over_two(hire, ask):
    hire("Ada", qualifications=TALKING)
    hire("Bo", qualifications=TALKING)
    sessions = [session(key=key, title=key.title(), minutes=120) for key in ("first", "second")]
    item, asked = ask(plan(sessions=sessions, candidate_hours={"start": "10:00", "end": "13:00"}))
    assert {blocker["code"] for blocker in item["explanation"]["blockers"]} == {"max_days", "candidate_hours"}
    assert "2 things stand in the way together" in item["explanation"]["summary"]
    texts = [change["text"] for change in item["explanation"]["relaxations"]]
    assert "Let the sessions spread over 2 days" in texts
    each_change_works(ask, item, asked)


def test_a_panel_of_people_who_are_too_few_works_with_fewer(hire, ask):
    hire("Ada", qualifications=TALKING)
    item, asked = ask(
        plan(
            sessions=[session(title="Panel", seats=[{"skill": "talking", "count": 2}], room={"capacity": 4})]
        )
    )
    codes = [blocker["code"] for blocker in item["explanation"]["blockers"]]
    assert codes == ["no_interviewer", "no_room"]
    texts = [change["text"] for change in item["explanation"]["relaxations"]]
    assert texts == ["Hold Panel without a room and hold Panel with 1 person instead of 2"]
    each_change_works(ask, item, asked)


def test_fewer_options_than_asked_for_are_explained_with_what_would_open_more(hire, ask):
    hire("Ada", (at(2, 0), at(3, 14)), qualifications=TALKING)
    item, asked = ask(plan(grid=60, sessions=[session(title="Talk", minutes=60)]))
    assert item["status"] == "offered"
    found = len(item["options"])
    assert found == 2  # at 14:00 and at 15:00 UTC: Ada works until five in Berlin
    assert item["explanation"]["blockers"]
    for change in item["explanation"]["relaxations"]:
        again, _ = ask(*as_sent(patched(asked, change["patch"])))
        assert len(again["options"]) == found + change["options_gained"]


def test_a_recruiter_sees_why_these_people_and_who_else_could(hire, ask):
    for name in ("Ada", "Bo"):
        hire(name, qualifications=TALKING)
    item, _ = ask(plan(sessions=[session(title="Talk")]))
    for option in item["options"]:
        said = {reason["code"]: reason for reason in option["reasons"]}
        assert said["people"]["text"] in (
            "Ada for Talk; Bo would cost the same",
            "Bo for Talk; Ada would cost the same",
        )
        assert {said[code]["value"] for code in ("people", "cover")} == {0}
        assert sum(reason["value"] for reason in option["reasons"]) == option["cost"]


def test_a_window_that_is_over_before_the_notice_is_works_with_less(hire, ask, clock):
    hire("Ada", qualifications=TALKING)
    soon = {
        "start": (clock() + timedelta(hours=1)).isoformat(),
        "end": (clock() + timedelta(hours=6)).isoformat(),
    }
    item, asked = ask(plan(notice_hours=24), soon)
    assert [blocker["code"] for blocker in item["explanation"]["blockers"]] == ["notice"]
    assert "Accept 2 hours of notice" in [change["text"] for change in item["explanation"]["relaxations"]]
    each_change_works(ask, item, asked)


def test_a_window_beyond_the_horizon_is_told_with_a_longer_horizon_that_works(hire, ask):
    hire("Ada", qualifications=TALKING)
    far = {"start": "2027-01-18T00:00:00Z", "end": "2027-01-20T00:00:00Z"}
    item, asked = ask(plan(horizon_days=14), far)
    assert [blocker["code"] for blocker in item["explanation"]["blockers"]] == ["horizon"]
    each_change_works(ask, item, asked)
    first = item["explanation"]["relaxations"][0]
    assert [step["path"] for step in first["patch"]] == ["/plan/horizon_days"]
    assert first["text"] == "Look ahead as far as Tuesday 19 January 2027"
