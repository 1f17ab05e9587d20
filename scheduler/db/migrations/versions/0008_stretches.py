# SPDX-License-Identifier: Apache-2.0
"""What is known of a calendar is kept in stretches, each with its age, and says when it is read again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was known is read again within minutes.
    for column in ("blocks", "known_from", "known_until", "read_at"):
        op.drop_column("calendar_states", column)
    stretches = sa.Column(
        "stretches", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]"
    )
    op.add_column("calendar_states", stretches)
    op.alter_column("calendar_states", "stretches", server_default=None)
    op.add_column("calendar_states", sa.Column("refresh_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for column in ("refresh_at", "stretches"):
        op.drop_column("calendar_states", column)
    blocks = sa.Column("blocks", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]")
    op.add_column("calendar_states", blocks)
    op.alter_column("calendar_states", "blocks", server_default=None)
    for column in ("known_from", "known_until", "read_at"):
        op.add_column("calendar_states", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
