# SPDX-License-Identifier: Apache-2.0
"""`/v1/jobs`"""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler.api.answers import listing, single
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.base import Nothing
from scheduler.api.schemas.jobs import Job, JobList, JobListing
from scheduler.services import jobs

blueprint = Blueprint("Jobs", "What is done after the answer: what waits, what runs, what failed for good.")


@blueprint.call("GET", "/v1/jobs", scope="admin", query=JobListing, answers={200: JobList})
def list_jobs(caller: Caller, query: dict[str, Any]) -> Response:
    """Jobs that are not over, in the order they were asked for."""
    return listing(jobs.find(caller.parts, caller.organization_id, **query))


@blueprint.call("POST", "/v1/jobs/<id:job_id>/retry", scope="admin", body=Nothing, answers={200: Job})
def retry_job(caller: Caller, _nothing: dict[str, Any], job_id: str) -> Response:
    """Have a job that failed for good tried once more."""
    return single(jobs.retry(caller.parts, caller.organization_id, job_id))
