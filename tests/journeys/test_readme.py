# SPDX-License-Identifier: Apache-2.0
"""The README's first run, as it is printed there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.journeys.driver import Service, for_program

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's commands need curl")
def test_the_first_run_of_the_readme_works_as_printed(service: Service) -> None:
    api = service.new_organization()
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE))
    assert "KEY=cvn_…" in commands
    commands = commands.replace("cvn_…", api.key).replace("http://127.0.0.1:8000", service.address)
    service.calendars.mkdir(exist_ok=True)
    (service.folder / "var").symlink_to(service.folder)  # where `make run` has its data
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=service.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    link = done.stdout.splitlines()[0]
    assert for_program(link).json()["status"] == "cancelled"
    assert b"Stand-up" in (service.calendars / "ada@example.org.ics").read_bytes()
