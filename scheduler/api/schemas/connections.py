# SPDX-License-Identifier: Apache-2.0
"""Connections of interviewers' calendars."""

from __future__ import annotations

from typing import ClassVar

from marshmallow import fields

from scheduler.api.schemas.base import Instant, Schema, Text, View, dav_url, one_of
from scheduler.api.schemas.people import PROVIDERS

STATES = ("connected", "organization", "not_connected", "broken", "not_needed")


class Connection(View):
    """Whether an interviewer's calendar can be used."""

    nullable: ClassVar = frozenset({"reason", "connected_at", "broken_at"})
    provider = fields.String()
    address = fields.String()
    status = one_of(STATES)
    reason = fields.String()
    what_to_do = fields.String()
    connected_at = Instant()
    broken_at = Instant()


class WhichCalendar(Schema):
    """One of the interviewer's calendars; the one that is written where nothing is said."""

    provider = one_of(PROVIDERS)
    address = Text(500)


class ConnectionLink(View):
    """Where the calendar's owner connects it."""

    url = fields.String(metadata={"format": "uri"})
    expires_at = Instant()


class CalDavAccount(Schema):
    """A CalDAV account. The password is best one made for this service alone."""

    url = dav_url(2000, required=True)
    username = Text(320, required=True)
    password = Text(1000, required=True)
