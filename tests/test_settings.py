# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.settings import Secret, Settings, SettingsError, load, make_now

KEY = "A" * 43 + "="
OTHER_KEY = "B" * 43 + "="


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def problems(**environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load({"SECRET_KEYS": KEY, **environ})
    return caught.value.problems


def test_everything_has_a_default(tmp_path):
    settings = load({})
    made = settings.secret_keys
    var = tmp_path / "var"
    assert settings == Settings(
        data_dir=var,
        database_url=None,
        public_url="http://127.0.0.1:8000",
        public_url_is_default=True,
        secret_keys=made,
        mail_url=Secret("file:"),
        mail_from="interviews@localhost",
        ics_dir=var / "calendars",
        google_service_account_file=None,
        google_client_id=None,
        google_client_secret=None,
        google_api_endpoint="https://www.googleapis.com/calendar/v3/",
        microsoft_tenant_id=None,
        microsoft_client_id=None,
        microsoft_client_secret=None,
        microsoft_client_certificate_file=None,
        microsoft_authority="https://login.microsoftonline.com",
        microsoft_graph_endpoint="https://graph.microsoft.com/v1.0",
        clock_tick_seconds=5,
        clock_offset_seconds=0,
        trusted_proxies=0,
        kill_at=None,
        log_level="INFO",
        log_format="text",
    )


def test_everything_can_be_given(tmp_path):
    account, certificate = tmp_path / "google.json", tmp_path / "entra.pem"
    account.write_text("{}")
    certificate.write_text("pem")
    assert load(
        {
            "DATABASE_URL": "postgresql://convene:secret@db/convene",
            "DATA_DIR": "data",
            "PUBLIC_URL": "https://hire.example.com/interviews/",
            "SECRET_KEYS": f"{KEY}, {OTHER_KEY}",
            "MAIL_URL": "smtps://user:pass@mail.example.com:465",
            "MAIL_FROM": "Hiring <hiring@example.com>",
            "ICS_DIR": "/srv/calendars",
            "GOOGLE_SERVICE_ACCOUNT_FILE": "google.json",
            "GOOGLE_CLIENT_ID": "google-id",
            "GOOGLE_CLIENT_SECRET": "google-secret",
            "GOOGLE_API_ENDPOINT": "http://localhost:9000/calendar/v3",
            "MICROSOFT_TENANT_ID": "tenant",
            "MICROSOFT_CLIENT_ID": "microsoft-id",
            "MICROSOFT_CLIENT_CERTIFICATE_FILE": str(certificate),
            "MICROSOFT_AUTHORITY": "https://login.microsoftonline.us/",
            "MICROSOFT_GRAPH_ENDPOINT": "http://[::1]:9001/v1.0/",
            "CLOCK_TICK_SECONDS": "0.5",
            "CLOCK_OFFSET_SECONDS": "-86400.5",
            "TRUSTED_PROXIES": "2",
            "KILL_AT": "pick.committed:3",
            "LOG_LEVEL": "debug",
            "LOG_FORMAT": "json",
        }
    ) == Settings(
        data_dir=tmp_path / "data",
        database_url=Secret("postgresql://convene:secret@db/convene"),
        public_url="https://hire.example.com/interviews",
        public_url_is_default=False,
        secret_keys=(Secret(KEY), Secret(OTHER_KEY)),
        mail_url=Secret("smtps://user:pass@mail.example.com:465"),
        mail_from="hiring@example.com",
        ics_dir=Path("/srv/calendars"),
        google_service_account_file=account,
        google_client_id="google-id",
        google_client_secret=Secret("google-secret"),
        google_api_endpoint="http://localhost:9000/calendar/v3/",
        microsoft_tenant_id="tenant",
        microsoft_client_id="microsoft-id",
        microsoft_client_secret=None,
        microsoft_client_certificate_file=certificate,
        microsoft_authority="https://login.microsoftonline.us",
        microsoft_graph_endpoint="http://[::1]:9001/v1.0",
        clock_tick_seconds=0.5,
        clock_offset_seconds=-86400.5,
        trusted_proxies=2,
        kill_at="pick.committed:3",
        log_level="DEBUG",
        log_format="json",
    )


def test_the_environment_wins_over_the_file_and_empty_is_absent(tmp_path):
    (tmp_path / ".env").write_text("MAIL_FROM=file@example.com\nLOG_LEVEL=ERROR\nDATABASE_URL=nonsense\n")
    settings = load({"LOG_LEVEL": "WARNING", "DATABASE_URL": "", "ICS_DIR": " "})
    assert settings.mail_from == "file@example.com"
    assert settings.log_level == "WARNING"
    assert settings.database_url is None
    assert settings.ics_dir == tmp_path / "var" / "calendars"


def test_a_dollar_in_the_file_is_a_dollar(tmp_path):
    (tmp_path / ".env").write_text("MAIL_URL=smtp://user:pa${HOME}ss@mail:25\n")
    assert load({}).mail_url == Secret("smtp://user:pa${HOME}ss@mail:25")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://db/convene"),
        ("PUBLIC_URL", "hire.example.com"),
        ("PUBLIC_URL", "https://hire.example.com/?a=b"),
        ("PUBLIC_URL", "https://hire.example.com:99999"),
        ("SECRET_KEYS", "too-short"),
        ("SECRET_KEYS", f"{KEY},nonsense"),
        ("SECRET_KEYS", ","),
        ("MAIL_URL", "http://mail.example.com"),
        ("MAIL_URL", "smtp:"),
        ("MAIL_FROM", "nobody"),
        ("GOOGLE_SERVICE_ACCOUNT_FILE", "not-there.json"),
        ("GOOGLE_API_ENDPOINT", "http://calendar.example.com/v3/"),
        ("MICROSOFT_AUTHORITY", "http://login.example.com"),
        ("MICROSOFT_GRAPH_ENDPOINT", "ftp://localhost/"),
        ("CLOCK_TICK_SECONDS", "0"),
        ("CLOCK_TICK_SECONDS", "often"),
        ("CLOCK_OFFSET_SECONDS", "nan"),
        ("CLOCK_OFFSET_SECONDS", "1e300"),
        ("KILL_AT", "lunch"),
        ("KILL_AT", "pick.committed:often"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "1.5"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name, value):
    (problem,) = problems(**{name: value})
    assert problem.startswith(f"{name} ")


def test_all_that_is_wrong_is_told_at_once():
    found = problems(LOG_LEVEL="LOUD", TRUSTED_PROXIES="x", PUBLIC_URL="x")
    assert [problem.split()[0] for problem in found] == ["PUBLIC_URL", "TRUSTED_PROXIES", "LOG_LEVEL"]


def test_what_belongs_together_must_come_together(tmp_path):
    (tmp_path / "entra.pem").write_text("pem")
    assert problems(GOOGLE_CLIENT_ID="id") == (
        "GOOGLE_CLIENT_SECRET is missing: the Google client needs both its id and its secret",
    )
    assert [problem.split()[0] for problem in problems(MICROSOFT_TENANT_ID="t")] == [
        "MICROSOFT_CLIENT_ID",
        "MICROSOFT_CLIENT_SECRET",
    ]
    entra = {"MICROSOFT_TENANT_ID": "t", "MICROSOFT_CLIENT_ID": "c", "MICROSOFT_CLIENT_SECRET": "s"}
    assert problems(**entra, MICROSOFT_CLIENT_CERTIFICATE_FILE="entra.pem") == (
        "MICROSOFT_CLIENT_SECRET or MICROSOFT_CLIENT_CERTIFICATE_FILE must be left out: only one is used",
    )


def test_keys_are_required_with_a_database_of_ones_own(tmp_path):
    with pytest.raises(SettingsError, match="SECRET_KEYS is missing"):
        load({"DATABASE_URL": "postgresql://db/convene"})
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_made_while_something_is_wrong(tmp_path):
    with pytest.raises(SettingsError):
        load({"LOG_LEVEL": "LOUD"})
    assert list(tmp_path.iterdir()) == []


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path):
    made = load({}).secret_keys
    assert load({}).secret_keys == made
    kept = tmp_path / "var" / "secret_keys"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in kept.parent.iterdir()] == ["secret_keys"]


def test_processes_that_start_together_agree_on_the_keys(tmp_path):
    script = "from scheduler.settings import load; print(load().secret_keys[0].reveal())"
    started = [
        subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    keys = {process.communicate()[0] for process in started}
    assert keys == {(tmp_path / "var" / "secret_keys").read_text()}


def test_a_data_dir_that_exists_keeps_its_permissions(tmp_path):
    (tmp_path / "var").mkdir(mode=0o750)
    load({})
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o750


def test_a_data_dir_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="DATA_DIR cannot be made"):
        load({"DATA_DIR": str(tmp_path / "file" / "var")})


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000"),
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("::1", "http://[::1]:9000"),
        ("scheduling.internal", "http://scheduling.internal:9000"),
    ],
)
def test_links_follow_the_address_we_listen_on(host, url):
    assert load({}).listening_on(host, 9000).public_url == url


def test_links_follow_a_given_public_url_wherever_we_listen():
    settings = load({"PUBLIC_URL": "https://hire.example.com"})
    assert settings.listening_on("127.0.0.1", 9000) == settings


def test_a_secret_never_shows_itself():
    settings = load(
        {
            "DATABASE_URL": "postgresql://convene:canary-1@db/convene",
            "SECRET_KEYS": KEY,
            "MAIL_URL": "smtp://user:canary-2@mail",
            "GOOGLE_CLIENT_ID": "id",
            "GOOGLE_CLIENT_SECRET": "canary-3",
        }
    )
    shown = f"{settings} {settings!r} {settings.secret_keys} {settings.mail_url}"
    assert "canary" not in shown
    assert KEY not in shown
    assert settings.google_client_secret.reveal() == "canary-3"


def test_a_wrong_secret_does_not_show_itself_in_the_error():
    found = problems(DATABASE_URL="canary", MAIL_URL="canary", SECRET_KEYS="canary")
    assert len(found) == 3
    assert "canary" not in " ".join(found)


@pytest.mark.parametrize("offset", [0, 3600, -0.5])
def test_now_is_aware_and_shifted(offset):
    before = datetime.now(UTC)
    now = make_now(offset)()
    after = datetime.now(UTC)
    assert now.tzinfo is UTC
    assert before <= now - timedelta(seconds=offset) <= after


def test_the_tests_run_without_settings_of_the_machine():
    assert [name for name in os.environ if name.startswith(("GOOGLE_", "MICROSOFT_", "PG"))] == []
    assert "DATABASE_URL" not in os.environ


@pytest.mark.parametrize("sender", ["a@b.example\nBcc: x@y.example", "nobody", "@"])
def test_the_sender_is_one_mail_address(sender):
    with pytest.raises(SettingsError, match="MAIL_FROM"):
        load({"MAIL_FROM": sender}, env_file=Path("/nowhere"))


def test_the_folder_of_calendars_is_a_folder(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsError, match="ICS_DIR is not a folder"):
        load({"ICS_DIR": str(tmp_path / "file"), "DATA_DIR": str(tmp_path)}, env_file=Path("/nowhere"))
