# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from scheduler import web
from tests.patience import PATIENCE

SERVER = """
import json
from scheduler import logs, web

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"scheme": environ["wsgi.url_scheme"], "from": environ["REMOTE_ADDR"]}).encode()]

logs.set_up("INFO", "text")
listener = web.bind("127.0.0.1", 0)
port = listener.getsockname()[1]
web.run(lambda: application, listener, lambda: print(port, flush=True))
"""


@pytest.fixture
def server() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def get(port: int, path: str, headers: dict[str, str]) -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", path, headers=headers)
    answer = json.load(connection.getresponse())
    connection.close()
    return answer


def test_the_access_log_keeps_the_path_and_no_secret(server):
    port = int(server.stdout.readline())
    get(port, "/c/canary-token/book?option=canary-query", {"Referer": "http://x/c/canary-referrer"})
    get(port, "/v1/runs%0A2026-03-02%20ERROR%20forged", {"Authorization": "Bearer canary-key"})
    server.terminate()
    _, log = server.communicate(timeout=PATIENCE)
    assert server.returncode == 0
    assert '"GET /c/…/book" 200' in log
    assert "canary" not in log
    assert len([line for line in log.splitlines() if "gunicorn.access" in line]) == 2
    assert not any(line.startswith("2026-03-02 ERROR") for line in log.splitlines())


def test_nobody_is_believed_about_forwarding_here(server):
    port = int(server.stdout.readline())
    said = get(port, "/", {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"})
    assert said == {"scheme": "http", "from": "127.0.0.1"}


def test_any_free_port_can_be_had_on_either_protocol():
    for host in ("127.0.0.1", "::1"):
        with web.bind(host, 0) as listener:
            assert listener.getsockname()[1] > 0


def test_a_port_in_use_is_refused():
    with web.bind("127.0.0.1", 0) as listener, pytest.raises(OSError, match="in use"):
        web.bind("127.0.0.1", listener.getsockname()[1])
