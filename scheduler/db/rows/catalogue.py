# SPDX-License-Identifier: Apache-2.0
"""The organisation, who and what takes part in its interviews, and how they go."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.db.rows.base import Base, Json, JsonList, key, tenant


class Organization(Base):
    __tablename__ = "organizations"

    id: Mapped[str] = key()
    name: Mapped[str]
    branding: Mapped[Json]
    organizers: Mapped[Json]
    policies: Mapped[Json]
    #: how they are read: max_age_minutes, detail
    calendars: Mapped[Json] = mapped_column(default=dict, server_default=sa.text("'{}'::jsonb"))
    retention_days: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]


class ApiKey(Base):
    """A key's SHA-256; the key itself is shown once and kept nowhere."""

    __tablename__ = "api_keys"

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    name: Mapped[str]
    hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text()))
    created_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]


class Resource(Base):
    """What can be occupied: a calendar of the organisation. The rows are the locks of a booking.

    Two interviewers or rooms with one calendar are one resource: the same hour cannot be given away twice.
    """

    __tablename__ = "resources"
    __table_args__ = (sa.UniqueConstraint("organization_id", "provider", "address"),)

    id: Mapped[int] = mapped_column(sa.BigInteger(), sa.Identity(always=True), primary_key=True)
    organization_id: Mapped[str] = tenant()
    provider: Mapped[str]
    address: Mapped[str]


class Interviewer(Base):
    __tablename__ = "interviewers"
    __table_args__ = (sa.UniqueConstraint("organization_id", "external_id"),)

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resources.id", ondelete="RESTRICT"), index=True)
    external_id: Mapped[str | None]
    name: Mapped[str]
    email: Mapped[str]
    time_zone: Mapped[str]
    locale: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    calendar: Mapped[Json]
    busy_calendars: Mapped[JsonList]
    working_hours: Mapped[JsonList]
    preferred_hours: Mapped[JsonList]
    qualifications: Mapped[JsonList]
    limits: Mapped[Json]
    buffer: Mapped[Json]
    metadata_: Mapped[Json] = mapped_column("metadata")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    #: hidden from every list and every panel, kept because bookings tell of it
    deleted_at: Mapped[dt.datetime | None]


class Room(Base):
    __tablename__ = "rooms"
    __table_args__ = (sa.UniqueConstraint("organization_id", "external_id"),)

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resources.id", ondelete="RESTRICT"), index=True)
    external_id: Mapped[str | None]
    name: Mapped[str]
    capacity: Mapped[int]
    time_zone: Mapped[str]
    calendar: Mapped[Json]
    location: Mapped[str | None]
    metadata_: Mapped[Json] = mapped_column("metadata")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    #: hidden from every list and every panel, kept because bookings tell of it
    deleted_at: Mapped[dt.datetime | None]


class Plan(Base):
    """`body` is the plan as the API speaks it; runs and bookings keep their own copy."""

    __tablename__ = "plans"
    __table_args__ = (sa.UniqueConstraint("organization_id", "external_id"),)

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    external_id: Mapped[str | None]
    name: Mapped[str]
    body: Mapped[Json]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]


class Candidate(Base):
    __tablename__ = "candidates"
    __table_args__ = (sa.UniqueConstraint("organization_id", "external_id"),)

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    external_id: Mapped[str | None]
    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str | None]
    time_zone: Mapped[str | None]
    locale: Mapped[str | None]
    availability: Mapped[JsonList]
    metadata_: Mapped[Json] = mapped_column("metadata")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    #: hidden from every list, kept because runs and bookings tell its story
    deleted_at: Mapped[dt.datetime | None]
    #: since when nothing personal is left here (erasing.py), and what was answered then
    erased_at: Mapped[dt.datetime | None]
    erasure: Mapped[Json | None]
