# SPDX-License-Identifier: Apache-2.0
"""From a request to schedule to a booking, as an ATS sees it."""

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
from tests.api.answers import pointers
from tests.api.conftest import Client
from tests.api.examples import CONTACT, candidate, interviewer, plan, room, session
from tests.standins import Jobs

SKILLED = [{"skill": "talking", "level": "qualified"}]
pytestmark = pytest.mark.usefixtures("calendars")


@pytest.fixture
def ada(client, calendars) -> str:
    """Somebody who can hold the example's session, and has a calendar."""
    calendars.add_calendar("ada@example.com")
    return client.post("/v1/interviewers", interviewer(qualifications=SKILLED)).json["id"]


@pytest.fixture
def offered(client, ada, solve):
    """Makes a run that has found times, and tells it."""

    def offer(**changes: Any) -> dict[str, Any]:
        body = {"plan": plan(), "candidates": [candidate()], "contact": CONTACT, **changes}
        made = client.post("/v1/runs", body)
        solve()
        return client.get(made.headers["Location"]).json

    return offer


def options(run: dict[str, Any], position: int = 0) -> list[dict[str, Any]]:
    return run["candidates"][position]["options"]


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


def test_an_option_becomes_a_booking(client, offered):
    run = offered(candidates=[candidate(external_refs={"application": "a-1"})])
    chosen = options(run)[1]
    booked = client.post("/v1/bookings", {"option_id": chosen["id"]})
    assert (booked.status_code, booked.json["status"]) == (201, "confirmed")
    assert booked.headers["Location"] == f"/v1/bookings/{booked.json['id']}"
    assert (booked.json["start"], booked.json["end"]) == (chosen["start"], chosen["end"])
    assert booked.json["external_refs"] == {"application": "a-1"}
    assert [entry["event"] for entry in booked.json["history"]] == ["booking.confirmed"]
    assert client.get(booked.headers["Location"]).json == booked.json
    assert client.get("/v1/bookings").json["data"] == [booked.json]
    assert client.get("/v1/bookings?status=cancelled").json["data"] == []
    assert client.get(f"/v1/runs/{run['id']}").json["candidates"][0]["booking_id"] == booked.json["id"]


def test_the_same_option_again_is_the_same_booking(client, offered):
    chosen = {"option_id": options(offered())[0]["id"]}
    first, again = (client.post("/v1/bookings", chosen) for _ in range(2))
    assert (again.status_code, again.json) == (201, first.json)


def test_another_option_is_too_late(client, offered):
    first, second, *_ = options(offered())
    client.post("/v1/bookings", {"option_id": first["id"]})
    refused = client.post("/v1/bookings", {"option_id": second["id"]})
    assert (refused.status_code, refused.json["code"]) == (409, "already_booked")


def test_a_time_that_has_gone_comes_with_what_is_left(client, offered):
    one, other = offered(), offered()
    assert options(one)[0]["start"] == options(other)[0]["start"]
    client.post("/v1/bookings", {"option_id": options(one)[0]["id"]})
    refused = client.post("/v1/bookings", {"option_id": options(other)[0]["id"]})
    assert (refused.status_code, refused.json["code"]) == (409, "slot_taken")
    left = {option["id"] for option in refused.json["options"]}
    assert left
    assert options(other)[0]["id"] not in left


def test_an_option_of_others_is_not_there(offered, stranger):
    response = stranger.post("/v1/bookings", {"option_id": options(offered())[0]["id"]})
    assert response.status_code == 404


def test_a_booking_can_be_called_off(client, offered):
    booked = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]})
    address = booked.headers["Location"]
    cancelled = client.post(f"{address}/cancel", {"reason": "The role is filled."})
    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")
    assert cancelled.headers["ETag"] != booked.headers["ETag"]
    assert client.get(address).json == cancelled.json
    candidate_id = booked.json["candidate"]["id"]
    listed = client.get(f"/v1/bookings?status=cancelled&candidate_id={candidate_id}").json["data"]
    assert listed == [cancelled.json]


def test_an_etag_of_a_run_or_a_booking_tells_every_change(client, offered, parts, organization_id):
    run = offered()
    here = f"/v1/runs/{run['id']}"
    before = client.get(here).headers["ETag"]
    assert client.get(here).headers["ETag"] == before
    booked = client.post("/v1/bookings", {"option_id": options(run)[0]["id"]})
    assert client.get(here).headers["ETag"] != before
    address = booked.headers["Location"]
    assert client.get(address).headers["ETag"] == booked.headers["ETag"]
    with parts.database.transaction(organization_id) as session:
        session.execute(sa.update(rows.CalendarEntry).values(status="written"))
    written = client.get(address)
    assert written.json["version"] == booked.json["version"]
    assert written.headers["ETag"] != booked.headers["ETag"]


def test_a_booking_can_be_moved_to_one_of_its_fresh_options(client, offered):
    booked = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]})
    address = booked.headers["Location"]
    fresh = client.post(f"{address}/options", {"options": 3}).json
    assert (len(fresh["data"]), fresh["explanation"]) == (3, None)
    choice = {"option_id": fresh["data"][0]["id"]}
    moved, again = (client.post(f"{address}/reschedule", choice) for _ in range(2))
    assert (moved.status_code, moved.json["version"]) == (200, 2)
    assert (moved.json["id"], moved.json["start"]) == (booked.json["id"], fresh["data"][0]["start"])
    assert moved.headers["ETag"] != booked.headers["ETag"]
    assert again.json == moved.json == client.get(address).json


def test_fresh_options_need_no_body_and_have_bounds(client, offered):
    address = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]}).headers["Location"]
    assert client.post(f"{address}/options").status_code == 200
    assert set(pointers(client.post(f"{address}/options", {"options": 51}))) == {"/options"}
    over = {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}
    assert set(pointers(client.post(f"{address}/options", {"window": over}))) == {"/window/end"}
    assert set(pointers(client.post(f"{address}/reschedule", {}))) == {"/option_id"}


def test_fresh_options_that_are_none_say_why(client, offered):
    address = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]}).headers["Location"]
    saturday = {"start": "2026-12-05T00:00:00Z", "end": "2026-12-06T00:00:00Z"}
    fresh = client.post(f"{address}/options", {"window": saturday}).json
    assert (fresh["data"], bool(fresh["explanation"]["blockers"])) == ([], True)


def test_a_booking_of_others_is_neither_asked_about_nor_moved(client, offered, stranger):
    run = offered()
    address = client.post("/v1/bookings", {"option_id": options(run)[0]["id"]}).headers["Location"]
    assert stranger.post(f"{address}/options").status_code == 404
    choice = {"option_id": options(run)[1]["id"]}
    assert stranger.post(f"{address}/reschedule", choice).status_code == 404


def test_an_interviewer_can_be_replaced(client, calendars, offered, ada):
    address = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]}).headers["Location"]
    key = client.get(address).json["sessions"][0]["key"]
    question = {"session_key": key, "interviewer_id": ada}
    alone = client.post(f"{address}/replace", question)
    assert (alone.status_code, alone.json["code"]) == (409, "nobody_can")
    calendars.add_calendar("ben@example.com")
    ben = client.post(
        "/v1/interviewers", interviewer(name="Ben", email="ben@example.com", qualifications=SKILLED)
    ).json["id"]
    replaced, again = (client.post(f"{address}/replace", question) for _ in range(2))
    assert (replaced.status_code, replaced.json["version"]) == (200, 2)
    assert [p["id"] for p in replaced.json["sessions"][0]["interviewers"]] == [ben]
    assert again.json == replaced.json == client.get(address).json
    assert set(pointers(client.post(f"{address}/replace", {"session_key": key}))) == {"/interviewer_id"}


@pytest.fixture
def oak(client, calendars) -> str:
    """A room that the example's session fits into."""
    calendars.add_calendar("oak@example.com")
    return str(client.post("/v1/rooms", room()).json["id"])


def in_a_room(client: Client, offered) -> str:
    """The address of a booking of one session in a room."""
    run = offered(plan=plan(sessions=[session(room={"capacity": 2})]))
    return client.post("/v1/bookings", {"option_id": options(run)[0]["id"]}).headers["Location"]


def test_a_room_can_be_replaced(client, calendars, offered, oak):
    address = in_a_room(client, offered)
    question = {"session_key": "talk", "room_id": oak}
    alone = client.post(f"{address}/replace", question)
    assert (alone.status_code, alone.json["code"]) == (409, "nobody_can")
    calendars.add_calendar("elm@example.com")
    elm = client.post("/v1/rooms", room(calendar={"provider": "ics", "address": "elm@example.com"})).json[
        "id"
    ]
    named = question | {"replacement_id": elm}
    replaced, again = (client.post(f"{address}/replace", body) for body in (named, question))
    assert (replaced.status_code, replaced.json["sessions"][0]["room"]["id"]) == (200, elm)
    assert again.json == replaced.json == client.get(address).json
    assert replaced.json["history"][-1]["event"] == "room.replaced"
    gone = client.post(f"{address}/replace", question | {"replacement_id": oak})
    assert (gone.status_code, gone.json["code"]) == (409, "not_its_room")


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({}, "/interviewer_id"),
        ({"interviewer_id": "ivw_a", "room_id": "room_a"}, "/interviewer_id"),
        ({"interviewer_id": "room_a"}, "/interviewer_id"),
        ({"room_id": "ivw_a"}, "/room_id"),
        ({"room_id": None}, "/room_id"),
        ({"room_id": "room_a", "replacement_id": "cand_a"}, "/replacement_id"),
    ],
)
def test_either_an_interviewer_or_a_room_is_replaced(client, offered, more, pointer):
    address = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]}).headers["Location"]
    refused = client.post(f"{address}/replace", {"session_key": "talk", **more})
    assert (refused.status_code, set(pointers(refused))) == (422, {pointer})


def test_a_replacement_is_of_the_same_kind(client, offered, ada, oak):
    address = in_a_room(client, offered)
    for leaves, comes in ({"interviewer_id": ada}, oak), ({"room_id": oak}, ada):
        question = {"session_key": "talk", "replacement_id": comes, **leaves}
        refused = client.post(f"{address}/replace", question)
        assert (refused.status_code, set(pointers(refused))) == (422, {"/replacement_id"})


def test_how_it_went_is_said_once_it_has_begun(client, offered, clock):
    address = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]}).headers["Location"]
    early = client.post(f"{address}/outcome", {"status": "completed"})
    assert (early.status_code, early.json["code"]) == (409, "not_begun")
    assert set(pointers(client.post(f"{address}/outcome", {"status": "hired"}))) == {"/status"}
    clock.forward(days=20)
    assert client.post(f"{address}/outcome", {"status": "no_show"}).json["status"] == "no_show"


def test_a_link_can_be_taken_back_and_sent_again(client, offered):
    first = offered()["candidates"][0]["invitation"]
    revoked = client.post(f"/v1/invitations/{first['id']}/revoke").json
    assert (revoked["url"], revoked["revoked_at"] is None) == (None, False)
    again = client.post(f"/v1/invitations/{first['id']}/resend").json
    assert again["url"] not in (None, first["url"])
    assert client.post("/v1/invitations/inv_0/revoke").status_code == 404


def test_mails_are_listed_stopped_and_sent(client, offered):
    run = offered()
    booked = client.post("/v1/bookings", {"option_id": options(run)[0]["id"]}).json
    about = client.get(f"/v1/messages?candidate_id={booked['candidate']['id']}").json["data"]
    assert {"invitation", "confirmation"} <= {message["kind"] for message in about}
    waiting = next(
        message
        for message in client.get(f"/v1/messages?booking_id={booked['id']}").json["data"]
        if message["kind"] == "reminder"
    )
    stopped = client.post(f"/v1/messages/{waiting['id']}/cancel").json
    assert stopped["status"] == "cancelled"
    assert client.post(f"/v1/messages/{waiting['id']}/send").json["status"] == "queued"
    assert client.post("/v1/messages/msg_0/cancel").status_code == 404


def test_nothing_of_others_can_be_touched(client, offered, stranger):
    run = offered()
    invitation = run["candidates"][0]["invitation"]["id"]
    booked = client.post("/v1/bookings", {"option_id": options(run)[0]["id"]}).json["id"]
    message = client.get("/v1/messages").json["data"][0]["id"]
    calls = (
        ("GET", f"/v1/runs/{run['id']}"),
        ("POST", f"/v1/runs/{run['id']}/approve"),
        ("POST", f"/v1/runs/{run['id']}/cancel"),
        ("GET", f"/v1/bookings/{booked}"),
        ("POST", f"/v1/bookings/{booked}/cancel"),
        ("POST", f"/v1/invitations/{invitation}/revoke"),
        ("POST", f"/v1/invitations/{invitation}/resend"),
        ("POST", f"/v1/messages/{message}/cancel"),
        ("POST", f"/v1/messages/{message}/send"),
    )
    assert {stranger(*call).status_code for call in calls} == {404}
    for path in ("/v1/runs", "/v1/bookings", "/v1/messages"):
        assert stranger.get(path).json == {"data": [], "next_cursor": None}


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
