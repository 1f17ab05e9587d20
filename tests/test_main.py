# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler import __main__ as commands
from scheduler.__main__ import main

KEY = "A" * 43 + "="


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scheduler", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for command in (
        *("serve", "demo", "web", "worker", "clock", "migrate", "organization", "key"),
        *("solve", "replay", "doctor", "openapi"),
    ):
        assert f"\n    {command}" in shown


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["serve", "--port", "70000"], "serve: argument --port: must be a port, 0 to 65535, not '70000'"),
        (["web", "--port", "-1"], "web: argument --port: must be a port, 0 to 65535, not '-1'"),
        (
            ["key", "create", "--organization", "org_1", "--name", "ATS", "--scopes", "read,all"],
            "key create: argument --scopes: must be some of admin,manage,read,schedule, not 'read,all'",
        ),
        *(
            (
                ["organization", "create", "--name", name],
                f"organization create: argument --name: {said}",
            )
            for name, said in (
                ("", "must not be empty"),
                ("   ", "must not be empty"),
                ("a\nb", "must be one line of at most 200 characters"),
                ("a" * 201, "must be one line of at most 200 characters"),
            )
        ),
        (["organization", "create"], "organization create: the following arguments are required: --name"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_line(arguments, line, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"python -m scheduler {line} (see --help)\n"


@pytest.mark.parametrize(
    "command",
    [
        *("serve", "demo", "web", "worker", "clock", "migrate", "doctor"),
        *(
            "organization create --name A",
            "key create --organization o --name A --scopes read",
            "replay run_1",
        ),
    ],
)
def test_bad_settings_are_told_in_one_line_by_every_command(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    assert main(command.split()) == 1
    shown = capsys.readouterr().err
    assert shown == "convene: LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, not 'LOUD'\n"


def test_a_database_that_does_not_answer_is_told_in_one_line(tmp_path):
    done = run(
        "migrate", cwd=tmp_path, DATABASE_URL="postgresql://convene:canary@127.0.0.1:1/x", SECRET_KEYS=KEY
    )
    assert done.returncode == 1
    assert done.stderr.startswith("convene: ")
    assert len(done.stderr.splitlines()) == 1
    assert "canary" not in done.stderr


@pytest.mark.parametrize("role", ["web", "worker", "clock"])
def test_a_role_without_a_database_says_what_to_do(tmp_path, role):
    done = run(role, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        "convene: No embedded PostgreSQL is running here: start `serve` first, or give DATABASE_URL.\n",
    )


def test_what_nobody_expected_keeps_its_traceback(monkeypatch):
    def fail(_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(commands, "_doctor", fail)
    with pytest.raises(ZeroDivisionError):
        main(["doctor"])


def test_a_key_can_be_had_from_nothing_and_works(database_url, tmp_path):
    given = {"DATABASE_URL": database_url, "SECRET_KEYS": KEY}
    created = run("organization", "create", "--name", "Acme", cwd=tmp_path, **given)
    assert (created.returncode, created.stderr) == (0, "")
    organization = created.stdout.strip()
    assert organization.startswith("org_")
    made = run(
        *("key", "create", "--organization", organization, "--name", "ATS", "--scopes", "read,schedule"),
        cwd=tmp_path,
        **given,
    )
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.splitlines()[-1].startswith("cvn_")


def test_keys_are_listed_without_the_key_and_revoked(database_url, tmp_path):
    given = {"DATABASE_URL": database_url, "SECRET_KEYS": KEY}
    [organization] = run("organization", "create", "--name", "Acme", cwd=tmp_path, **given).stdout.split()
    ours = ("--organization", organization)
    made = run("key", "create", *ours, "--name", "Our ATS", "--scopes", "read", cwd=tmp_path, **given)
    key_id, key = made.stdout.split()

    before = run("key", "list", *ours, cwd=tmp_path, **given)
    revoked = run("key", "revoke", "--key", key_id, cwd=tmp_path, **given)
    after = run("key", "list", *ours, cwd=tmp_path, **given)

    assert re.fullmatch(rf"{key_id}  read  created \S+Z  in use  Our ATS\n", before.stdout)
    assert (revoked.returncode, revoked.stdout) == (0, f"{key_id} (Our ATS) is revoked\n")
    assert re.fullmatch(rf"{key_id}  read  created \S+Z  revoked \S+Z  Our ATS\n", after.stdout)
    assert key not in before.stdout + revoked.stdout + after.stdout


def test_a_key_for_nobody_is_refused_in_one_line(database_url, tmp_path):
    done = run(
        *("key", "create", "--organization", "org_nobody", "--name", "ATS", "--scopes", "read"),
        cwd=tmp_path,
        DATABASE_URL=database_url,
        SECRET_KEYS=KEY,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("convene: ")
    assert len(done.stderr.splitlines()) == 1


def test_two_commands_at_once_share_an_embedded_database(open_dir):
    data_dir = open_dir / "two-commands"
    data_dir.mkdir(mode=0o711)
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "scheduler", "migrate"],
            cwd=data_dir,
            env={**os.environ, "DATA_DIR": str(data_dir)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    assert [(process.communicate()[1], process.returncode) for process in started] == [("", 0), ("", 0)]


@pytest.mark.parametrize(
    "command",
    [
        *("web", "worker", "clock", "doctor --invariants", "organization create --name Acme"),
        *("key list --organization org_1", "jobs list", "credentials rotate"),
    ],
)
def test_a_command_on_a_database_without_schema_says_what_to_do(command, postgres_url, tmp_path):
    """`postgres_url` is a database that stays empty."""
    ended = run(*command.split(), cwd=tmp_path, DATABASE_URL=postgres_url, SECRET_KEYS=KEY)

    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "convene: The database has no schema yet; run: python -m scheduler migrate"
    ]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("credentials rotate", "Seal all of it with the newest of SECRET_KEYS."),
        ("web", "Answer HTTP requests."),
        ("key", "API keys"),
    ],
)
def test_names_are_written_in_help_as_everywhere(
    capsys: pytest.CaptureFixture[str], command: str, words: str
) -> None:
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    assert words in capsys.readouterr().out.splitlines()
