# SPDX-License-Identifier: Apache-2.0
"""Runs, their options and explanations, and the question of when one session could be."""

from __future__ import annotations

from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import fields, validate

from scheduler.api.schemas.base import (
    Flag,
    Instant,
    Lines,
    Listing,
    Part,
    Schema,
    Text,
    View,
    Whole,
    Window,
    email,
    id_of,
    list_of,
    listed,
    one_of,
)
from scheduler.api.schemas.people import Candidate, CandidateFields, Contact
from scheduler.api.schemas.plans import PlanAsItWas, PlanFields
from scheduler.domain import moves

MOST_CANDIDATES = 1000
MODES = ("offer", "assign")


class References(fields.Dict):
    """Names and texts; what is wrong with an entry is said at its name."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return super()._deserialize(value, attr, data, **kwargs)
        except ma.ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            by_name = {name: below.get("value") or below["key"] for name, below in error.messages.items()}
            raise ma.ValidationError(by_name) from error


class RunCandidateFields(CandidateFields):
    """A candidate: either `id`, or their fields. A known `external_id` brings that candidate up to date."""

    id = id_of("cand")
    name = Text(200)
    email = email()
    external_refs = References(
        keys=fields.String(validate=validate.Length(1, 100)),
        values=fields.String(validate=validate.Length(max=1000)),
        validate=validate.Length(max=50),
        metadata={"description": "Your own references, echoed in bookings and events."},
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _id_or_fields(self, data: dict[str, Any], **_: Any) -> None:
        if "id" in data:
            extra = sorted(data.keys() - {"id", "external_refs"})
            if extra:
                raise ma.ValidationError({name: ["cannot be given together with id"] for name in extra})
        else:
            missing = [name for name in ("name", "email") if name not in data]
            if missing:
                raise ma.ValidationError({name: ["Missing data for required field."] for name in missing})


class AboutAPlan(Schema):
    """A stored plan by its id, or a plan that comes along."""

    plan_id = id_of("plan")
    plan = Part(PlanFields)

    @ma.validates_schema(skip_on_field_errors=True)
    def _one_plan(self, data: dict[str, Any], **_: Any) -> None:
        if ("plan_id" in data) == ("plan" in data):
            raise ma.ValidationError("give either plan_id or plan", "plan_id")


class RunRequest(AboutAPlan):
    """Find times for these candidates."""

    candidates = listed(Part(RunCandidateFields), 1, MOST_CANDIDATES, required=True)
    window = Part(Window, metadata={"description": "Default: from now to the plan's horizon."})
    mode = one_of(
        MODES,
        metadata={
            "description": "`offer` (default) gives each candidate several choices; `assign` gives everybody "
            "one time, best for all together. Who is left without goes to a person, with the reasons."
        },
    )
    options = Whole(1, 200, metadata={"description": "Choices for each candidate. Default 5; 1 to assign."})
    confirm = Flag(
        metadata={"description": "With `assign`: book at once. Otherwise candidates confirm for themselves."}
    )
    contact = Part(Contact)

    @ma.validates_schema(skip_on_field_errors=True)
    def _one_each_is_assigned(self, data: dict[str, Any], **_: Any) -> None:
        assigned = data.get("mode") == "assign"
        if data.get("confirm") and not assigned:
            raise ma.ValidationError(
                "is for mode assign: with offer, candidates choose for themselves", "confirm"
            )
        if assigned and data.get("options", 1) != 1:
            raise ma.ValidationError("is 1 with mode assign: everybody is given one time", "options")


class AvailabilityQuestion(AboutAPlan):
    """When could one session of a plan be?"""

    session_key = Text(64)
    window = Part(Window, required=True)
    candidate_id = id_of("cand")


class Panelist(View):
    """Somebody on the panel of a session. `optional` people are invited, and never block."""

    id = id_of("ivw")
    name = fields.String()
    role = fields.String()
    optional = Flag()

    def on_bind_field(self, field_name: str, field_obj: fields.Field) -> None:
        super().on_bind_field(field_name, field_obj)
        field_obj.required = field_name != "optional"


class RoomRef(View):
    """The room of a session."""

    id = id_of("room")
    name = fields.String()


class OptionSession(View):
    """One session with its time, people and room."""

    nullable: ClassVar = frozenset({"room"})
    key = fields.String()
    title = fields.String()
    start = Instant()
    end = Instant()
    interviewers = fields.List(fields.Nested(Panelist))
    room = fields.Nested(RoomRef)


class Reason(View):
    """One thing that speaks for or against an option."""

    code = fields.String()
    text = fields.String()
    value = fields.Raw()


class Option(View):
    """A complete proposal: every session with time, people and room."""

    id = id_of("opt")
    start = Instant()
    end = Instant()
    status = one_of(tuple(moves.OPTION))
    sessions = fields.List(fields.Nested(OptionSession))
    cost = fields.Integer(metadata={"description": "What speaks against it; 0 is perfect."})
    reasons = fields.List(fields.Nested(Reason))


class Blocker(Schema):
    """One thing that stands in the way."""

    code = fields.String(required=True)
    text = fields.String(required=True)
    interviewer_id = id_of("ivw")
    session_key = fields.String()


class PatchOperation(Schema):
    """One operation of a JSON Patch (RFC 6902)."""

    op = fields.String(required=True)
    path = fields.String(required=True)
    value = fields.Raw(allow_none=True)


class Relaxation(View):
    """A change to plan or window that opens options."""

    patch = fields.List(fields.Nested(PatchOperation))
    text = fields.String()
    options_gained = fields.Integer()


class Unreadable(Schema):
    """A calendar that could not be read, so that its owner was left out."""

    interviewer_id = fields.String(required=True)
    reason = fields.String(required=True)


class Explanation(View):
    """Why there are no options, or fewer than asked for."""

    summary = fields.String()
    blockers = fields.List(fields.Nested(Blocker))
    relaxations = fields.List(fields.Nested(Relaxation))
    unreadable = fields.List(fields.Nested(Unreadable))


class Invitation(View):
    """A candidate's link."""

    nullable: ClassVar = frozenset({"url", "revoked_at"})
    id = id_of("inv")
    url = fields.String(metadata={"format": "uri", "description": "null once it has been revoked."})
    expires_at = Instant()
    revoked_at = Instant()


class Question(View):
    """What the candidate wrote through their link."""

    at = Instant()
    text = fields.String()


class RunCandidate(View):
    """How a run went for one candidate."""

    nullable: ClassVar = frozenset({"explanation", "invitation", "booking_id"})
    candidate = fields.Nested(Candidate)
    external_refs = fields.Dict(keys=fields.String(), values=fields.String())
    status = one_of(tuple(moves.RUN_CANDIDATE))
    options = fields.List(fields.Nested(Option))
    explanation = fields.Nested(Explanation)
    questions = fields.List(
        fields.Nested(Question),
        metadata={
            "description": "What they asked through their link while the run named no contact, who would "
            "have it by mail: the latest twenty."
        },
    )
    invitation = fields.Nested(Invitation)
    booking_id = id_of("bkg")


class Run(View):
    """One request to schedule."""

    versioned: ClassVar = True
    nullable: ClassVar = frozenset({"contact", "error", "finished_at"})
    id = id_of("run")
    status = one_of(tuple(moves.RUN))
    plan = fields.Nested(PlanAsItWas)
    window = fields.Nested(Window)
    mode = one_of(MODES)
    confirm = Flag()
    contact = fields.Nested(Contact)
    candidates = fields.List(fields.Nested(RunCandidate))
    solver = fields.Dict(keys=fields.String(), metadata={"description": "What the solver did, and how long."})
    error = fields.String(metadata={"description": "Why a failed run failed."})
    created_at = Instant()
    finished_at = Instant()


RunList = list_of(Run)


class RunListing(Listing):
    """Which page of which runs."""

    status = one_of(tuple(moves.RUN))


class Approval(Schema):
    """Let the candidates have their options, less the dropped ones."""

    drop = listed(id_of("opt"), 0, 10_000, load_default=list)
    reason = Lines(2000, allow_none=True, load_default=None)


class Start(View):
    """A time at which the session could begin."""

    start = Instant()


class BlockedTime(View):
    """A stretch in which it cannot begin, and why."""

    start = Instant()
    end = Instant()
    code = fields.String()
    text = fields.String()


class Availability(View):
    """When the session could be, as the calendars were at `read_at`."""

    data = fields.List(fields.Nested(Start))
    blocked = fields.List(fields.Nested(BlockedTime))
    unreadable = fields.List(fields.Nested(Unreadable))
    read_at = Instant()
