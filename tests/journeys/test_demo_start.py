# SPDX-License-Identifier: Apache-2.0
"""`make run` as its users meet it: what it prints works, and works again after the next start."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import requests

from tests.journeys.driver import Running, for_program, free_port
from tests.patience import PATIENCE


def test_what_the_demo_prints_works_and_is_kept(folder: Path) -> None:
    port = str(free_port())
    first = Running(folder, "demo", "--port", port, DATA_DIR=str(folder))
    address = first.address()
    said = printed(first)
    assert said["URL"].startswith(address)
    assert for_program(said["candidate link"]).json()["status"] == "offered"
    assert len(loop_options(said["next"])) >= 3
    first.stop()

    second = Running(folder, "demo", "--port", port, DATA_DIR=str(folder))
    second.address()
    assert printed(second) == said
    second.stop()
    assert first.processes() + second.processes() == []


def printed(running: Running) -> dict[str, str]:
    """The lines of the demo, by name."""
    return {line[2:18].strip(): line[18:].strip() for line in running.lines if line.startswith("  ")}


def loop_options(command: str) -> list[object]:
    """Send what the printed curl sends; the days of four interviews that come back."""
    program, _, address, *arguments = shlex.split(command)
    assert program == "curl"
    given = [(arguments[n], arguments[n + 1]) for n in range(0, len(arguments), 2)]
    headers = dict(value.split(": ", 1) for option, value in given if option == "-H")
    [body] = [value for option, value in given if option == "-d"]
    answer = requests.post(address, json=json.loads(body), headers=headers, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    [found] = answer.json()["candidates"]
    assert all(len(option["sessions"]) == 4 for option in found["options"])
    return found["options"]
