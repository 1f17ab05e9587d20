# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tests import conftest
from tests.guard.sitecustomize import OutsideWorld


def test_another_machine_is_out_of_reach():
    with pytest.raises(OutsideWorld), socket.socket() as one:
        one.connect(("192.0.2.1", 80))
    with pytest.raises(OutsideWorld):
        socket.getaddrinfo("example.org", 443)
    assert conftest._reached_for == ["socket.connect 192.0.2.1", "socket.getaddrinfo example.org"]
    conftest._reached_for.clear()


def test_this_machine_is_within_reach():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()


def test_a_process_that_a_test_starts_is_held_back_too():
    done = subprocess.run(
        [sys.executable, "-c", "import socket; socket.create_connection(('192.0.2.1', 80), 1)"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "reached for the network: socket.connect 192.0.2.1" in done.stderr
