# SPDX-License-Identifier: Apache-2.0
"""Places that booked interviews have lost, until they are filled again or given back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LOOKUP = """
create function due_losses(moment timestamptz, most int) returns table (
    id text, organization_id text)
language sql stable security definer set search_path = public, pg_temp as $$
    select min(l.id), l.organization_id from losses l
    where l.attempt_at <= moment and l.handled_at is null and l.resolved_at is null
    group by l.organization_id order by min(l.attempt_at) limit most
$$
"""


def upgrade() -> None:
    op.create_table(
        "losses",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Text(), nullable=False),
        sa.Column("session_key", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_losses_organization_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_losses_booking_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_losses")),
    )
    op.create_index(op.f("ix_losses_booking_id"), "losses", ["booking_id"])
    op.create_index(
        "uq_losses_open",
        "losses",
        ["booking_id", "session_key", "who", "cause"],
        unique=True,
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_index(
        "ix_losses_waiting",
        "losses",
        ["attempt_at"],
        postgresql_where=sa.text("handled_at is null and resolved_at is null"),
    )
    _give_to_service("losses")
    op.execute(LOOKUP)
    op.execute("revoke all on function due_losses(timestamptz, int) from public")
    op.execute("grant execute on function due_losses(timestamptz, int) to convene_service")


def _give_to_service(table: str) -> None:
    own = "current_setting('convene.organization_id', true)"
    op.execute(f"grant select, insert, update, delete on {table} to convene_service")
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"create policy tenant on {table} to convene_service using (organization_id = {own})")


def downgrade() -> None:
    op.execute("drop function due_losses(timestamptz, int)")
    op.drop_table("losses")
