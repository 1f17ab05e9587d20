# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from scheduler.db.session import Database

WHOSE = "select current_setting('convene.organization_id', true)"
MANY = "select count(*) from organizations"
FOUND = """
    insert into organizations (id, name, branding, organizers, policies, version, created_at)
    values ('org_a', 'A', '{}', '{}', '{}', 1, now())
"""
END = "select pg_terminate_backend(pid) from pg_stat_activity where pid = %s"


@pytest.fixture
def database(database_url):
    made = Database(database_url, pool_size=1)
    yield made
    made.close()


def asked(session, statement):
    return session.scalar(sa.text(statement))


def test_a_transaction_is_its_organisations_and_the_next_on_that_connection_is_not(database):
    with database.transaction("org_a") as session:
        connection, whose = asked(session, "select pg_backend_pid()"), asked(session, WHOSE)
    with database.lookup() as session:
        assert (asked(session, "select pg_backend_pid()"), asked(session, WHOSE)) == (connection, "")
    assert whose == "org_a"


@pytest.mark.parametrize("id_", ["it's", "'; reset role; --", "back\\slash", "100%", "{}"])
def test_whatever_an_id_says_it_is_an_id_and_nothing_else(database, id_):
    with database.transaction(id_) as session:
        assert (asked(session, WHOSE), asked(session, "select current_user")) == (id_, "convene_service")


def test_a_snapshot_is_of_one_organisation_and_of_one_moment(database, database_url):
    other = Database(database_url)
    with database.snapshot("org_a") as session:
        before = asked(session, MANY)
        with other.transaction("org_a") as writing:
            writing.execute(sa.text(FOUND))
        assert (before, asked(session, MANY), asked(session, WHOSE)) == (0, 0, "org_a")

    with database.snapshot("org_a") as session:
        assert asked(session, MANY) == 1
    other.close()


def test_a_transaction_that_fails_leaves_nothing(database):
    def write_and_fail():
        with database.transaction("org_a") as session:
            session.execute(sa.text(FOUND))
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()

    with database.transaction("org_a") as session:
        assert asked(session, MANY) == 0


def test_a_connection_that_the_server_has_ended_is_replaced_before_anybody_notices(database, database_url):
    with database.lookup() as session:
        ended = asked(session, "select pg_backend_pid()")
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(END, [ended])
        while owner.execute("select 1 from pg_stat_activity where pid = %s", [ended]).fetchone():
            pass

    with database.lookup() as session:
        assert asked(session, "select pg_backend_pid()") != ended
