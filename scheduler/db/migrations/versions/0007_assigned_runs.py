# SPDX-License-Identifier: Apache-2.0
"""Runs that assign: what was asked and answered for all candidates together, and whether to book at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("confirm", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("runs", "confirm", server_default=None)
    op.add_column("runs", sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("runs", sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    for column in ("outcome", "problem", "confirm"):
        op.drop_column("runs", column)
