# SPDX-License-Identifier: Apache-2.0
"""The pages around a desk that keeps one link, without a server and with one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.pages.house import NOW, TOKEN, Desk, application, link
from tests.services.conftest import town  # noqa: F401  # a fixture for all beside this


class Clock:
    """Stands still until it is moved; a person takes a while to read, and `read()` is that while."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def read(self, minutes: float = 0.5) -> None:
        self.at += timedelta(minutes=minutes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> Desk:
    return Desk(link(), clock.now)


@pytest.fixture
def client(desk: Desk) -> FlaskClient:
    return application(desk).test_client()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  # werkzeug's name
        pass


@pytest.fixture
def site(desk: Desk) -> Iterator[str]:
    """The address of the link, served on loopback."""
    server = make_server("127.0.0.1", 0, application(desk), threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/c/{TOKEN}"
    server.shutdown()
    thread.join()
    server.server_close()
