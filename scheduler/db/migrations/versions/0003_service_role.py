# SPDX-License-Identifier: Apache-2.0
"""The service's role, row-level security, and the owner's look-ups.

The service acts as a role that owns nothing: PostgreSQL shows it the rows of the transaction's organisation
and no others, whatever a query forgot. What must be found before the organisation is known (a key, a link,
what is due) goes through functions of the owner that return ids and nothing else.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TENANT_TABLES = (
    "api_keys",
    "resources",
    "interviewers",
    "rooms",
    "plans",
    "candidates",
    "runs",
    "run_candidates",
    "options",
    "invitations",
    "bookings",
    "reservations",
    "calendar_entries",
    "messages",
    "events",
    "idempotency_keys",
)

ROLE = """
do $$ begin
    create role convene_service nologin noinherit;
exception when duplicate_object or unique_violation then null;  -- another database of this server made it
end $$
"""

LOOKUPS = (
    (
        "find_key(bytea)",
        """
        create function find_key(wanted bytea) returns table (
            id text, organization_id text, scopes text[])
        language sql stable security definer set search_path = public, pg_temp as $$
            select k.id, k.organization_id, k.scopes from api_keys k
            where k.hash = wanted and k.revoked_at is null
        $$
        """,
    ),
    (
        "find_invitation(bytea)",
        """
        create function find_invitation(wanted bytea) returns table (
            id text, organization_id text)
        language sql stable security definer set search_path = public, pg_temp as $$
            select i.id, i.organization_id from invitations i where i.token_hash = wanted
        $$
        """,
    ),
    (
        "due_messages(timestamptz, int)",
        """
        create function due_messages(moment timestamptz, most int) returns table (
            id text, organization_id text)
        language sql stable security definer set search_path = public, pg_temp as $$
            select m.id, m.organization_id from messages m
            where m.attempt_at <= moment
              and (m.status = 'queued' or (m.status = 'sending' and m.lease_until < clock_timestamp()))
            order by m.attempt_at limit most
        $$
        """,
    ),
    (
        "owed_entries(timestamptz, int)",
        """
        create function owed_entries(moment timestamptz, most int) returns table (
            id text, organization_id text)
        language sql stable security definer set search_path = public, pg_temp as $$
            select e.id, e.organization_id from calendar_entries e
            where e.status in ('pending', 'refused') and e.attempt_at <= moment
            order by e.attempt_at limit most
        $$
        """,
    ),
    (
        "ended_invitations(timestamptz, int)",
        """
        create function ended_invitations(moment timestamptz, most int) returns table (
            id text, organization_id text)
        language sql stable security definer set search_path = public, pg_temp as $$
            select i.id, i.organization_id from invitations i
            join run_candidates r on r.id = i.run_candidate_id
            where i.expires_at <= moment and r.status = 'offered' order by i.expires_at limit most
        $$
        """,
    ),
    (
        "ended_bookings(timestamptz, int)",
        """
        create function ended_bookings(moment timestamptz, most int) returns table (
            id text, organization_id text)
        language sql stable security definer set search_path = public, pg_temp as $$
            select b.id, b.organization_id from bookings b
            where b.status in ('confirmed', 'needs_attention') and b."end" <= moment
            order by b."end" limit most
        $$
        """,
    ),
    (
        "every_organization()",
        """
        create function every_organization() returns table (id text)
        language sql stable security definer set search_path = public, pg_temp as $$
            select o.id from organizations o order by o.created_at
        $$
        """,
    ),
)


def upgrade() -> None:
    op.execute(ROLE)
    # Lets the owner, when it is no superuser, act as the service; a superuser needs no grant.
    op.execute("grant convene_service to current_user")
    op.execute("grant usage on schema public to convene_service")
    op.execute("grant select, insert, update, delete on all tables in schema public to convene_service")
    op.execute("grant usage, select on all sequences in schema public to convene_service")
    op.execute("revoke all on table alembic_version from convene_service")
    op.execute("grant select on table alembic_version to convene_service")
    op.execute("revoke delete on table organizations, events from convene_service")
    op.execute("revoke update on table events from convene_service")
    own = "current_setting('convene.organization_id', true)"
    for table in TENANT_TABLES:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"create policy tenant on {table} to convene_service using (organization_id = {own})")
    op.execute("alter table organizations enable row level security")
    op.execute(f"create policy tenant on organizations to convene_service using (id = {own})")
    for signature, definition in LOOKUPS:
        op.execute(definition)
        op.execute(f"revoke all on function {signature} from public")
        op.execute(f"grant execute on function {signature} to convene_service")


def downgrade() -> None:
    for signature, _ in LOOKUPS:
        op.execute(f"drop function {signature}")
    for table in (*TENANT_TABLES, "organizations"):
        op.execute(f"drop policy tenant on {table}")
        op.execute(f"alter table {table} disable row level security")
    op.execute("revoke all on all tables in schema public from convene_service")
    op.execute("revoke all on all sequences in schema public from convene_service")
    op.execute("revoke usage on schema public from convene_service")
