# SPDX-License-Identifier: Apache-2.0
"""Somebody is connected, by the commands that docs/calendars.md prints."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fakes.radicale import PASSWORD, running

ROOT = Path(__file__).parents[2]
SERVER = "https://cloud.example.org/remote.php/dav/"


def commands_of(document: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / document).read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the document's commands need curl")
def test_somebody_is_connected_as_the_document_shows(install, tmp_path):
    service = install(environment={"GOOGLE_CLIENT_ID": "client", "GOOGLE_CLIENT_SECRET": "secret"})
    service.start()
    api = service.new_organization()
    shown = "\n".join([commands_of("README.md")[0], *commands_of("docs/calendars.md")])
    with running(tmp_path, "linus") as radicale:
        radicale.add_calendar("linus", "work")
        for printed, real in (
            ("cvn_…", api.key),
            ("http://127.0.0.1:8000", service.address),
            (f"{SERVER}calendars/linus/work/", radicale.url_of("linus", "work")),
            (SERVER, f"{radicale.url}/"),
            ("made for this service alone", PASSWORD),
        ):
            assert printed in shown
            shown = shown.replace(printed, real)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", shown], capture_output=True, text=True, check=False
        )
    service.stop()

    assert done.returncode == 0, done.stderr
    link, status = done.stdout.split()
    assert link.startswith(f"{service.address}/connect/google?ticket=")
    assert status == "connected"
