# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse, RemoteDisconnected

import pytest

from tests.fakes import faults
from tests.fakes.server import FakeServer
from tests.fakes.wire import Answer, Recorded, Undelivered
from tests.patience import PATIENCE


class Counter(FakeServer):
    """Counts what is posted to it."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.paused = threading.Event()
        #: who asks for /together is answered once three of them are there
        self.together = threading.Barrier(3)

    def pause(self, seconds: float) -> None:
        if seconds > 0:
            self.paused.set()
        super().pause(seconds)

    def answer(self, request: Recorded) -> Answer:
        if request.path == "/together":
            self.together.wait(PATIENCE)
        with self.lock:
            if request.method == "POST":
                self.count += 1
            if request.path == "/broken":
                raise ZeroDivisionError
            return Answer.json(200, {"count": self.count})

    def empty_page(self, request: Recorded) -> Answer:
        return Answer.json(200, {"next": request.path})


@pytest.fixture
def fake() -> Iterator[Counter]:
    with Counter() as counter:
        yield counter


def ask(fake: FakeServer, method: str = "GET", path: str = "/") -> tuple[int, bytes]:
    connection = HTTPConnection(fake.url.removeprefix("http://"), timeout=PATIENCE)
    try:
        connection.request(method, path)
        response: HTTPResponse = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_a_dropped_connection_tells_nothing_about_the_effect(fake):
    fake.faults.add(faults.drop_before_apply(), method="POST")
    fake.faults.add(faults.drop_after_apply(), method="POST")
    for count in (0, 1):
        with pytest.raises(RemoteDisconnected):
            ask(fake, "POST")
        assert fake.count == count
    assert ask(fake, "POST") == (200, b'{"count": 2}')


def test_a_request_whose_client_died_in_the_middle_of_it_is_none(fake):
    host, port = fake.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as dying:
        dying.sendall(b"POST / HTTP/1.1\r\nHost: fake\r\nContent-Length: 100\r\n\r\ngrant_type=")

    assert ask(fake, "POST")[0] == 200
    assert [request.body for request in fake.requests] == [b""]
    assert fake.count == 1


def test_a_fault_befalls_only_the_requests_it_is_meant_for(fake):
    fake.faults.add(faults.answer(503, {"error": "busy"}), path="^/a", times=2)
    assert [ask(fake, path=path)[0] for path in ("/b", "/a", "/a", "/a")] == [200, 503, 503, 200]


def test_bodies_can_be_a_proxy_page_half_or_empty(fake):
    for fault in (faults.html(502), faults.truncated_json(), faults.empty_page()):
        fake.faults.add(fault)
    assert [ask(fake) for _ in range(3)] == [
        (502, faults.PROXY_PAGE),
        (200, b'{"coun'),
        (200, b'{"next": "/"}'),
    ]


def test_a_share_of_the_writing_calls_is_lost_half_of_them_with_an_effect(fake):
    fake.faults.lose(0.5, seed=7)
    lost = 0
    for _ in range(40):
        try:
            ask(fake, "POST")
        except RemoteDisconnected:
            lost += 1
    without_effect = 40 - fake.count
    assert 10 <= lost <= 30
    assert 0 < without_effect < lost
    assert ask(fake)[0] == 200


def test_requests_answered_at_once_are_counted(fake):
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: ask(fake, path="/together"), range(3)))
    assert fake.most_at_once == 3
    assert len(fake.requests) == 3


def test_a_long_get_may_travel_as_a_post(fake):
    connection = HTTPConnection(fake.url.removeprefix("http://"), timeout=PATIENCE)
    connection.request("POST", "/a%20b", "x=1&x=2%2B", {"X-HTTP-Method-Override": "GET"})
    assert connection.getresponse().status == 200
    connection.close()
    (request,) = fake.requests
    assert (request.method, request.path, request.query) == ("GET", "/a b", (("x", "1"), ("x", "2+")))
    assert request.body == b""


def test_leaving_complains_about_wrong_requests_and_about_a_broken_fake():
    broken = Counter()
    broken.start()
    with pytest.raises(RemoteDisconnected):
        ask(broken, path="/broken")
    with pytest.raises(AssertionError, match="The fake failed: ZeroDivisionError"):
        broken.__exit__(None, None, None)
    with Counter() as fake:
        fake.wrong.append("odd")
        assert fake.expect_wrong() == ["odd"]


def test_no_thread_and_no_waiting_client_is_left_behind():
    before = set(threading.enumerate())
    fake = Counter()
    fake.start()
    idle = HTTPConnection(fake.url.removeprefix("http://"), timeout=PATIENCE)
    idle.request("GET", "/")
    idle.getresponse().read()
    fake.faults.add(faults.hang(60))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, fake)
        assert fake.paused.wait(PATIENCE)
        fake.stop()
        assert isinstance(waiting.exception(), ConnectionError)
    idle.close()
    assert set(threading.enumerate()) - before == set()


def test_pushes_arrive_or_are_kept(fake):
    fake.courier.reach["https://hooks.example.com"] = fake.url
    fake.courier.post("https://hooks.example.com/hook", {"X-State": "sync"})
    fake.courier.post("http://127.0.0.1:1/hook", {})
    fake.courier.settle()
    (request,) = fake.requests
    assert (request.method, request.path, request.headers["x-state"]) == ("POST", "/hook", "sync")
    assert fake.undelivered == [Undelivered(address="http://127.0.0.1:1/hook", reason="ConnectionError")]
