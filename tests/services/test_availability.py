# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scheduler.domain.errors import Conflict, Invalid, NotFound
from scheduler.services import availability, candidates, readings

WINDOW = {"start": "2026-12-02T09:00:00Z", "end": "2026-12-02T12:00:00Z"}


def starts(answer: dict) -> list[str]:
    return [item["start"][11:16] for item in answer["data"]]


def test_every_start_of_a_session_and_why_other_times_are_not(town):
    town.hire("Ada", skills=("python",))
    town.calendars.add_busy("ada@acme.example", at(10, 0), at(10, 30))
    plan = town.plan(grid=30)

    answer = availability.ask(town.parts, town.organization_id, {"plan_id": plan["id"], "window": WINDOW})

    assert starts(answer) == ["09:00", "10:30", "11:00"]
    assert any("Ada" in block["text"] and block["code"] == "busy" for block in answer["blocked"])
    assert answer["unreadable"] == []
    assert answer["read_at"] == "2026-11-30T09:00:00Z"


def at(hour: int, minute: int) -> datetime:
    return datetime(2026, 12, 2, hour, minute, tzinfo=UTC)


def test_without_a_candidate_nobodys_hours_but_the_interviewers_count(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan(grid=60, candidate_hours={"start": "11:00", "end": "12:00"})
    late = candidates.create(
        town.parts,
        town.organization_id,
        {"name": "Candy", "email": "candy@example.net", "time_zone": "Europe/London"},
    )
    ask = {"plan_id": plan["id"], "window": WINDOW}

    assert starts(availability.ask(town.parts, town.organization_id, ask)) == ["09:00", "10:00", "11:00"]
    with_candidate = availability.ask(town.parts, town.organization_id, ask | {"candidate_id": late["id"]})
    assert starts(with_candidate) == ["11:00"]


def test_why_nobody_at_all_can_is_said(town):
    town.hire("Ada", skills=("java",))

    answer = availability.ask(
        town.parts, town.organization_id, {"plan_id": town.plan()["id"], "window": WINDOW}
    )

    text = "No interviewer has the skill python, needed for A talk."
    assert answer["data"] == []
    assert answer["blocked"] == [WINDOW | {"code": "no_interviewer", "text": text}]


def test_that_everybody_has_met_the_candidate_is_said(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan()
    booking = town.book(town.offer(plan, window={**WINDOW, "end": "2026-12-02T10:00:00Z"}))
    ask = {"plan_id": plan["id"], "window": WINDOW, "candidate_id": booking["candidate"]["id"]}

    answer = availability.ask(town.parts, town.organization_id, ask)

    assert answer["data"] == []
    assert [(block["code"], block["text"]) for block in answer["blocked"]] == [
        (
            "distinct_interviewers",
            "Of those with the skill python for A talk, Ada has met the candidate already.",
        )
    ]


def test_that_the_candidate_offered_other_times_is_said(town):
    town.hire("Ada", skills=("python",))
    said = [{"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T11:00:00Z"}]
    candy = {
        "name": "Candy",
        "email": "candy@example.net",
        "time_zone": "Europe/London",
        "availability": said,
    }
    candy_id = candidates.create(town.parts, town.organization_id, candy)["id"]
    ask = {"plan_id": town.plan(grid=60)["id"], "window": WINDOW, "candidate_id": candy_id}

    answer = availability.ask(town.parts, town.organization_id, ask)

    assert starts(answer) == ["10:00"]
    assert [(block["start"][11:16], block["code"]) for block in answer["blocked"]] == [
        ("09:00", "candidate_availability"),
        ("11:00", "candidate_availability"),
    ]


def test_booked_interviews_count_before_any_calendar_shows_them(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan(grid=60)
    town.book(town.offer(plan, window={"start": WINDOW["start"], "end": "2026-12-02T10:00:00Z"}))

    answer = availability.ask(town.parts, town.organization_id, {"plan_id": plan["id"], "window": WINDOW})

    assert starts(answer) == ["10:00", "11:00"]


def test_all_calendars_unreadable_is_an_error_and_not_no_times(town):
    town.hire("Ada", skills=("python",))
    town.calendars.make_unreadable("ada@acme.example", "It is broken.")

    with pytest.raises(Conflict) as refusal:
        availability.ask(town.parts, town.organization_id, {"plan_id": town.plan()["id"], "window": WINDOW})

    assert refusal.value.reason == "calendars_unreadable"
    assert "It is broken." in refusal.value.detail


def test_a_session_of_several_has_to_be_named(town):
    town.hire("Ada", skills=("python",))
    session = {"title": "Talk", "minutes": 30, "seats": [{"skill": "python"}]}
    plan = town.plan(sessions=[session | {"key": "a"}, session | {"key": "b"}])

    for key in (None, "c"):
        with pytest.raises(Invalid) as refusal:
            availability.ask(
                town.parts,
                town.organization_id,
                {"plan_id": plan["id"], "window": WINDOW} | ({"session_key": key} if key else {}),
            )
        assert [e.pointer for e in refusal.value.errors] == ["/session_key"]


def test_what_a_calendar_says_now(town):
    ada = town.hire("Ada")
    town.calendars.add_busy("ada@acme.example", at(10, 0), at(10, 30), "out_of_office")

    answer = readings.busy(town.parts, town.organization_id, ada, at(9, 0), at(12, 0))

    assert answer == {
        "data": [{"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T10:30:00Z", "kind": "out_of_office"}],
        "read_at": "2026-11-30T09:00:00Z",
    }


def test_a_calendar_that_cannot_be_read_is_a_conflict_with_the_reason(town):
    ada = town.hire("Ada")
    town.calendars.make_unreadable("ada@acme.example", "It is broken.")

    with pytest.raises(Conflict) as refusal:
        readings.busy(town.parts, town.organization_id, ada, at(9, 0), at(12, 0))

    assert (refusal.value.reason, refusal.value.detail) == ("calendar_unreadable", "It is broken.")


def test_further_calendars_of_a_person_count_too(town):
    ada = town.hire("Ada", busy_calendars=[{"provider": "ics", "address": "ada@home.example"}])
    town.calendars.add_calendar("ada@home.example")
    town.calendars.add_busy("ada@home.example", at(10, 0), at(10, 30))

    answer = readings.busy(town.parts, town.organization_id, ada, at(9, 0), at(12, 0))

    assert [b["start"] for b in answer["data"]] == ["2026-12-02T10:00:00Z"]


def test_one_unreadable_calendar_of_several_leaves_its_owner_unknown(town):
    ada = town.hire("Ada", busy_calendars=[{"provider": "ics", "address": "ada@home.example"}])
    town.calendars.make_unreadable("ada@home.example", "It is broken.")

    with pytest.raises(Conflict):
        readings.busy(town.parts, town.organization_id, ada, at(9, 0), at(12, 0))


def test_a_provider_nobody_set_up_is_unreadable_and_says_so(town):
    ada = town.hire("Ada", calendar={"provider": "google", "address": "ada@acme.example"})

    with pytest.raises(Conflict, match="no access to Google calendars"):
        readings.busy(town.parts, town.organization_id, ada, at(9, 0), at(12, 0))


def test_a_window_that_ends_before_it_starts_is_refused(town):
    ada = town.hire("Ada")

    with pytest.raises(Invalid) as refusal:
        readings.busy(town.parts, town.organization_id, ada, at(12, 0), at(9, 0))

    assert [e.pointer for e in refusal.value.errors] == ["/end"]


def test_an_unknown_interviewer_is_not_found(town):
    with pytest.raises(NotFound):
        readings.busy(town.parts, town.organization_id, "ivw_none", at(9, 0), at(12, 0))
