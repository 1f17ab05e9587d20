# SPDX-License-Identifier: Apache-2.0
"""Interviewers, rooms, candidates and the organisation."""

from __future__ import annotations

from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import fields, validate

from scheduler.api.schemas.base import (
    Flag,
    Instant,
    Part,
    Schema,
    Text,
    View,
    Whole,
    Window,
    email,
    external_id,
    id_of,
    is_dav_url,
    list_of,
    listed,
    locale,
    metadata,
    one_of,
    url,
    wall,
    zone,
)
from scheduler.domain.colour import hex_colour
from scheduler.domain.hours import WEEKDAYS
from scheduler.domain.people import LEVELS

#: busy time that an organisation may allow interviews over
OVERBOOKABLE = ("focus", "tentative")
PROVIDERS = ("ics", "google", "microsoft", "caldav")


def _check_mail(address: str) -> None:
    try:
        validate.Email()(address)
    except ma.ValidationError:
        # Other names, such as Google's "primary", mean whoever is asking.
        raise ma.ValidationError("must be a mail address", "address") from None


class CalendarAddress(Schema):
    """Where a calendar lives."""

    provider = one_of(PROVIDERS, required=True)
    address = Text(500, required=True)

    @ma.validates_schema
    def _address_fits_provider(self, data: dict[str, Any], **_: Any) -> None:
        address = data["address"]
        if any(character.isspace() or not character.isprintable() for character in address):
            raise ma.ValidationError("must not contain spaces", "address")
        # The ics provider has one file an address: it must stay in its folder.
        if data["provider"] == "ics" and (address.startswith(".") or set(address) & set("/\\:")):
            raise ma.ValidationError("must be a name without slashes, colons or a leading dot", "address")
        if data["provider"] in ("google", "microsoft"):
            _check_mail(address)
        if data["provider"] == "caldav" and not is_dav_url(address):
            raise ma.ValidationError("must be the https URL of a calendar", "address")


class Hours(Schema):
    """The same wall-clock hours on some weekdays; `00:00` as end is midnight at the end of the day."""

    days = fields.List(
        one_of(WEEKDAYS), required=True, validate=validate.Length(1, 7), metadata={"uniqueItems": True}
    )
    start = wall(required=True)
    end = wall(required=True)

    @ma.validates_schema
    def _makes_sense(self, data: dict[str, Any], **_: Any) -> None:
        if len(set(data["days"])) < len(data["days"]):
            raise ma.ValidationError("names a day twice", "days")
        if data["end"] != "00:00" and data["end"] <= data["start"]:
            raise ma.ValidationError("is not after start", "end")


class Qualification(Schema):
    """An interview somebody may hold, alone (`qualified`) or in training."""

    skill = Text(100, required=True)
    level = one_of(LEVELS, load_default="qualified")


class Limits(Schema):
    """The most interviews a day and an ISO week, on the interviewer's own calendar; null: no limit."""

    per_day = Whole(0, 100, allow_none=True, load_default=None)
    per_week = Whole(0, 500, allow_none=True, load_default=None)


class Buffer(Schema):
    """Minutes kept free around an interview."""

    before = Whole(0, 240, load_default=0)
    after = Whole(0, 240, load_default=0)


class InterviewerFields(Schema):
    """What can be said of an interviewer; null puts an optional field back to its default."""

    external_id = external_id(allow_none=True)
    name = Text(200, required=True)
    email = email(required=True)
    time_zone = zone(required=True)
    locale = locale(allow_none=True)
    active = Flag(allow_none=True, metadata={"description": "Takes part in new interviews. Default true."})
    calendar = Part(
        CalendarAddress,
        allow_none=True,
        metadata={"description": "Default: the mail address, at the ics provider."},
    )
    busy_calendars = listed(Part(CalendarAddress), 0, 20, allow_none=True)
    working_hours = listed(
        Part(Hours), 0, 50, allow_none=True, metadata={"description": "Default: Mon to Fri, 09:00–17:00."}
    )
    preferred_hours = listed(Part(Hours), 0, 50, allow_none=True)
    qualifications = listed(Part(Qualification), 0, 200, allow_none=True)
    limits = Part(Limits, allow_none=True)
    buffer = Part(Buffer, allow_none=True)
    metadata = metadata(allow_none=True)


class Interviewer(View, InterviewerFields):
    """Somebody who holds interviews."""

    versioned: ClassVar = True
    nullable: ClassVar = frozenset({"external_id", "locale"})
    id = id_of("ivw", dump_only=True)


InterviewerList = list_of(Interviewer)


class RoomFields(Schema):
    """What can be said of a room; null takes an optional field away."""

    external_id = external_id(allow_none=True)
    name = Text(200, required=True)
    capacity = Whole(1, 1000, required=True)
    time_zone = zone(required=True)
    calendar = Part(CalendarAddress, required=True)
    location = Text(500, allow_none=True)
    metadata = metadata(allow_none=True)


class Room(View, RoomFields):
    """A place that people can be put into, with a calendar of its own."""

    versioned: ClassVar = True
    nullable: ClassVar = frozenset({"external_id", "location"})
    id = id_of("room", dump_only=True)


RoomList = list_of(Room)


class CandidateFields(Schema):
    """What can be said of a candidate; null takes an optional field away."""

    external_id = external_id(allow_none=True)
    name = Text(200, required=True)
    email = email(required=True)
    phone = Text(50, allow_none=True)
    time_zone = zone(allow_none=True)
    locale = locale(allow_none=True)
    availability = listed(
        Part(Window), 0, 200, allow_none=True, metadata={"description": "When they said they can."}
    )
    metadata = metadata(allow_none=True)


class Candidate(View, CandidateFields):
    """The person an interview is for."""

    versioned: ClassVar = True
    nullable: ClassVar = frozenset({"external_id", "phone", "time_zone", "locale"})
    id = id_of("cand", dump_only=True)


CandidateList = list_of(Candidate)


class Contact(Schema):
    """The person a candidate can turn to."""

    name = Text(200, required=True)
    email = email(required=True)


class Branding(Schema):
    """How mails and the candidate's page look."""

    logo_url = url("https", allow_none=True, load_default=None)
    color = fields.String(allow_none=True, load_default=None, metadata={"example": "#2f5d50"})

    @ma.validates("color")
    def _is_a_colour(self, value: str | None, **_: Any) -> None:
        if value is not None:
            try:
                hex_colour(value)
            except ValueError as error:
                raise ma.ValidationError("must be a colour such as #2f5d50") from error

    @ma.post_load
    def _in_one_form(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return data | {"color": hex_colour(data["color"])} if data["color"] else data


class Organizers(Schema):
    """The calendars that interviews are organised from."""

    google = email(allow_none=True, load_default=None)
    microsoft = email(allow_none=True, load_default=None)


class Policies(Schema):
    """What to do when the world does not answer."""

    provider_down = one_of(("refuse", "book_pending"), load_default="refuse")


class CalendarReading(Schema):
    """How calendars are read."""

    #: how old what is known may be when a provider is not answering and offers are made
    max_age_minutes = Whole(0, 1440, load_default=120)
    #: what is busy in the vendors' batches, or event by event, which tells more and asks more; of rooms the
    #: batches always
    detail = one_of(("free_busy", "events"), load_default="free_busy")
    #: what in people's calendars may be overbooked, at a price; Google tells focus time event by event only
    overbook = listed(
        one_of(OVERBOOKABLE),
        0,
        len(OVERBOOKABLE),
        load_default=list,
        metadata={
            "uniqueItems": True,
            "description": "Kinds of busy time that an interview may lie over where nothing better is found.",
        },
    )


class OrganizationFields(Schema):
    """What can be said of an organisation; null puts an optional field back to its default."""

    name = Text(200, required=True)
    branding = Part(Branding, allow_none=True)
    organizers = Part(Organizers, allow_none=True)
    policies = Part(Policies, allow_none=True)
    calendars = Part(CalendarReading, allow_none=True)
    retention_days = Whole(1, 36_500, allow_none=True)


class Organization(View, OrganizationFields):
    """The tenant a key belongs to."""

    versioned: ClassVar = True
    nullable: ClassVar = frozenset({"retention_days"})
    id = id_of("org", dump_only=True)


class BusyQuery(Schema):
    """Between two instants."""

    start = Instant(required=True)
    end = Instant(required=True)


class BusyBlock(View):
    """Time that is taken in a calendar. Titles and people are never kept."""

    start = Instant()
    end = Instant()
    kind = fields.String()


class BusyBlocks(View):
    """One look at an interviewer's calendars."""

    data = fields.List(fields.Nested(BusyBlock))
    read_at = Instant()
