# SPDX-License-Identifier: Apache-2.0
"""`doctor` tries the vendors and asks for the promises, and says what is wrong with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import psycopg
import pytest

from scheduler.services import promises
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft
from tests.journeys.driver import SECRET

#: stands for an exit status of 1
FAILED = "it failed"
#: looks that ask the database
WAITING = ("role", "connections", "promises", "clock")


@pytest.fixture
def command(database_url, tmp_path):
    (tmp_path / "calendars").mkdir()

    def run(*arguments: str, **environment: str) -> list[str]:
        given = {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path), "SECRET_KEYS": SECRET}
        done = subprocess.run(
            [sys.executable, "-m", "scheduler", *arguments],
            env={**os.environ, **given, **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return [
            *(done.stdout.splitlines() or done.stderr.splitlines()),
            *([FAILED] if done.returncode else []),
        ]

    return run


def line(lines: list[str], name: str) -> str:
    (found,) = [text for text in lines if f" {name}:" in text]
    return found


def test_it_signs_in_at_both_vendors(command, tmp_path):
    command("organization", "create", "--name", "Acme")
    account = tmp_path / "account.json"
    with FakeGoogle() as google, FakeMicrosoft() as microsoft:
        account.write_text(json.dumps(google.service_account()))
        settings = {
            "GOOGLE_SERVICE_ACCOUNT_FILE": str(account),
            "GOOGLE_API_ENDPOINT": google.api_endpoint,
            "MICROSOFT_TENANT_ID": microsoft.tenant_id,
            "MICROSOFT_CLIENT_ID": microsoft.client_id,
            "MICROSOFT_CLIENT_SECRET": microsoft.client_secret,
            "MICROSOFT_AUTHORITY": microsoft.authority,
            "MICROSOFT_GRAPH_ENDPOINT": microsoft.graph_endpoint,
        }
        well = command("doctor", **settings)
        unwell = command("doctor", **settings | {"MICROSOFT_CLIENT_SECRET": "made-up-secret"})

    assert line(well, "calendars (google)").startswith("ok")
    assert line(well, "calendars (microsoft)").endswith("signed in; no mailbox to try it on yet")
    assert line(unwell, "calendars (microsoft)").startswith("FAILED")
    assert "AADSTS7000215" in line(unwell, "calendars (microsoft)")
    assert "made-up-secret" not in "".join(unwell)
    assert line(well, "connections") == "ok      connections: 0 connected"


def test_without_a_schema_it_says_once_what_to_do(command, postgres_url):
    """`postgres_url` is a database that stays empty."""
    lines = command("doctor", DATABASE_URL=postgres_url)

    wait = [f"FAILED  {name}: has to wait for the database" for name in WAITING]
    assert [text for text in lines if text.startswith("FAILED")] == [
        "FAILED  database: The database has no schema yet; run: python -m scheduler migrate",
        *wait,
    ]
    assert line(lines, "mail").startswith("ok")
    assert lines[-1] == FAILED


def test_rotating_what_was_granted_says_how_much_it_was(command):
    assert command("credentials", "rotate") == ["0 sealed with the newest key"]


def test_the_promises_are_asked_for_a_line_each(command, database_url):
    [organization_id] = command("organization", "create", "--name", "Acme")
    well = command("doctor", "--invariants")
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "insert into calendar_states"
            " (id, organization_id, provider, address, time_zone, stretches, sync_at)"
            " values ('state_1', %s, 'google', 'ada@acme.example', 'UTC', %s, now())",
            [organization_id, '[{"busy": [[1, 2, "Dentist", null]]}]'],
        )
    broken = command("doctor", "--invariants")

    assert [text.split()[0] for text in well] == ["ok"] * len(promises.PROMISES)
    assert line(broken, "nothing_but_times").startswith("FAILED")
    assert line(broken, "nothing_but_times").endswith(f"Not so: state_1 of {organization_id}")
    assert [text.split()[0] for text in broken].count("ok") == len(promises.PROMISES) - 1
    assert (well[-1] == FAILED, broken[-1] == FAILED) == (False, True)


def test_a_breach_that_the_clock_found_is_shown(command, database_url):
    [organization_id] = command("organization", "create", "--name", "Acme")
    assert line(command("doctor"), "promises") == "ok      promises: none was broken at the last look"
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "insert into breaches (id, organization_id, promise, ids, found_at, seen_at)"
            " values ('brc_1', %s, 'one_booking_each', '[]', now(), now())",
            [organization_id],
        )
    found = command("doctor")

    assert line(found, "promises").startswith("FAILED  promises: broken at the last look: one_booking_each")
    assert found[-1] == FAILED


def test_failed_jobs_are_listed_and_tried_again(command, database_url):
    [organization_id] = command("organization", "create", "--name", "Acme")
    with psycopg.connect(database_url) as owner:
        for whose in ({"organization_id": organization_id, "message_id": "msg_1"}, {}):
            owner.execute(
                "insert into procrastinate_jobs (queue_name, task_name, status, args, attempts)"
                " values ('quick', 'send_message', 'failed', %s, 9)",
                [json.dumps(whose)],
            )
    [clocks, ours] = command("jobs", "list", "--status", "failed")

    assert clocks.startswith("job_2 failed send_message - - ")
    assert ours.startswith(f"job_1 failed send_message msg_1 {organization_id} ")
    assert ours.endswith(" 9 failed")
    assert command("jobs", "retry", "job_1") == ["job_1 is queued"]
    assert command("jobs", "retry", "job_7") == ["convene: There is no such job.", FAILED]
    assert command("jobs", "list", "--status", "failed") == [clocks]
