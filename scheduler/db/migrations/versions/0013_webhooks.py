# SPDX-License-Identifier: Apache-2.0
"""Events as a feed without gaps, and the web hooks they are posted to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

LOOKUPS = {
    "unpublished_events": """
        create function unpublished_events(moment timestamptz, most int) returns table (
            id text, organization_id text)
        language sql stable security definer set search_path = public, pg_temp as $$
            select min(e.id), e.organization_id from events e
            where e.feed_position is null and e.at <= moment
            group by e.organization_id limit most
        $$
    """,
    "due_webhooks": """
        create function due_webhooks(moment timestamptz, most int) returns table (
            id text, organization_id text)
        language sql stable security definer set search_path = public, pg_temp as $$
            select w.id, w.organization_id from webhooks w
            where w.status = 'active' and (w.rest_until is null or w.rest_until <= moment)
              and (w.lease_until is null or w.lease_until < clock_timestamp())
              and (exists (select from deliveries d where d.webhook_id = w.id and d.status = 'queued'
                           and d.attempt_at is null)
                or exists (select from deliveries d where d.webhook_id = w.id and d.status = 'queued'
                           and d.attempt_at <= moment))
            order by w.rest_until nulls first limit most
        $$
    """,
}
#: what happened before there was a feed is the beginning of it
NUMBER_THE_PAST = """
    update events e set feed_position = n.number from (
        select id, row_number() over (partition by organization_id order by position) as number from events
    ) n where n.id = e.id
"""


def upgrade() -> None:
    op.add_column(
        "events",
        sa.Column("about", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
    )
    op.alter_column("events", "about", server_default=None)
    op.add_column("events", sa.Column("feed_position", sa.BigInteger(), nullable=True))
    op.execute(NUMBER_THE_PAST)
    op.create_unique_constraint(
        op.f("uq_events_organization_id_feed_position"), "events", ["organization_id", "feed_position"]
    )
    op.create_index(
        "ix_events_unpublished",
        "events",
        ["organization_id", "position"],
        postgresql_where=sa.text("feed_position is null"),
    )
    # An event stays as it is; only its place in the feed is given to it later.
    op.execute("grant update (feed_position) on events to convene_service")
    _create_webhooks()
    _create_deliveries()
    for name, definition in LOOKUPS.items():
        op.execute(definition)
        op.execute(f"revoke all on function {name}(timestamptz, int) from public")
        op.execute(f"grant execute on function {name}(timestamptz, int) to convene_service")


def _create_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("contact", postgresql.JSONB(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("absences", sa.Integer(), nullable=False),
        sa.Column("rest_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_webhooks_organization_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    _give_to_service("webhooks")


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("feed_position", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("response_status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_deliveries_{column}"), ondelete=then)
            for column, target, then in (
                ("organization_id", "organizations.id", "RESTRICT"),
                ("webhook_id", "webhooks.id", "CASCADE"),
                ("event_id", "events.id", "RESTRICT"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("webhook_id", "event_id", name=op.f("uq_deliveries_webhook_id_event_id")),
    )
    op.create_index(op.f("ix_deliveries_event_id"), "deliveries", ["event_id"])
    op.create_index(op.f("ix_deliveries_created_at"), "deliveries", ["created_at"])
    for name, column in (("ix_deliveries_queued", "feed_position"), ("ix_deliveries_due", "attempt_at")):
        op.create_index(
            name, "deliveries", ["webhook_id", column], postgresql_where=sa.text("status = 'queued'")
        )
    op.create_index("ix_deliveries_listed", "deliveries", ["webhook_id", "created_at", "id"])
    _give_to_service("deliveries")


def _give_to_service(table: str) -> None:
    own = "current_setting('convene.organization_id', true)"
    op.execute(f"grant select, insert, update, delete on {table} to convene_service")
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"create policy tenant on {table} to convene_service using (organization_id = {own})")


def downgrade() -> None:
    for name in LOOKUPS:
        op.execute(f"drop function {name}(timestamptz, int)")
    op.drop_table("deliveries")
    op.drop_table("webhooks")
    op.execute("revoke update (feed_position) on events from convene_service")
    op.drop_index("ix_events_unpublished", "events")
    op.drop_column("events", "feed_position")
    op.drop_column("events", "about")
