# SPDX-License-Identifier: Apache-2.0
"""What is kept about a candidate, and that it is no more."""

from __future__ import annotations

from typing import ClassVar

from marshmallow import fields

from scheduler.api.schemas.base import Flag, Instant, Schema, View, Window, id_of, one_of
from scheduler.api.schemas.bookings import Booking, Message
from scheduler.api.schemas.people import Candidate
from scheduler.api.schemas.plans import PlanAsItWas
from scheduler.api.schemas.runs import Explanation, Option, Question
from scheduler.api.schemas.webhooks import Happening
from scheduler.domain import moves


class ErasureRequest(Schema):
    """Whose data is to be erased."""

    candidate_id = id_of("cand", required=True)
    cancel_bookings = Flag(
        load_default=False,
        metadata={
            "description": "Whether bookings that have not begun are cancelled. Otherwise they stand and "
            "need attention: a person decides."
        },
    )


class Erasure(View):
    """What was done, and what is out of our reach."""

    candidate_id = id_of("cand")
    erased_at = Instant()
    bookings_cancelled = fields.List(id_of("bkg"))
    bookings_kept = fields.List(id_of("bkg"))
    out_of_reach = fields.List(
        fields.String(), metadata={"description": "Sentences: where else their data may be."}
    )


class ExportQuestion(Schema):
    """Whose data is asked for."""

    candidate_id = id_of("cand", required=True)


class ExportedRun(View):
    """A run as far as it is about this candidate."""

    nullable: ClassVar = frozenset({"explanation"})
    id = id_of("run")
    plan = fields.Nested(PlanAsItWas)
    window = fields.Nested(Window)
    external_refs = fields.Dict(keys=fields.String(), values=fields.String())
    status = one_of(tuple(moves.RUN_CANDIDATE), metadata={"description": "How it went for them."})
    options = fields.List(fields.Nested(Option))
    explanation = fields.Nested(Explanation)
    questions = fields.List(fields.Nested(Question))
    created_at = Instant()


class ExportedInvitation(View):
    """A link that was given to them, without the link itself."""

    nullable: ClassVar = frozenset({"revoked_at"})
    id = id_of("inv")
    created_at = Instant()
    expires_at = Instant()
    revoked_at = Instant()


class ExportedMessage(Message):
    """A mail to them or about them, with what it was owed for."""

    details = fields.Dict(keys=fields.String())


class Export(View):
    """Everything that is kept about a candidate."""

    nullable: ClassVar = frozenset({"deleted_at", "erased_at"})
    candidate = fields.Nested(Candidate)
    created_at = Instant()
    deleted_at = Instant()
    erased_at = Instant()
    runs = fields.List(fields.Nested(ExportedRun))
    invitations = fields.List(fields.Nested(ExportedInvitation))
    bookings = fields.List(fields.Nested(Booking))
    messages = fields.List(fields.Nested(ExportedMessage))
    events = fields.List(fields.Nested(Happening))
