# SPDX-License-Identifier: Apache-2.0
"""From a request to schedule to what is on offer, as an ATS sees it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from scheduler.api import runs as runs_api
from scheduler.app import create_app
from scheduler.db import rows
from scheduler.services import solving
from tests.api.answers import options, pointers
from tests.api.conftest import Client
from tests.api.examples import SKILLED, candidate, interviewer, plan, room, session
from tests.standins import Jobs

pytestmark = pytest.mark.usefixtures("calendars")


def test_a_plan_of_nine_sessions_is_no_run(client):
    sessions = [session(key=f"talk{number}") for number in range(9)]
    refused = client.post("/v1/runs", {"plan": plan(sessions=sessions), "candidates": [candidate()]})
    assert list(pointers(refused)) == ["/plan/sessions"]


def test_a_run_is_put_down_and_told_where(client, jobs):
    made = client.post("/v1/runs", {"plan": plan(), "candidates": [candidate()]})
    assert made.status_code == 202
    assert made.headers["Location"] == f"/v1/runs/{made.json['id']}"
    assert made.json["status"] == "queued"
    assert [(item["candidate"]["name"], item["status"]) for item in made.json["candidates"]] == [
        ("Candy Date", "waiting")
    ]
    assert [ids["run_id"] for task, ids in jobs.deferred if task == "solve_run"] == [made.json["id"]]


def test_a_run_finds_times(offered):
    run = offered(options=3)
    assert run["status"] == "finished"
    assert run["candidates"][0]["status"] == "offered"
    assert len(options(run)) == 3
    assert run["candidates"][0]["invitation"]["url"].startswith("https://interviews.example.com/c/")


def test_a_run_that_finds_nothing_explains_itself(client, offered):
    run = offered(plan=plan(sessions=[session(seats=[{"skill": "silence"}])]))
    (item,) = run["candidates"]
    assert (item["status"], item["options"]) == ("infeasible", [])
    assert item["explanation"]["summary"]
    assert item["explanation"]["blockers"]


def test_a_calendar_that_cannot_be_read_is_told(client, offered, calendars):
    calendars.make_unreadable("bo@example.com", "The calendar is not shared with us.")
    bo = client.post("/v1/interviewers", interviewer(email="bo@example.com", qualifications=SKILLED)).json[
        "id"
    ]
    (item,) = offered()["candidates"]
    assert item["explanation"]["unreadable"] == [
        {"interviewer_id": bo, "reason": "The calendar is not shared with us."}
    ]


def test_a_loop_with_rooms_breaks_and_named_people_is_told_whole(client, offered, calendars, ada):
    calendars.add_calendar("oak@example.com")
    calendars.add_calendar("bo@example.com")
    oak = client.post("/v1/rooms", room()).json
    bo = client.post("/v1/interviewers", interviewer(name="Bo", email="bo@example.com")).json["id"]
    sessions = [
        session(room={"capacity": 2}),
        session(key="deep", title="Deep dive", seats=[{"interviewers": [bo], "role": "lead"}]),
    ]
    breaks = [{"name": "Lunch", "minutes": 30, "between": ["12:00", "13:00"]}]
    run = offered(plan=plan(sessions=sessions, breaks=breaks), options=1)
    first, second = options(run)[0]["sessions"]
    assert first["interviewers"] == [{"id": ada, "name": "Ada Obi", "role": "interviewer"}]
    assert first["room"] == {"id": oak["id"], "name": "Oak"}
    assert second["interviewers"] == [{"id": bo, "name": "Bo", "role": "lead"}]


def test_a_stored_plan_is_kept_as_it_was(client):
    stored = client.post("/v1/plans", plan())
    made = client.post("/v1/runs", {"plan_id": stored.json["id"], "candidates": [candidate()]})
    client.patch(stored.headers["Location"], {"name": "Changed"})
    client.delete(stored.headers["Location"])
    assert client.get(made.headers["Location"]).json["plan"] == stored.json


def test_known_candidates_are_brought_up_to_date(client):
    known = client.post("/v1/candidates", candidate(external_id="ats-7", phone="1")).json
    body = {
        "plan": plan(),
        "candidates": [
            candidate(external_id="ats-7", name="Candy Married", external_refs={"application": "a-1"}),
            candidate(external_id="ats-8", name="New"),
        ],
    }
    first, second = client.post("/v1/runs", body).json["candidates"]
    assert first["candidate"] == known | {"name": "Candy Married"}
    assert first["external_refs"] == {"application": "a-1"}
    assert client.get(f"/v1/candidates/{known['id']}").headers["ETag"] == '"2"'
    assert client.get(f"/v1/candidates/{second['candidate']['id']}").json["name"] == "New"


def test_a_candidate_may_be_named_by_id(client):
    known = client.post("/v1/candidates", candidate()).json
    body = {"plan": plan(), "candidates": [{"id": known["id"], "external_refs": {"a": "b"}}]}
    assert client.post("/v1/runs", body).json["candidates"][0]["candidate"] == known


def test_a_stranger_cannot_be_named(client, stranger):
    theirs = stranger.post("/v1/candidates", candidate()).json["id"]
    gone = client.post("/v1/candidates", candidate())
    client.delete(gone.headers["Location"])
    for id_ in (theirs, gone.json["id"]):
        response = client.post("/v1/runs", {"plan": plan(), "candidates": [{"id": id_}]})
        assert pointers(response) == {"/candidates/0/id": "there is no such candidate"}


REQUEST = {"plan": plan(), "candidates": [candidate()]}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"candidates": []}, "/candidates"),
        ({"candidates": [{"name": "Candy"}]}, "/candidates/0/email"),
        ({"candidates": [{"id": "cand_1", "name": "Candy"}]}, "/candidates/0/name"),
        ({"candidates": [candidate(external_refs={"a": 1})]}, "/candidates/0/external_refs/a"),
        ({"candidates": [candidate(rank=1)]}, "/candidates/0/rank"),
        ({"plan_id": "plan_1"}, "/plan_id"),
        ({"plan": plan(sessions=[session(), session()])}, "/plan/sessions/1/key"),
        (
            {"plan": plan(sessions=[session(seats=[{"interviewers": ["ivw_1"]}])])},
            "/plan/sessions/0/seats/0/interviewers/0",
        ),
        ({"window": {"start": "2026-12-02T09:00:00Z", "end": "2026-12-01T09:00:00Z"}}, "/window/end"),
        ({"window": {"start": "2026-12-02T09:00:00", "end": "2026-12-03T09:00:00Z"}}, "/window/start"),
        ({"window": {"start": "2020-12-01T09:00:00Z", "end": "2020-12-02T09:00:00Z"}}, "/window/end"),
        ({"mode": "rank"}, "/mode"),
        ({"confirm": True}, "/confirm"),
        ({"mode": "assign", "options": 3}, "/options"),
        ({"options": 0}, "/options"),
        ({"options": 201}, "/options"),
        ({"contact": {"name": "Rosa"}}, "/contact/email"),
    ],
)
def test_what_cannot_be_is_named(client, changes, pointer):
    assert set(pointers(client.post("/v1/runs", REQUEST | changes))) == {pointer}


def test_a_plan_is_needed_and_must_be_there(client):
    without = {"candidates": [candidate()]}
    assert set(pointers(client.post("/v1/runs", without))) == {"/plan_id"}
    assert set(pointers(client.post("/v1/runs", without | {"plan_id": "plan_0"}))) == {"/plan_id"}


def test_a_plan_stored_with_more_sessions_than_there_may_be_has_to_change_first(
    client, database, organization_id
):
    stored = client.post("/v1/plans", plan(sessions=[session(key=f"s{n}") for n in range(8)])).json
    request = {"plan_id": stored["id"], "candidates": [candidate()]}
    assert client.post("/v1/runs", request).status_code == 202
    with database.transaction(organization_id) as kept:
        row = kept.get_one(rows.Plan, stored["id"])
        ninth = {**row.body["sessions"][0], "key": "ninth"}
        row.body = {**row.body, "sessions": [*row.body["sessions"], ninth]}
    assert pointers(client.post("/v1/runs", request)) == {
        "/plan_id": "has more than 8 sessions; the plan has to change first"
    }


def test_a_request_that_is_refused_leaves_nothing_behind(client, jobs):
    body = {"plan": plan(), "candidates": [candidate(), {"id": "cand_0"}]}
    client.post("/v1/runs", body)
    assert client.get("/v1/candidates").json["data"] == []
    assert client.get("/v1/runs").json["data"] == []
    assert jobs.deferred == []


def test_runs_are_listed_by_status(client, offered):
    finished = offered()["id"]
    queued = client.post("/v1/runs", REQUEST).json["id"]
    ids = [run["id"] for run in client.get("/v1/runs").json["data"]]
    assert sorted(ids) == sorted([finished, queued])
    assert [run["id"] for run in client.get("/v1/runs?status=queued").json["data"]] == [queued]
    assert set(pointers(client.get("/v1/runs?status=lost"))) == {"/status"}


@dataclass
class AtOnce(Jobs):
    """Solves each run in a thread of its own, as soon as it is committed."""

    parts: Any = None
    threads: list[threading.Thread] = field(default_factory=list)

    def __call__(self, session: Any, task: str, **ids: str) -> None:
        if task == "solve_run":
            work = (self.parts, ids["organization_id"], ids["run_id"])
            self.threads.append(threading.Thread(target=solving.solve, args=work))
            sa.event.listen(session, "after_commit", lambda _: self.threads[-1].start(), once=True)


@pytest.fixture
def quick(parts, key):
    """A client of an application whose runs are solved at once."""
    jobs = AtOnce()
    jobs.parts = replace(parts, defer=jobs)
    app: Flask = create_app(jobs.parts)
    yield Client(app, key)
    for thread in jobs.threads:
        thread.join()


def test_who_waits_hears_at_once_when_it_is_done(quick, ada):
    done = quick.post("/v1/runs", REQUEST, Prefer="respond-async, wait=20")
    assert (done.status_code, done.headers["Preference-Applied"]) == (200, "wait=20")
    assert done.headers["Location"] == f"/v1/runs/{done.json['id']}"
    assert done.json["candidates"][0]["options"]


def test_who_has_waited_in_vain_gets_the_run_as_it_is(client):
    response = client.post("/v1/runs", REQUEST, Prefer="wait=1")
    assert (response.status_code, response.headers.get("Preference-Applied")) == (202, None)


def test_where_many_wait_the_next_does_not(quick, ada):
    for _ in range(3):
        assert runs_api.WAITING.acquire(blocking=False)
    try:
        assert quick.post("/v1/runs", REQUEST, Prefer="wait=20").status_code == 202
    finally:
        for _ in range(3):
            runs_api.WAITING.release()
    assert quick.post("/v1/runs", REQUEST, Prefer="wait=20").status_code == 200


@pytest.mark.parametrize(
    "prefer", ["", "wait", "wait=", "wait=x", "wait=-1", "await=5", "return=minimal", "wait=0"]
)
def test_a_preference_that_is_none_is_ignored(client, prefer):
    assert client.post("/v1/runs", REQUEST, Prefer=prefer).status_code == 202


def test_a_run_waits_for_approval_where_the_plan_says_so(client, offered):
    run = offered(plan=plan(approval="before_offer"))
    assert (run["status"], run["candidates"][0]["invitation"]) == ("awaiting_approval", None)
    address = f"/v1/runs/{run['id']}"
    dropped = options(run)[0]["id"]
    assert set(pointers(client.post(f"{address}/approve", {"drop": [dropped, "opt_0"]}))) == {"/drop/1"}
    approved = client.post(f"{address}/approve", {"drop": [dropped], "reason": "too early"})
    assert (approved.status_code, approved.json["status"]) == (200, "finished")
    statuses = {option["id"]: option["status"] for option in options(approved.json)}
    assert (statuses.pop(dropped), set(statuses.values())) == ("withdrawn", {"offered"})
    again = client.post(f"{address}/approve")
    assert (again.status_code, again.json["code"]) == (409, "illegal_move")


def test_a_run_can_be_called_off(client, offered):
    run = offered()
    cancelled = client.post(f"/v1/runs/{run['id']}/cancel")
    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")
    assert cancelled.json["candidates"][0]["invitation"]["url"] is None
    assert client.post(f"/v1/runs/{run['id']}/cancel").status_code == 409


def test_everybody_is_given_one_time_and_booked_where_that_is_asked_for(client, ada, solve):
    crowd = [candidate(external_id=str(n), email=f"{n}@example.net") for n in range(3)]
    body = {"plan": plan(), "candidates": crowd, "mode": "assign", "confirm": True}

    asked = client.post("/v1/runs", body)
    assert (asked.status_code, asked.json["mode"], asked.json["confirm"]) == (202, "assign", True)
    solve()

    run = client.get(f"/v1/runs/{asked.json['id']}").json
    assert (run["status"], [c["status"] for c in run["candidates"]]) == ("finished", ["booked"] * 3)
    assert run["solver"]["outcomes"][0]["status"] == "assigned"
    starts = {client.get(f"/v1/bookings/{c['booking_id']}").json["start"] for c in run["candidates"]}
    assert len(starts) == 3
