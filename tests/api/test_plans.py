# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from tests.api.answers import pointers
from tests.api.examples import interviewer, plan, session

SESSION = {
    "key": "talk",
    "title": "Talk",
    "minutes": 45,
    "seats": [
        {"role": "interviewer", "count": 1, "optional": False, "skill": "talking", "level": "qualified"}
    ],
    "after": [],
    "room": None,
    "conference": "auto",
    "conference_url": None,
    "location": None,
    "instructions": None,
    "buffer": None,
}
DEFAULTS = {
    "external_id": None,
    "order": "fixed",
    "gap": {"min": 0, "max": None},
    "max_days": 1,
    "grid": 15,
    "breaks": [],
    "candidate_hours": {"start": "08:00", "end": "20:00"},
    "notice_hours": 24,
    "horizon_days": 14,
    "distinct_interviewers": True,
    "reminders": [1440, 60],
    "approval": "none",
    "on_decline": "suggest",
    "holds": False,
    "reschedule": {"limit": 2, "cutoff_hours": 24},
    "offer_days": 7,
}
UNUSUAL = {
    "external_id": "eng",
    "order": "any",
    "gap": {"min": 5, "max": 30},
    "max_days": 2,
    "grid": 30,
    "breaks": [{"name": "Lunch", "minutes": 45, "between": ["11:30", "14:00"]}],
    "candidate_hours": {"start": "09:00", "end": "00:00"},
    "notice_hours": 48,
    "horizon_days": 21,
    "distinct_interviewers": False,
    "reminders": [120],
    "approval": "before_offer",
    "on_decline": "replace",
    "holds": True,
    "reschedule": {"limit": 0, "cutoff_hours": 48},
    "offer_days": 3,
}


def test_what_is_not_said_has_its_default(client):
    made = client.post("/v1/plans", plan()).json
    assert made == {"id": made["id"], "name": "Engineer", "sessions": [SESSION], **DEFAULTS}


def test_a_plan_is_kept_as_sent(client):
    whole = SESSION | {
        "room": {"capacity": 3},
        "conference": "teams",
        "conference_url": "https://meet.example.com/1",
        "location": "Oak",
        "instructions": "Bring nothing.\nBe on time.",
        "buffer": {"before": 5, "after": 10},
    }
    body = {"name": "Engineer", "sessions": [SESSION | {"key": "a"}, whole | {"after": ["a"]}], **UNUSUAL}
    made = client.post("/v1/plans", body)
    assert made.json == {"id": made.json["id"], **body}
    assert client.get(made.headers["Location"]).json == made.json


def of_many(count):
    return plan(sessions=[session(key=f"talk{number}") for number in range(count)])


def test_a_plan_has_one_to_eight_sessions(client):
    made = client.post("/v1/plans", of_many(8))
    assert made.status_code == 201
    for sessions in ([], of_many(9)["sessions"]):
        assert list(pointers(client.post("/v1/plans", plan(sessions=sessions)))) == ["/sessions"]
        assert list(pointers(client.patch(made.headers["Location"], {"sessions": sessions}))) == ["/sessions"]


def test_null_puts_a_field_back_to_its_default(client):
    made = client.post("/v1/plans", plan(**UNUSUAL))
    back = client.patch(made.headers["Location"], dict.fromkeys(UNUSUAL))
    assert back.json == made.json | DEFAULTS


def test_a_plan_may_name_people(client):
    ids = [client.post("/v1/interviewers", interviewer()).json["id"] for _ in range(2)]
    body = plan(sessions=[session(seats=[{"count": 2, "interviewers": ids}])])
    (seat,) = client.post("/v1/plans", body).json["sessions"][0]["seats"]
    assert seat == {"role": "interviewer", "count": 2, "optional": False, "interviewers": ids}


def test_a_plan_may_not_name_strangers(client, stranger):
    known = client.post("/v1/interviewers", interviewer()).json["id"]
    theirs = stranger.post("/v1/interviewers", interviewer()).json["id"]
    gone = client.post("/v1/interviewers", interviewer())
    client.delete(gone.headers["Location"])
    named = [known, theirs, gone.json["id"], "ivw_0"]
    body = plan(sessions=[session(), session(key="b", seats=[{"interviewers": named}])])
    at = "/sessions/1/seats/0/interviewers"
    assert pointers(client.post("/v1/plans", body)) == {
        f"{at}/{position}": "there is no such interviewer" for position in (1, 2, 3)
    }


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"sessions": []}, "/sessions"),
        ({"sessions": [session(minutes=4)]}, "/sessions/0/minutes"),
        ({"sessions": [session(minutes=721)]}, "/sessions/0/minutes"),
        ({"sessions": [session(key="two words")]}, "/sessions/0/key"),
        ({"sessions": [session(), session()]}, "/sessions/1/key"),
        ({"sessions": [session(seats=[])]}, "/sessions/0/seats"),
        ({"sessions": [session(seats=[{}])]}, "/sessions/0/seats/0"),
        ({"sessions": [session(seats=[{"skill": "a", "count": 0}])]}, "/sessions/0/seats/0/count"),
        ({"sessions": [session(seats=[{"interviewers": ["ada"]}])]}, "/sessions/0/seats/0/interviewers/0"),
        (
            {"sessions": [session(seats=[{"interviewers": ["ivw_1"], "count": 2}])]},
            "/sessions/0/seats/0/count",
        ),
        ({"sessions": [session(after=["other"])]}, "/sessions/0/after/0"),
        ({"sessions": [session(conference="phone")]}, "/sessions/0/conference"),
        ({"sessions": [session(conference_url="javascript:alert(1)")]}, "/sessions/0/conference_url"),
        ({"sessions": [session(room={"capacity": 0})]}, "/sessions/0/room/capacity"),
        ({"order": "random"}, "/order"),
        ({"gap": {"min": 30, "max": 5}}, "/gap/max"),
        ({"grid": 4}, "/grid"),
        ({"grid": 241}, "/grid"),
        ({"breaks": [{"name": "Lunch", "minutes": 45, "between": ["12:00", "12:30"]}]}, "/breaks/0/between"),
        ({"breaks": [{"name": "Lunch", "minutes": 45, "between": ["12:00"]}]}, "/breaks/0/between"),
        ({"candidate_hours": {"start": "20:00", "end": "08:00"}}, "/candidate_hours/end"),
        ({"reminders": [0]}, "/reminders/0"),
        ({"approval": "sometimes"}, "/approval"),
        ({"on_decline": "ask"}, "/on_decline"),
        ({"holds": 1}, "/holds"),
        ({"reschedule": {"limit": -1}}, "/reschedule/limit"),
        ({"offer_days": 0}, "/offer_days"),
    ],
)
def test_what_cannot_be_is_named(client, changes, pointer):
    assert set(pointers(client.post("/v1/plans", plan(**changes)))) == {pointer}


def test_sessions_in_a_circle_are_refused(client):
    body = plan(order="any", sessions=[session(after=["b"]), session(key="b", after=["talk"])])
    assert set(pointers(client.post("/v1/plans", body))) == {"/sessions"}


def test_a_change_must_fit_what_it_meets(client):
    made = client.post("/v1/plans", plan(sessions=[session(), session(key="b", after=["talk"])]))
    response = client.patch(made.headers["Location"], {"sessions": [session(key="b", after=["talk"])]})
    assert set(pointers(response)) == {"/sessions/0/after/0"}
    assert client.get(made.headers["Location"]).json == made.json


def test_a_plan_may_be_deleted(client):
    address = client.post("/v1/plans", plan(external_id="eng")).headers["Location"]
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert client.post("/v1/plans", plan(external_id="eng")).status_code == 201


def test_what_belongs_to_others_is_not_there(client, stranger):
    address = client.post("/v1/plans", plan()).headers["Location"]
    answers = (stranger.get(address), stranger.patch(address, {"name": "Mine"}), stranger.delete(address))
    assert [answer.status_code for answer in answers] == [404] * 3
