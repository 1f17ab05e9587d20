# SPDX-License-Identifier: Apache-2.0
"""Holds: what an option keeps free for its candidate, and what calendars show of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BOUNDED = "not isempty(during) and not lower_inf(during) and not upper_inf(during)"
ENDED_HOLDS = """
create function ended_holds(moment timestamptz, most int) returns table (
    id text, organization_id text)
language sql stable security definer set search_path = public, pg_temp as $$
    select distinct o.id, o.organization_id from holds h
    join options o on o.id = h.option_id
    where h.expires_at <= moment and o.status = 'held' limit most
$$
"""


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.BigInteger(), nullable=False),
        sa.Column("run_candidate_id", sa.Text(), nullable=False),
        sa.Column("option_id", sa.Text(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(BOUNDED, name=op.f("ck_holds_bounded")),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_holds_{column}"), ondelete="RESTRICT")
            for column, target in (
                ("organization_id", "organizations.id"),
                ("resource_id", "resources.id"),
                ("run_candidate_id", "run_candidates.id"),
                ("option_id", "options.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    for column in ("resource_id", "run_candidate_id", "option_id", "expires_at"):
        op.create_index(op.f(f"ix_holds_{column}"), "holds", [column])
    own = "current_setting('convene.organization_id', true)"
    op.execute("grant select, insert, update, delete on holds to convene_service")
    op.execute("grant usage, select on all sequences in schema public to convene_service")
    op.execute("alter table holds enable row level security")
    op.execute(f"create policy tenant on holds to convene_service using (organization_id = {own})")
    _let_entries_be_of_holds()
    op.execute(ENDED_HOLDS)
    op.execute("revoke all on function ended_holds(timestamptz, int) from public")
    op.execute("grant execute on function ended_holds(timestamptz, int) to convene_service")


def _let_entries_be_of_holds() -> None:
    op.alter_column("calendar_entries", "booking_id", nullable=True)
    op.add_column("calendar_entries", sa.Column("option_id", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_calendar_entries_option_id"),
        "calendar_entries",
        "options",
        ["option_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_index(op.f("ix_calendar_entries_option_id"), "calendar_entries", ["option_id"])
    op.create_unique_constraint(
        op.f("uq_calendar_entries_option_id_session_key_provider_calendar"),
        "calendar_entries",
        ["option_id", "session_key", "provider", "calendar"],
    )
    op.create_check_constraint(
        op.f("ck_calendar_entries_of_one"), "calendar_entries", "(booking_id is null) <> (option_id is null)"
    )


def downgrade() -> None:
    op.execute("drop function ended_holds(timestamptz, int)")
    # What calendars show of holds stays there, and is nobody's then.
    op.execute("delete from calendar_entries where booking_id is null")
    op.drop_constraint(op.f("ck_calendar_entries_of_one"), "calendar_entries")
    op.drop_constraint(
        op.f("uq_calendar_entries_option_id_session_key_provider_calendar"), "calendar_entries"
    )
    op.drop_column("calendar_entries", "option_id")
    op.alter_column("calendar_entries", "booking_id", nullable=False)
    op.execute("update options set status = 'offered' where status = 'held'")
    op.drop_table("holds")
