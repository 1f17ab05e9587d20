# SPDX-License-Identifier: Apache-2.0
"""How many organisations a promise is broken for is counted for the whole service: its metrics show it."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BROKEN = """
create function broken_promises() returns table (promise text, organizations bigint)
language sql stable security definer set search_path = public, pg_temp as $$
    select b.promise, count(*) from breaches b where b.resolved_at is null group by b.promise
$$
"""


def upgrade() -> None:
    op.execute(BROKEN)
    op.execute("revoke all on function broken_promises() from public")
    op.execute("grant execute on function broken_promises() to convene_service")


def downgrade() -> None:
    op.execute("drop function broken_promises()")
