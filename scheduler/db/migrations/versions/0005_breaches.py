# SPDX-License-Identifier: Apache-2.0
"""Promises that were found broken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "breaches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("promise", sa.Text(), nullable=False),
        sa.Column("ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_breaches_organization_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_breaches")),
    )
    op.create_index(
        "uq_breaches_open",
        "breaches",
        ["organization_id", "promise"],
        unique=True,
        postgresql_where=sa.text("resolved_at is null"),
    )
    _give_to_service("breaches")


def _give_to_service(table: str) -> None:
    own = "current_setting('convene.organization_id', true)"
    op.execute(f"grant select, insert, update, delete on {table} to convene_service")
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"create policy tenant on {table} to convene_service using (organization_id = {own})")


def downgrade() -> None:
    op.drop_table("breaches")
