# SPDX-License-Identifier: Apache-2.0
"""What candidates ask where a run names no contact who would get it by mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    none = sa.text("'[]'::jsonb")
    op.add_column(
        "run_candidates",
        sa.Column("questions", postgresql.JSONB(), nullable=False, server_default=none),
    )


def downgrade() -> None:
    op.drop_column("run_candidates", "questions")
