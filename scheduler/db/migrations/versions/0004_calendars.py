# SPDX-License-Identifier: Apache-2.0
"""What is known of calendars, and who lets us in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TENANT_TABLES = ("calendar_states", "connect_attempts", "connections", "discrepancies")

LOOKUPS = (
    (
        "due_syncs(timestamptz, int)",
        """
        create function due_syncs(moment timestamptz, most int) returns table (
            id text, organization_id text)
        language sql stable security definer set search_path = public, pg_temp as $$
            select c.id, c.organization_id from calendar_states c
            where c.sync_at <= moment order by c.sync_at limit most
        $$
        """,
    ),
    (
        "due_watches(timestamptz, int)",
        """
        create function due_watches(moment timestamptz, most int) returns table (
            id text, organization_id text)
        language sql stable security definer set search_path = public, pg_temp as $$
            select c.id, c.organization_id from calendar_states c
            where c.watch_at <= moment order by c.watch_at limit most
        $$
        """,
    ),
    (
        "due_verifications(timestamptz, int)",
        """
        create function due_verifications(moment timestamptz, most int) returns table (
            id text, organization_id text)
        language sql stable security definer set search_path = public, pg_temp as $$
            select e.id, e.organization_id from calendar_entries e
            where e.verify_at <= moment and e.status in ('written', 'removed', 'missing')
            order by e.verify_at limit most
        $$
        """,
    ),
    (
        "find_channel(text, text)",
        """
        create function find_channel(of_provider text, channel text) returns table (
            id text, organization_id text, channel_token_hash bytea, channel_resource text)
        language sql stable security definer set search_path = public, pg_temp as $$
            select c.id, c.organization_id, c.channel_token_hash, c.channel_resource from calendar_states c
            where c.provider = of_provider and c.channel_id = channel
        $$
        """,
    ),
    (
        "find_connect_attempt(bytea)",
        """
        create function find_connect_attempt(wanted bytea) returns table (
            id text, organization_id text)
        language sql stable security definer set search_path = public, pg_temp as $$
            select a.id, a.organization_id from connect_attempts a where a.state_hash = wanted
        $$
        """,
    ),
)


def upgrade() -> None:
    op.create_table(
        "calendar_states",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("blocks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("known_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unreadable_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unreadable_code", sa.Text(), nullable=True),
        sa.Column("unreadable_reason", sa.Text(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sync_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=True),
        sa.Column("channel_resource", sa.Text(), nullable=True),
        sa.Column("channel_token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("channel_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("watch_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_calendar_states_organization_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_states")),
        sa.UniqueConstraint(
            "organization_id",
            "provider",
            "address",
            name=op.f("uq_calendar_states_organization_id_provider_address"),
        ),
        sa.UniqueConstraint("provider", "channel_id", name=op.f("uq_calendar_states_provider_channel_id")),
    )
    op.create_index("ix_calendar_states_sync_at", "calendar_states", ["sync_at"], unique=False)
    op.create_table(
        "connect_attempts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("interviewer_id", sa.Text(), nullable=False),
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["interviewer_id"],
            ["interviewers.id"],
            name=op.f("fk_connect_attempts_interviewer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_connect_attempts_organization_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_attempts")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_connect_attempts_state_hash")),
    )
    op.create_index(
        op.f("ix_connect_attempts_interviewer_id"), "connect_attempts", ["interviewer_id"], unique=False
    )
    op.create_table(
        "connections",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("interviewer_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("broken_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["interviewer_id"],
            ["interviewers.id"],
            name=op.f("fk_connections_interviewer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_connections_organization_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        sa.UniqueConstraint(
            "organization_id",
            "provider",
            "address",
            name=op.f("uq_connections_organization_id_provider_address"),
        ),
    )
    op.create_index(op.f("ix_connections_interviewer_id"), "connections", ["interviewer_id"], unique=False)
    op.create_table(
        "discrepancies",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_discrepancies_booking_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["calendar_entries.id"], name=op.f("fk_discrepancies_entry_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_discrepancies_organization_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discrepancies")),
    )
    op.create_index(op.f("ix_discrepancies_booking_id"), "discrepancies", ["booking_id"], unique=False)
    op.create_index(
        "uq_discrepancies_open",
        "discrepancies",
        ["entry_id", "kind", "who"],
        unique=True,
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.add_column(
        "organizations",
        sa.Column(
            "calendars",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    op.add_column("calendar_entries", sa.Column("written_version", sa.Integer(), nullable=True))
    op.add_column(
        "calendar_entries",
        sa.Column(
            "attendees",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
    )
    op.add_column(
        "calendar_entries", sa.Column("conference", sa.Text(), server_default="none", nullable=False)
    )
    op.add_column(
        "calendar_entries", sa.Column("conference_state", sa.Text(), server_default="none", nullable=False)
    )
    op.add_column("calendar_entries", sa.Column("conference_url", sa.Text(), nullable=True))
    op.add_column("calendar_entries", sa.Column("verify_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_calendar_entries_verify_at",
        "calendar_entries",
        ["verify_at"],
        postgresql_where=sa.text("verify_at is not null"),
    )
    op.create_index(
        "ix_calendar_states_watch_at",
        "calendar_states",
        ["watch_at"],
        postgresql_where=sa.text("watch_at is not null"),
    )
    _give_to_service()


def _give_to_service() -> None:
    own = "current_setting('convene.organization_id', true)"
    for table in TENANT_TABLES:
        op.execute(f"grant select, insert, update, delete on {table} to convene_service")
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"create policy tenant on {table} to convene_service using (organization_id = {own})")
    for signature, definition in LOOKUPS:
        op.execute(definition)
        op.execute(f"revoke all on function {signature} from public")
        op.execute(f"grant execute on function {signature} to convene_service")


def downgrade() -> None:
    for signature, _ in LOOKUPS:
        op.execute(f"drop function {signature}")
    op.drop_index("ix_calendar_entries_verify_at", table_name="calendar_entries")
    op.drop_index("ix_calendar_states_watch_at", table_name="calendar_states")
    op.drop_column("calendar_entries", "verify_at")
    op.drop_column("calendar_entries", "conference_url")
    op.drop_column("calendar_entries", "conference_state")
    op.drop_column("calendar_entries", "conference")
    op.drop_column("calendar_entries", "attendees")
    op.drop_column("calendar_entries", "written_version")
    op.drop_column("organizations", "calendars")
    op.drop_index(
        "uq_discrepancies_open", table_name="discrepancies", postgresql_where=sa.text("resolved_at is null")
    )
    op.drop_index(op.f("ix_discrepancies_booking_id"), table_name="discrepancies")
    op.drop_table("discrepancies")
    op.drop_index(op.f("ix_connections_interviewer_id"), table_name="connections")
    op.drop_table("connections")
    op.drop_index(op.f("ix_connect_attempts_interviewer_id"), table_name="connect_attempts")
    op.drop_table("connect_attempts")
    op.drop_index("ix_calendar_states_sync_at", table_name="calendar_states")
    op.drop_table("calendar_states")
