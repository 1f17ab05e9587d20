# SPDX-License-Identifier: Apache-2.0
"""`doctor` tries the vendors, and says what is wrong with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft
from tests.journeys.driver import SECRET


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
        return done.stdout.splitlines() or done.stderr.splitlines()

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


def test_rotating_what_was_granted_says_how_much_it_was(command):
    assert command("credentials", "rotate") == ["0 sealed with the newest key"]
