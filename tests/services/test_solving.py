# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from scheduler import replay
from scheduler.domain.errors import Conflict, Invalid
from scheduler.services import runs, solving
from tests.services.town import CONTACT, NOW, RECRUITER

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-05T00:00:00Z"}


def statuses(run):
    return run["status"], [item["status"] for item in run["candidates"]]


def test_a_run_ends_with_options_and_a_link(town):
    town.hire("Ada", skills=("python",))

    run = town.offer(window=WINDOW)

    assert statuses(run) == ("finished", ["offered"])
    candidate = run["candidates"][0]
    assert len(candidate["options"]) == 5
    assert len({option["start"] for option in candidate["options"]}) == 5
    assert candidate["invitation"]["url"].startswith("https://interviews.acme.example/c/")
    assert candidate["explanation"] is None
    assert len(town.post.subjects_to("candy@example.net")) == 1


def test_no_option_crosses_a_busy_block_of_a_calendar(town):
    town.hire("Ada", skills=("python",))
    # Free on Thursday from 15:00 to 17:00 alone.
    town.calendars.add_busy("ada@acme.example", at(2, 0), at(3, 15))
    town.calendars.add_busy("ada@acme.example", at(3, 17), at(5, 0))

    run = town.offer(window=WINDOW)

    starts = [option["start"] for option in run["candidates"][0]["options"]]
    assert sorted(starts) == [
        f"2026-12-03T{clock}:00Z" for clock in ("15:00", "15:15", "15:30", "15:45", "16:00")
    ]


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 12, day, hour, tzinfo=UTC)


def test_a_plan_nobody_can_staff_is_infeasible_and_says_why_to_the_contact(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan(
        sessions=[{"key": "talk", "title": "A talk", "minutes": 60, "seats": [{"skill": "cobol"}]}]
    )

    run = town.offer(plan, window=WINDOW)

    assert statuses(run) == ("finished", ["infeasible"])
    explanation = run["candidates"][0]["explanation"]
    assert any("cobol" in blocker["text"] for blocker in explanation["blockers"])
    assert run["candidates"][0]["invitation"] is None
    assert len(town.post.subjects_to(CONTACT["email"])) == 1
    assert town.post.subjects_to("candy@example.net") == []


def test_an_unreadable_calendar_is_left_out_named_and_its_owner_told(town):
    ada = town.hire("Ada", skills=("python",))
    ben = town.hire("Ben", skills=("python",))
    town.calendars.make_unreadable("ada@acme.example", "The file is broken at line 3.")

    run = town.offer(window=WINDOW)

    candidate = run["candidates"][0]
    people = {
        p["id"] for option in candidate["options"] for s in option["sessions"] for p in s["interviewers"]
    }
    assert people == {ben}
    assert candidate["explanation"]["unreadable"] == [
        {"interviewer_id": ada, "reason": "The file is broken at line 3."}
    ]
    assert len(town.post.subjects_to("ada@acme.example")) == 1


def test_all_calendars_unreadable_is_a_failed_run_and_not_no_times(town):
    town.hire("Ada", skills=("python",))
    town.calendars.make_unreadable("ada@acme.example", "The file is broken at line 3.")

    run = town.offer(window=WINDOW)

    assert run["status"] == "failed"
    assert "calendars could be read" in run["error"]
    assert {b["code"] for b in run["candidates"][0]["explanation"]["blockers"]} == {"calendars_unreadable"}


def test_an_owner_hears_of_an_unreadable_calendar_once_a_day(town):
    town.hire("Ada", skills=("python",))
    town.hire("Ben", skills=("python",))
    town.calendars.make_unreadable("ada@acme.example", "The file is broken.")
    plan = town.plan()

    town.offer(plan)
    town.offer(plan)
    assert len(town.post.subjects_to("ada@acme.example")) == 1
    town.clock.forward(days=1)
    town.offer(plan)

    assert len(town.post.subjects_to("ada@acme.example")) == 2


def test_with_approval_the_candidate_hears_only_after_a_person_agreed(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(town.plan(approval="before_offer"), window=WINDOW)
    assert statuses(run) == ("awaiting_approval", ["waiting"])
    assert town.post.subjects_to("candy@example.net") == []
    dropped = run["candidates"][0]["options"][0]["id"]

    runs.approve(
        town.parts, town.organization_id, run["id"], drop=[dropped], reason="too early", actor=RECRUITER
    )
    town.run_jobs()

    run = runs.get(town.parts, town.organization_id, run["id"])
    assert statuses(run) == ("finished", ["offered"])
    assert [o["status"] for o in run["candidates"][0]["options"]] == ["withdrawn", *["offered"] * 4]
    assert len(town.post.subjects_to("candy@example.net")) == 1


def test_dropping_every_option_offers_nothing(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(town.plan(approval="before_offer"), window=WINDOW)

    drop = [option["id"] for option in run["candidates"][0]["options"]]
    run = runs.approve(town.parts, town.organization_id, run["id"], drop=drop, actor=RECRUITER)

    assert statuses(run) == ("finished", ["cancelled"])


def test_a_finished_run_cannot_be_approved(town):
    town.hire("Ada", skills=("python",))
    run = town.offer()

    with pytest.raises(Conflict):
        runs.approve(town.parts, town.organization_id, run["id"], actor=RECRUITER)


def test_a_run_cancelled_while_it_is_solved_offers_nothing(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(solve=False)
    runs.cancel(town.parts, town.organization_id, run["id"], actor=RECRUITER)

    town.run_jobs()

    assert statuses(runs.get(town.parts, town.organization_id, run["id"])) == ("cancelled", ["cancelled"])
    assert town.post.mails == []


def test_solving_a_run_twice_stores_its_options_once(town):
    town.hire("Ada", skills=("python",))
    run = town.offer()

    solving.solve(town.parts, town.organization_id, run["id"])

    assert runs.get(town.parts, town.organization_id, run["id"]) == run


def test_several_candidates_of_one_run_have_options_each(town):
    town.hire("Ada", skills=("python",))
    people = [{"name": name, "email": f"{name}@example.net"} for name in ("candy", "dora", "eve")]

    run = town.offer(candidates=people)

    assert statuses(run) == ("finished", ["offered"] * 3)
    assert len({item["invitation"]["url"] for item in run["candidates"]}) == 3


def test_somebody_met_before_is_not_met_again(town):
    ada = town.hire("Ada", skills=("python",))
    ben = town.hire("Ben", skills=("python",))
    first = town.offer(candidates=[{"external_id": "c1", "name": "Candy", "email": "candy@example.net"}])
    met = town.book(first)["sessions"][0]["interviewers"][0]["id"]

    second = town.offer(candidates=[{"external_id": "c1", "name": "Candy", "email": "candy@example.net"}])

    people = {
        p["id"]
        for option in second["candidates"][0]["options"]
        for s in option["sessions"]
        for p in s["interviewers"]
    }
    assert people == {ada, ben} - {met}


def book_days(town, *days, skill="python"):
    """One interview a day, each for somebody else; who holds them."""
    talk = [{"key": "talk", "title": "A talk", "minutes": 60, "seats": [{"skill": skill}]}]
    plan = town.plan(sessions=talk)
    held = []
    for day in days:
        window = {"start": f"2026-12-{day:02}T00:00:00Z", "end": f"2026-12-{day + 1:02}T00:00:00Z"}
        somebody = [{"name": f"Candidate {day}", "email": f"candidate{day}@example.net"}]
        booking = town.book(town.offer(plan, candidates=somebody, options=1, window=window))
        held.append(booking["sessions"][0]["interviewers"][0]["name"])
    return held


def test_where_all_are_new_interviews_are_shared_out_from_the_first(town):
    for name in ("Ada", "Ben", "Cleo"):
        town.hire(name, skills=("python",))

    assert sorted(book_days(town, 2, 3, 4)) == ["Ada", "Ben", "Cleo"]


def test_a_team_that_is_new_shares_them_out_beside_an_old_one(town):
    town.hire("Old", skills=("design",))
    town.clock.forward(days=60)
    town.hire("Ada", skills=("python",))
    town.hire("Ben", skills=("python",))
    days = {"start": "2027-02-03T00:00:00Z", "end": "2027-02-04T00:00:00Z"}
    plan = town.plan(
        sessions=[
            {"key": "talk", "title": "A talk", "minutes": 60, "seats": [{"skill": "python"}]},
            {"key": "draw", "title": "A drawing", "minutes": 60, "seats": [{"skill": "design"}]},
        ]
    )

    def who_talks(name):
        candidates = [{"name": name, "email": f"{name.lower()}@example.net"}]
        booking = town.book(town.offer(plan, candidates=candidates, options=1, window=days))
        talk = next(item for item in booking["sessions"] if item["key"] == "talk")
        return talk["interviewers"][0]["name"]

    assert {who_talks("Dora"), who_talks("Emil")} == {"Ada", "Ben"}


def test_a_stored_run_solves_to_the_same_answer_again(town, capsys):
    for name in ("Ada", "Ben", "Cleo"):
        town.hire(name, skills=("python",))
    run = town.offer(
        town.plan(
            sessions=[
                {"key": "a", "title": "A", "minutes": 45, "seats": [{"skill": "python", "count": 2}]},
                {"key": "b", "title": "B", "minutes": 30, "seats": [{"skill": "python"}]},
            ]
        )
    )

    assert replay.run(town.parts, run["id"]) == 0
    assert capsys.readouterr().out == "candidate 0: the same\n"


@pytest.mark.parametrize(
    ("part", "change", "told", "status"),
    [
        ("outcome", {"proof": "feasible"}, "DIFFERENT", 1),
        ("outcome", {"proof": "stopped"}, "not comparable, stopped by the clock; sound", 0),
        ("problem", {"rules": 99}, "not comparable, stated for rules 99; these are 1", 0),
    ],
)
def test_only_what_can_be_compared_is(town, capsys, part, change, told, status):
    town.hire("Ada", skills=("python",))
    run = town.offer()
    with town.parts.database.transaction(town.organization_id) as session:
        row = runs.candidates_of(session, run["id"])[0]
        setattr(row, part, getattr(row, part) | change)

    assert replay.run(town.parts, run["id"]) == status
    assert capsys.readouterr().out == f"candidate 0: {told}\n"


def test_an_answer_that_the_clock_stopped_is_judged_again(town, capsys):
    town.hire("Ada", skills=("python",))
    run = town.offer()
    with town.parts.database.transaction(town.organization_id) as session:
        row = runs.candidates_of(session, run["id"])[0]
        away = [{"start": "2026-11-01T00:00:00Z", "end": "2027-01-01T00:00:00Z", "kind": "busy"}]
        [ada] = row.problem["interviewers"]
        row.problem = row.problem | {"interviewers": [ada | {"busy": away}]}
        row.outcome = row.outcome | {"proof": "stopped"}

    assert replay.run(town.parts, run["id"]) == 1
    assert capsys.readouterr().out == "candidate 0: not comparable, stopped by the clock; UNSOUND\n"


def test_the_window_must_end_after_it_starts_and_not_in_the_past(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan()

    with pytest.raises(Invalid) as reversed_:
        town.offer(plan, window={"start": WINDOW["end"], "end": WINDOW["start"]})
    with pytest.raises(Invalid) as past:
        town.offer(plan, window={"start": "2026-11-01T00:00:00Z", "end": "2026-11-05T00:00:00Z"})

    assert [e.pointer for e in reversed_.value.errors] == ["/window/end"]
    assert [e.pointer for e in past.value.errors] == ["/window/end"]


def test_nothing_of_the_calendar_but_times_is_kept_with_a_run(town):
    town.hire("Ada", skills=("python",))
    town.calendars.add_busy("ada@acme.example", NOW + timedelta(days=2), NOW + timedelta(days=2, hours=1))
    run = town.offer()

    with town.parts.database.transaction(town.organization_id) as session:
        problem = runs.candidates_of(session, run["id"])[0].problem
    assert problem is not None
    blocks = [block for person in problem["interviewers"] for block in person["busy"]]
    assert {tuple(sorted(block)) for block in blocks} == {("end", "kind", "start")}
    assert "acme.example" not in json.dumps(problem)


def test_a_longer_search_is_proposed_only_after_it_was_tried(town):
    town.hire("Ada", skills=("python",))
    town.calendars.add_busy("ada@acme.example", at(1, 0), at(5, 0))

    run = town.offer(window=WINDOW)

    relaxations = run["candidates"][0]["explanation"]["relaxations"]
    longer = next(r for r in relaxations if any(p["path"] == "/window/end" for p in r["patch"]))
    assert longer["options_gained"] > 0
    changed = {p["path"]: p["value"] for p in longer["patch"]}
    again = town.offer(window=WINDOW | {"end": changed["/window/end"]})
    assert again["candidates"][0]["status"] == "offered"


def test_no_time_is_promised_in_weeks_whose_calendars_were_not_read(town):
    """The window is longer than the horizon: looking further is tried only as far as calendars are known."""
    town.hire("Ada", skills=("python",))
    town.calendars.add_busy("ada@acme.example", at(1, 0), at(31, 0))

    run = town.offer(
        town.plan(horizon_days=7), window={"start": "2026-12-01T00:00:00Z", "end": "2026-12-31T00:00:00Z"}
    )

    candidate = run["candidates"][0]
    assert candidate["status"] == "infeasible"
    further = [p for r in candidate["explanation"]["relaxations"] for p in r["patch"]]
    assert [p for p in further if p["path"] == "/plan/horizon_days"] == []
