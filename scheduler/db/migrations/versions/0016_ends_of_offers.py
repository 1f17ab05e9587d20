# SPDX-License-Identifier: Apache-2.0
"""An offer ends when the last of its times is too near to be chosen, if that is sooner than its day."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# `max` of nothing is null: where others have taken every time, fresh ones are looked for.
ENDED = """
create or replace function ended_invitations(moment timestamptz, most int) returns table (
    id text, organization_id text)
language sql stable security definer set search_path = public, pg_temp as $$
    select i.id, i.organization_id from invitations i
    join run_candidates r on r.id = i.run_candidate_id
    join runs u on u.id = r.run_id
    where r.status = 'offered' and (i.expires_at <= moment or (
        select max(o.start) from options o
        where o.run_candidate_id = r.id and o.status in ('offered', 'held')
    ) < moment + (u.plan ->> 'notice_hours')::float8 * interval '1 hour')
    order by i.expires_at limit most
$$
"""
BEFORE = """
create or replace function ended_invitations(moment timestamptz, most int) returns table (
    id text, organization_id text)
language sql stable security definer set search_path = public, pg_temp as $$
    select i.id, i.organization_id from invitations i
    join run_candidates r on r.id = i.run_candidate_id
    where i.expires_at <= moment and r.status = 'offered' order by i.expires_at limit most
$$
"""


def upgrade() -> None:
    op.execute(ENDED)


def downgrade() -> None:
    op.execute(BEFORE)
