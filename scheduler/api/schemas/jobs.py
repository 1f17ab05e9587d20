# SPDX-License-Identifier: Apache-2.0
"""Jobs that are not over."""

from __future__ import annotations

from typing import ClassVar

from marshmallow import fields

from scheduler.api.schemas.base import Instant, Listing, View, id_of, list_of, one_of


class Job(View):
    """Something that is done after the answer: it waits, runs, or has failed for good."""

    nullable: ClassVar = frozenset({"reason", "failed_at"})
    id = id_of("job")
    task = fields.String()
    status = one_of(("queued", "running", "failed"))
    about = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "What it is about, by id.", "example": {"message_id": "msg_…"}},
    )
    attempts = fields.Integer(metadata={"description": "How often it has failed so far."})
    reason = fields.String(
        metadata={
            "description": "What kind of error it failed with last, and where. The service's log knows more."
        }
    )
    created_at = Instant()
    failed_at = Instant()


JobList = list_of(Job)


class JobListing(Listing):
    """Which page of which jobs."""

    status = one_of(("queued", "running", "failed"))
