# SPDX-License-Identifier: Apache-2.0
"""Whoever writes a calendar entry has it for a while by the database's clock: those of workers may differ."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OWED = """
create or replace function owed_entries(moment timestamptz, most int) returns table (
    id text, organization_id text)
language sql stable security definer set search_path = public, pg_temp as $$
    select e.id, e.organization_id from calendar_entries e
    where e.status in ('pending', 'refused') and e.attempt_at <= moment {and_free}
    order by e.attempt_at limit most
$$
"""
FREE = "and (e.lease_until is null or e.lease_until < clock_timestamp())"


def upgrade() -> None:
    op.add_column("calendar_entries", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
    op.execute(OWED.format(and_free=FREE))


def downgrade() -> None:
    op.execute(OWED.format(and_free=""))
    op.drop_column("calendar_entries", "lease_until")
