# SPDX-License-Identifier: Apache-2.0
"""A job that fails is seen with its reason, and can be tried once more; nothing personal stands there."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.errors import Conflict, NotFound
from scheduler.jobs.tasks import GIVEN_UP, MOST_ATTEMPTS
from scheduler.services import bookings, jobs, organizations, runs, upkeep


def last_try(town, task: str) -> None:
    """As if jobs of this task had failed until only one try is left."""
    with town.parts.database.lookup() as session:
        session.execute(
            sa.text(
                "update procrastinate_jobs set attempts = :tries, scheduled_at = null"
                " where task_name = :task and status = 'todo'"
            ),
            {"tries": MOST_ATTEMPTS, "task": task},
        )


def poisoned(town) -> dict:
    """A job that has failed for good, because of an error that nobody foresaw; as it is listed."""
    town.hire("Ada", skills=("python",))
    town.calendars.outage = RuntimeError("ada@acme.example: Dentist")
    town.book(town.offer())
    last_try(town, "write_entry")
    town.try_jobs()
    [job] = failed(town)
    return job


def forget_the_lease(town) -> None:
    """It is later by the database's clock, which no test moves: nobody is at the entry any more."""
    with town.parts.database.transaction(town.organization_id) as session:
        session.execute(sa.update(rows.CalendarEntry).values(lease_until=sa.func.clock_timestamp()))


def failed(town) -> list[dict]:
    return jobs.find(town.parts, town.organization_id, status="failed").data


def test_a_poisoned_job_ends_in_the_list_with_its_reason(town):
    job = poisoned(town)

    assert (job["task"], job["status"], job["attempts"]) == ("write_entry", "failed", MOST_ATTEMPTS + 1)
    assert job["about"]["entry_id"].startswith("cal_")
    assert job["reason"].startswith("RuntimeError in _apply, line ")
    assert job["reason"].endswith(" of scheduler.services.entries")
    assert "ada@" not in str(job)
    assert "Dentist" not in str(job)


def test_a_job_that_will_be_tried_again_is_listed_with_its_last_reason_too(town):
    town.hire("Ada", skills=("python",))
    town.calendars.outage = RuntimeError("once")
    town.book(town.offer())
    town.try_jobs()

    [job] = jobs.find(town.parts, town.organization_id, status="queued").data
    assert (job["task"], job["attempts"]) == ("write_entry", 1)
    assert job["reason"].startswith("RuntimeError in _apply")
    assert failed(town) == []


def test_once_mended_it_is_tried_again_and_is_over(town):
    job = poisoned(town)
    [booking] = bookings.find(town.parts, town.organization_id).data
    town.calendars.outage = None
    forget_the_lease(town)

    again = jobs.retry(town.parts, town.organization_id, job["id"])
    assert (again["status"], again["id"]) == ("queued", job["id"])
    assert jobs.retry(town.parts, town.organization_id, job["id"]) == again
    town.run_jobs()

    assert jobs.find(town.parts, town.organization_id).data == []
    assert town.calendars.find_event("ada@acme.example", f"{booking['id']}.talk@convene") is not None


def test_a_poisoned_job_that_is_tried_again_unmended_comes_back(town):
    job = poisoned(town)
    forget_the_lease(town)
    jobs.retry(town.parts, town.organization_id, job["id"])
    town.try_jobs()

    [back] = failed(town)
    assert (back["id"], back["attempts"]) == (job["id"], MOST_ATTEMPTS + 3)


def test_a_job_whose_like_is_waiting_is_not_put_beside_it(town):
    job = poisoned(town)
    with town.parts.database.transaction(town.organization_id) as session:
        town.parts.defer(session, "write_entry", organization_id=town.organization_id, **job["about"])

    with pytest.raises(Conflict) as refusal:
        jobs.retry(town.parts, town.organization_id, job["id"])
    assert refusal.value.reason == "already_queued"


def test_a_running_job_is_not_tried_again(town):
    job = poisoned(town)
    with town.parts.database.lookup() as session:
        session.execute(sa.text("update procrastinate_jobs set status = 'doing' where status = 'failed'"))

    with pytest.raises(Conflict):
        jobs.retry(town.parts, town.organization_id, job["id"])


def test_another_organisation_sees_and_retries_nothing(town):
    job = poisoned(town)
    other = organizations.create(town.parts, name="Other")

    assert jobs.find(town.parts, other).data == []
    for id_ in (job["id"], "job_999999"):
        with pytest.raises(NotFound):
            jobs.retry(town.parts, other, id_)


def test_at_the_command_line_all_are_seen_with_whose_they_are(town):
    job = poisoned(town)
    with town.parts.database.lookup() as session:
        town.parts.defer(session, "sweep")

    [clocks, ours] = jobs.everywhere(town.parts)
    assert ours == (town.organization_id, job)
    assert (clocks[0], clocks[1]["task"]) == (None, "sweep")
    assert jobs.retry_anywhere(town.parts, job["id"])["status"] == "queued"
    with pytest.raises(NotFound):
        jobs.retry_anywhere(town.parts, "job_999999")


def test_reasons_go_with_their_jobs(town):
    poisoned(town)
    with town.parts.database.lookup() as session:
        session.execute(sa.text("delete from procrastinate_jobs"))
    upkeep.tidy(town.parts)

    with town.parts.database.transaction(town.organization_id) as session:
        assert session.scalars(sa.text("select count(*) from job_failures")).one() == 0


def test_a_run_whose_search_fails_for_good_says_so(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(solve=False)
    with town.parts.database.transaction(town.organization_id) as session:
        # A stored plan that nobody can read any more.
        session.execute(sa.text("update runs set plan = '{}'"))
    last_try(town, "solve_run")
    town.try_jobs()

    found = runs.get(town.parts, town.organization_id, run["id"])
    assert (found["status"], found["error"]) == ("failed", GIVEN_UP)
    assert [job["task"] for job in failed(town)] == ["solve_run"]
