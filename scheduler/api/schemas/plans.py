# SPDX-License-Identifier: Apache-2.0
"""Plans: the template of a candidate's interviews."""

from __future__ import annotations

from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import fields, validate

from scheduler.api.schemas.base import (
    Flag,
    Lines,
    Part,
    Schema,
    Shaped,
    Text,
    View,
    Whole,
    external_id,
    id_of,
    list_of,
    listed,
    one_of,
    url,
    wall,
)
from scheduler.api.schemas.people import Buffer
from scheduler.domain.errors import FieldError, Invalid
from scheduler.domain.people import LEVELS
from scheduler.domain.plans import MOST_SESSIONS
from scheduler.domain.plans import Plan as DomainPlan

CONFERENCES = ("auto", "google_meet", "teams", "none")


class Seat(Schema):
    """Places on a panel: `count` people, out of everybody with the skill or out of the named ones."""

    role = Text(50, load_default="interviewer")
    count = Whole(1, 10, load_default=1)
    skill = Text(100, allow_none=True)
    level = one_of(LEVELS, load_default="qualified")
    interviewers = listed(id_of("ivw"), 0, 200)
    optional = Flag(load_default=False, metadata={"description": "Invited when free; never blocks."})


class RoomNeed(Schema):
    """A room is needed, for so many people."""

    capacity = Whole(1, 1000, required=True)


class Session(Schema):
    """One interview within a plan."""

    key = fields.String(
        required=True,
        validate=Shaped(r"^[A-Za-z0-9_-]{1,64}$", error="must be 1 to 64 letters, digits, - or _"),
    )
    title = Text(200, required=True)
    minutes = Whole(5, 720, required=True)
    seats = listed(Part(Seat), 1, 10, required=True)
    after = listed(Text(64), 0, 20)
    room = Part(RoomNeed, allow_none=True)
    conference = one_of(CONFERENCES)
    conference_url = url("http", "https", allow_none=True)
    location = Text(500, allow_none=True)
    instructions = Lines(5000, allow_none=True)
    buffer = Part(Buffer, allow_none=True, metadata={"description": "Replaces the interviewer's own."})


class Gap(Schema):
    """Minutes between one session and the next on the same day; max null: any."""

    min = Whole(0, 1440, load_default=0)
    max = Whole(0, 1440, allow_none=True, load_default=None)


class Break(Schema):
    """Free time owed within a window of the candidate's day."""

    name = Text(100, required=True)
    minutes = Whole(5, 240, required=True)
    between = fields.List(wall(), required=True, validate=validate.Length(equal=2))


class CandidateHours(Schema):
    """Wall time in the candidate's zone; `00:00` as end is midnight."""

    start = wall(required=True)
    end = wall(required=True)


class Reschedule(Schema):
    """How often a candidate may move, and until how many hours before."""

    limit = Whole(0, 20, load_default=2)
    cutoff_hours = Whole(0, 720, load_default=24)


class PlanFields(Schema):
    """What can be said of a plan; null puts an optional field back to its default."""

    external_id = external_id(allow_none=True)
    name = Text(200, required=True)
    sessions = listed(Part(Session), 1, MOST_SESSIONS, required=True)
    order = one_of(("fixed", "any"), allow_none=True)
    gap = Part(Gap, allow_none=True)
    max_days = Whole(1, 31, allow_none=True)
    grid = Whole(
        5, 240, allow_none=True, metadata={"description": "Sessions start on multiples of so many minutes."}
    )
    breaks = listed(Part(Break), 0, 5, allow_none=True)
    candidate_hours = Part(CandidateHours, allow_none=True)
    notice_hours = Whole(0, 2160, allow_none=True)
    horizon_days = Whole(1, 366, allow_none=True)
    distinct_interviewers = Flag(allow_none=True)
    reminders = listed(
        Whole(1, 43_200), 0, 10, allow_none=True, metadata={"description": "Minutes before the start."}
    )
    approval = one_of(("none", "before_offer"), allow_none=True)
    on_decline = one_of(
        ("replace", "suggest", "none"),
        allow_none=True,
        metadata={
            "description": "When somebody declines or is away, or a room is lost: somebody else comes at the "
            "same time, or a person is told who could, or told and no more."
        },
    )
    holds = Flag(allow_none=True)
    reschedule = Part(Reschedule, allow_none=True)
    offer_days = Whole(1, 366, allow_none=True)

    @ma.validates_schema(skip_on_field_errors=True)
    def _does_not_contradict_itself(self, data: dict[str, Any], partial: Any, **_: Any) -> None:
        if partial:
            return  # what a PATCH makes of the whole is for whoever has the whole
        try:
            DomainPlan.from_json(data)
        except Invalid as error:
            raise ma.ValidationError(_nested(error.errors)) from error


def _nested(errors: tuple[FieldError, ...]) -> dict[str, Any]:
    """The errors in marshmallow's form: a tree by name and index."""
    tree: dict[str, Any] = {}
    for error in errors:
        *way, last = error.pointer.split("/")[1:]
        branch = tree
        for step in way:
            branch = branch.setdefault(step, {})
        branch[last] = [error.detail]
    return tree


class Plan(View, PlanFields):
    """The template of a candidate's interviews."""

    versioned: ClassVar = True
    nullable: ClassVar = frozenset({"external_id"})
    id = id_of("plan", dump_only=True)


PlanList = list_of(Plan)


class PlanAsItWas(View, PlanFields):
    """A plan as a run or booking keeps it; `id` is null when it came with the run."""

    nullable: ClassVar = frozenset({"external_id", "id"})
    id = id_of("plan", dump_only=True)
