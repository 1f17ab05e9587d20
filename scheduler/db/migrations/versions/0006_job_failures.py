# SPDX-License-Identifier: Apache-2.0
"""Why jobs failed: Procrastinate keeps that they did, and nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_failures",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_job_failures_organization_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_failures")),
    )
    own = "current_setting('convene.organization_id', true)"
    op.execute("grant select, insert, update, delete on job_failures to convene_service")
    op.execute("alter table job_failures enable row level security")
    op.execute(f"create policy tenant on job_failures to convene_service using (organization_id = {own})")
    # Whose failed jobs there are is asked without reading all that went well.
    op.execute(
        "create index ix_procrastinate_jobs_unfinished on procrastinate_jobs ((args ->> 'organization_id'))"
        " where status in ('todo', 'doing', 'failed')"
    )


def downgrade() -> None:
    op.execute("drop index ix_procrastinate_jobs_unfinished")
    op.drop_table("job_failures")
