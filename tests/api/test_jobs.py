# SPDX-License-Identifier: Apache-2.0
"""`/v1/jobs`: what failed for good, with its reason, to be tried once more."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from scheduler.services import jobs as verbs


@pytest.fixture
def job(parts, organization_id):
    """Puts a job of the organisation into Procrastinate's table; its number."""

    def put(status: str = "failed", task: str = "send_message") -> int:
        with parts.database.lookup() as session:
            number = session.scalars(
                sa.text(
                    "insert into procrastinate_jobs (queue_name, task_name, args, attempts)"
                    " values ('quick', :task,"
                    " jsonb_build_object('organization_id', cast(:whose as text), 'message_id', 'msg_1'), 9)"
                    " returning id"
                ),
                {"task": task, "whose": organization_id},
            ).one()
            session.execute(
                sa.text(
                    "update procrastinate_jobs set status = cast(:status as procrastinate_job_status)"
                    " where id = :number"
                ),
                {"number": number, "status": status},
            )
        return number

    return put


def test_what_failed_for_good_is_listed_with_its_reason(client, job, parts, organization_id):
    number = job()
    job("todo")
    job("succeeded")
    verbs.keep_reason(parts, organization_id, number, "KeyError in send, line 7 of scheduler.messages.mailer")

    page = client.get("/v1/jobs?status=failed").json
    assert [(found["id"], found["reason"]) for found in page["data"]] == [
        (f"job_{number}", "KeyError in send, line 7 of scheduler.messages.mailer")
    ]
    assert page["data"][0]["about"] == {"message_id": "msg_1"}
    assert page["next_cursor"] is None


def test_without_a_status_everything_that_is_not_over_is_listed(client, job):
    for status in ("failed", "todo", "doing", "succeeded", "cancelled"):
        job(status)

    found = client.get("/v1/jobs").json["data"]
    assert [item["status"] for item in found] == ["failed", "queued", "running"]
    assert client.get("/v1/jobs?status=succeeded").status_code == 422


def test_jobs_come_in_pages(client, job):
    numbers = [job() for _ in range(5)]
    first = client.get("/v1/jobs?limit=3").json
    second = client.get(f"/v1/jobs?limit=3&cursor={first['next_cursor']}").json

    listed = [item["id"] for item in first["data"] + second["data"]]
    assert listed == [f"job_{number}" for number in numbers]
    assert second["next_cursor"] is None


def test_a_failed_job_waits_again_when_somebody_says_so(client, job):
    number = job()
    answer = client.post(f"/v1/jobs/job_{number}/retry")

    assert (answer.status_code, answer.json["status"]) == (200, "queued")
    assert client.get("/v1/jobs?status=failed").json["data"] == []


def test_a_running_job_is_a_conflict(client, job):
    assert client.post(f"/v1/jobs/job_{job('doing')}/retry").status_code == 409


def test_jobs_of_others_and_made_up_ones_are_not_there(client, stranger, job):
    number = job()
    assert stranger.get("/v1/jobs").json["data"] == []
    assert stranger.post(f"/v1/jobs/job_{number}/retry").status_code == 404
    for made_up in ("job_0", "job_x", "job_99999999999999999999"):
        assert client.post(f"/v1/jobs/{made_up}/retry").status_code == 404
    assert client.get("/v1/jobs?status=failed").json["data"] != []
