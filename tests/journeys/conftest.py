# SPDX-License-Identifier: Apache-2.0
"""Installations to start and stop, and a browser to follow links with."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.journeys.driver import MailServer, Service
from tests.patience import PATIENCE


# No longer than one module: while it is open, this thread counts as running an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE * 1000)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        # A container's root has no sandbox, and its /dev/shm is small.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        started = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield started
        started.close()


@pytest.fixture
def folder(open_dir: Path) -> Path:
    made = Path(tempfile.mkdtemp(prefix="journey-", dir=open_dir))
    made.chmod(0o711)  # the embedded server's account passes through
    return made


@pytest.fixture
def install(folder: Path) -> Iterator[Callable[..., Service]]:
    """Makes an installation; whatever still runs in the end is ended."""
    made: list[Service] = []

    def make(**how: object) -> Service:
        made.append(Service(folder, **how))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for service in made:
        service.kill()


@pytest.fixture(scope="module")
def mail_server() -> MailServer:
    """Where mail would go; nobody listens there until a test does."""
    return MailServer()


@pytest.fixture(scope="module")
def service(open_dir: Path, mail_server: MailServer) -> Iterator[Service]:
    """One installation for the tests of a module that leave it as it was."""
    folder = Path(tempfile.mkdtemp(prefix="journeys-", dir=open_dir))
    folder.chmod(0o711)
    running = Service(folder, environment={"MAIL_URL": mail_server.url})
    running.start()
    yield running
    running.stop()
