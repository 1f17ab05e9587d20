# SPDX-License-Identifier: Apache-2.0
"""`/v1/runs`"""

from __future__ import annotations

import re
import threading
from typing import Any

from flask import Response, request

from scheduler.api.answers import listing, single
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.base import Nothing
from scheduler.api.schemas.runs import Approval, Run, RunList, RunListing, RunRequest
from scheduler.services import runs

#: seconds, whatever `Prefer` asks for
LONGEST_WAIT = 30
#: requests that may wait in this process at once; the others would find no thread to answer them
WAITING = threading.BoundedSemaphore(3)
WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,9})\"?\s*(?=$|[,;])", re.IGNORECASE)
UNDER_WAY = ("queued", "solving")

blueprint = Blueprint("Runs", "Requests to schedule, and what the solver found.")


@blueprint.call(
    "POST",
    "/v1/runs",
    scope="schedule",
    body=RunRequest,
    answers={202: Run, 200: Run},
    parameters=("Prefer",),
)
def create_run(caller: Caller, data: dict[str, Any]) -> Response:
    """Find times for candidates.

    Solved by a worker. With `Prefer: wait=10` the answer is 200 when the run is done within so many seconds
    (30 at most), else 202 with the run as it is.
    """
    run = runs.request(caller.parts, caller.organization_id, data, actor=caller.actor)
    location = f"{request.path}/{run['id']}"
    seconds = _seconds_to_wait()
    if seconds and WAITING.acquire(blocking=False):
        try:
            run = runs.wait(caller.parts, caller.organization_id, run["id"], seconds=seconds)
        finally:
            WAITING.release()
        if run["status"] not in UNDER_WAY:
            return single(run, 200, Location=location, Preference_Applied=f"wait={seconds}")
    return single(run, 202, Location=location)


def _seconds_to_wait() -> int:
    """What `Prefer` asks for (RFC 7240, section 4.3)."""
    asked = WAIT.search(request.headers.get("Prefer", ""))
    return min(int(asked[1]), LONGEST_WAIT) if asked else 0


@blueprint.call("GET", "/v1/runs", scope="read", query=RunListing, answers={200: RunList})
def list_runs(caller: Caller, query: dict[str, Any]) -> Response:
    """All runs, in the order they were asked for."""
    return listing(runs.find(caller.parts, caller.organization_id, **query))


@blueprint.call("GET", "/v1/runs/<id:run_id>", scope="read", answers={200: Run})
def get_run(caller: Caller, run_id: str) -> Response:
    """One run, with the options of each candidate or why there are none."""
    return single(runs.get(caller.parts, caller.organization_id, run_id))


@blueprint.call("POST", "/v1/runs/<id:run_id>/approve", scope="schedule", body=Approval, answers={200: Run})
def approve_run(caller: Caller, decision: dict[str, Any], run_id: str) -> Response:
    """Let the candidates have their options, less the dropped ones."""
    view = runs.approve(caller.parts, caller.organization_id, run_id, **decision, actor=caller.actor)
    return single(view)


@blueprint.call("POST", "/v1/runs/<id:run_id>/cancel", scope="schedule", body=Nothing, answers={200: Run})
def cancel_run(caller: Caller, _nothing: dict[str, Any], run_id: str) -> Response:
    """Call off what is not booked: links close. Bookings stand until they are cancelled."""
    return single(runs.cancel(caller.parts, caller.organization_id, run_id, actor=caller.actor))
