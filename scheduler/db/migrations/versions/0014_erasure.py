# SPDX-License-Identifier: Apache-2.0
"""Candidates whose data was erased, and the owner's means to take what people wrote about them out of the
facts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Facts never change, and the service's role may not change them: it may ask for exactly this, of somebody in
# its own organisation who is erased already.
FORGET = """
create function forget_words(candidate text) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
    update events e set about = jsonb_set(e.about, '{external_refs}', '{}')
    from candidates c
    where e.run_id in (select run_id from run_candidates where candidate_id = candidate)
      and e.about ->> 'candidate_id' = c.id and e.about ? 'external_refs'
      and c.id = candidate and c.erased_at is not null
      and e.organization_id = current_setting('convene.organization_id', true)
      and c.organization_id = e.organization_id;
    update events e set data = e.data - 'reason'
    from bookings b join candidates c on c.id = b.candidate_id
    where e.booking_id = b.id and e.type = 'booking.cancelled' and e.data ? 'reason'
      and c.id = candidate and c.erased_at is not null
      and e.organization_id = current_setting('convene.organization_id', true)
      and c.organization_id = e.organization_id
$$
"""


def upgrade() -> None:
    op.add_column("candidates", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("candidates", sa.Column("erasure", postgresql.JSONB(), nullable=True))
    op.execute(FORGET)
    op.execute("revoke all on function forget_words(text) from public")
    op.execute("grant execute on function forget_words(text) to convene_service")


def downgrade() -> None:
    op.execute("drop function forget_words(text)")
    op.drop_column("candidates", "erasure")
    op.drop_column("candidates", "erased_at")
