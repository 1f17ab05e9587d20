# SPDX-License-Identifier: Apache-2.0
"""The migrations give exactly the tables of db/rows, and a role that can do no more than it needs."""

from __future__ import annotations

import hashlib
import threading
from importlib.resources import files

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from scheduler.db.migrate import migrate, owner_url
from scheduler.db.rows import Base
from scheduler.db.session import Database

#: of procrastinate's schema.sql as revision 0001 ran it; a newer one needs a revision of its own
SCHEMA_DIGEST = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"


@pytest.fixture
def owner(database_url: str):
    engine = sa.create_engine(owner_url(database_url))
    yield engine
    engine.dispose()


def test_the_migrations_give_the_tables_of_the_program(owner):
    def ours(name, kind, _parents):
        return not (kind == "table" and name.startswith("procrastinate_"))

    with owner.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": ours, "compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_constraints_that_alembic_does_not_compare_are_there_too(owner, database_url, postgres_url):
    """Tables made from db/rows and tables made by the migrations have the same constraints and indexes."""
    query = """
        select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
        where connamespace = 'public'::regnamespace and conrelid::regclass::text not like 'procrastinate%'
          and conrelid::regclass::text <> 'alembic_version'
        union all
        select tablename, indexname, indexdef from pg_indexes
        where schemaname = 'public' and tablename not like 'procrastinate%' and tablename <> 'alembic_version'
        order by 1, 2, 3
    """
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database if exists made_from_rows")
        connection.execute("create database made_from_rows")
    made = sa.create_engine(owner_url(postgres_url.replace("/convene?", "/made_from_rows?")))
    Base.metadata.create_all(made)
    with made.connect() as from_rows, owner.connect() as migrated:
        expected = from_rows.execute(sa.text(query)).all()
        assert migrated.execute(sa.text(query)).all() == expected
    made.dispose()
    assert any("EXCLUDE USING gist" in row[2] for row in expected)


def test_migrating_twice_and_from_two_machines_at_once_is_migrating_once(postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database if exists raced")
        connection.execute("create database raced")
    url = postgres_url.replace("/convene?", "/raced?")
    failures: list[BaseException] = []

    def run() -> None:
        try:
            migrate(url)
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test shall see it
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    migrate(url)

    assert failures == []
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from alembic_version").fetchone() == (1,)


def test_procrastinates_schema_is_the_one_that_was_migrated():
    schema = (files("procrastinate.sql") / "schema.sql").read_bytes()

    assert hashlib.sha256(schema).hexdigest() == SCHEMA_DIGEST


def test_every_table_is_behind_row_level_security(owner):
    with owner.connect() as connection:
        unprotected = connection.scalars(
            sa.text(
                "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
                " and relname not like 'procrastinate%' and relname <> 'alembic_version'"
                " and not relrowsecurity"
            )
        )
        assert list(unprotected) == []


def test_an_organisation_sees_its_own_rows_alone(database_url):
    database = Database(database_url)
    for organization_id in ("org_a", "org_b"):
        with database.transaction(organization_id) as session:
            session.execute(
                sa.text(
                    "insert into organizations (id, name, branding, organizers, policies, version,"
                    " created_at) values (:id, :id, '{}', '{}', '{}', 1, now())"
                ),
                {"id": organization_id},
            )

    with database.transaction("org_a") as session:
        assert list(session.scalars(sa.text("select id from organizations"))) == ["org_a"]
    with database.lookup() as session:
        assert list(session.scalars(sa.text("select id from organizations"))) == []

    def write_into_another() -> None:
        with database.transaction("org_a") as session:
            session.execute(
                sa.text(
                    "insert into resources (organization_id, provider, address) values ('org_b', 'ics', 'a')"
                )
            )

    with pytest.raises(sa.exc.ProgrammingError, match="row-level security"):
        write_into_another()
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "drop table bookings",
        "alter table bookings disable row level security",
        "create table mine (id int)",
        "delete from events",
        "update events set type = 'other'",
        "delete from organizations",
        "update alembic_version set version_num = '0'",
        "create role other",
    ],
)
def test_the_service_may_not(database_url, statement):
    database = Database(database_url)
    with pytest.raises(sa.exc.ProgrammingError), database.lookup() as session:
        session.execute(sa.text(statement))
    database.close()
