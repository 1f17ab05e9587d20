# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress

import pytest

from scheduler.webhooks import post
from scheduler.webhooks.post import HttpPost
from tests.fakes.faults import answer, drop_before_apply, hang, slow
from tests.fakes.receiver import Receiver
from tests.patience import LONGER_AND_LONGER, PATIENCE

BODY = b'{"id":"evt_1","type":"run.finished","timestamp":"2026-12-01T00:00:00Z","data":{}}'
SIGNED = {"webhook-id": "evt_1", "webhook-timestamp": "1", "webhook-signature": "v1,x"}

HOSTILE = [
    "http://example.org/",  # no TLS
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org/",
    "//example.org/",
    "example.org",
    "",
    "https://",
    "https:///path",
    "https://user:pass@example.org/",
    "https://example.org@127.0.0.1/",
    "https://example.org:0/",
    "https://example.org:99999/",
    "https://example.org:port/",
    "https://example.org/#fragment",
    "https://exam ple.org/",
    "https://example.org/a b",
    "https://example.org/\r\nHost: elsewhere",
    "https://example.org/\x00",
    "https://exämple.org/",
    "https://example.org\\@127.0.0.1/",
    "https://[::1/",
    "https://localhost/",
    "https://a.localhost/",
    "https://intranet/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://8.8.8.8/",  # a number has no certificate that says whose it is
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1%25eth0]/",
    "https://127.0.0.1./",
]

INWARDS = [
    "127.0.0.1",
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "192.168.1.1",
    "0.0.0.0",  # an address that must not be called
    "::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "fd00::1",
    "fe80::1%eth0",
]


@pytest.fixture
def receiver():
    with Receiver() as started:
        yield started


def resolved(*addresses):
    """A name server that says so, each time it is asked; and how often that was."""
    asked = []

    def resolve(host, port):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return resolve, asked


@pytest.mark.parametrize("url", HOSTILE)
def test_a_url_that_leads_astray_is_refused_by_its_form(url):
    resolve, asked = resolved("127.0.0.1")
    outgoing = HttpPost(resolve=resolve)

    assert outgoing.objection(url) is not None
    assert outgoing.send(url, BODY, SIGNED).status is None
    assert asked == []


@pytest.mark.parametrize(
    "url",
    ["https://example.org", "https://hooks.example.org:8443/a/b?c=d&e=%20f", "https://xn--exmple-cua.org/"],
)
def test_a_url_of_the_open_internet_may_be_tried(url):
    assert HttpPost().objection(url) is None


@pytest.mark.parametrize("address", INWARDS)
def test_a_name_that_leads_inwards_is_not_called(address):
    resolve, _ = resolved("93.184.216.34", address)

    assert HttpPost(resolve=resolve).send("https://example.org/", BODY, SIGNED).error == post.INWARDS


def test_a_name_is_looked_up_once_and_what_was_judged_is_called(receiver):
    """A name server that changes its answer between the look and the call gets nowhere."""
    answers = iter(["127.0.0.1", "10.0.0.1"])

    def resolve(_host, port):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    url = receiver.address("a").replace("127.0.0.1", "localhost")
    assert HttpPost(local=True, resolve=resolve).send(url, BODY, SIGNED).status == 204
    assert next(answers) == "10.0.0.1"


def test_this_machine_may_be_called_where_the_service_is_for_this_machine_alone(receiver):
    url = receiver.address("a")

    assert HttpPost().send(url, BODY, SIGNED).error == f"The URL {post.NOT_HTTPS}."
    assert HttpPost(local=True).send(url, BODY, SIGNED).status == 204
    assert receiver.events("a")[0]["id"] == "evt_1"


def test_even_then_a_name_of_this_machine_must_lead_to_it():
    resolve, _ = resolved("10.0.0.1")

    assert HttpPost(local=True, resolve=resolve).send("http://localhost/", BODY, SIGNED).error == post.INWARDS


def test_what_is_posted_arrives_to_the_byte(receiver):
    HttpPost(local=True).send(f"{receiver.url}/in?from=convene", BODY, SIGNED)

    [request] = receiver.requests
    assert (request.method, request.target, request.body) == ("POST", "/in?from=convene", BODY)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == receiver.url.removeprefix("http://")


@pytest.mark.parametrize("status", [200, 202, 301, 307, 400, 410, 500])
def test_an_answer_is_what_it_is_and_no_redirect_is_followed(receiver, status):
    receiver.faults.add(answer(status, "", {"Location": f"{receiver.url}/elsewhere"}))

    assert HttpPost(local=True).send(receiver.address("a"), BODY, SIGNED).status == status
    assert [request.path for request in receiver.requests] == ["/a"]


@pytest.mark.parametrize(("said", "seconds"), [("120", 120.0), ("soon", None), (None, None)])
def test_what_a_receiver_asks_for_is_heard(receiver, said, seconds):
    receiver.faults.add(answer(503, "", {"Retry-After": said} if said else {}))

    assert HttpPost(local=True).send(receiver.address("a"), BODY, SIGNED).retry_after == seconds


def test_a_broken_connection_is_an_answer_too(receiver):
    receiver.faults.add(drop_before_apply())

    assert HttpPost(local=True).send(receiver.address("a"), BODY, SIGNED).error == post.BROKEN


@pytest.fixture
def nobody():
    """A port that nobody listens at, nor can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_nobody_there_is_an_answer_too(nobody):
    sent = HttpPost(local=True).send(f"http://127.0.0.1:{nobody}/", BODY, SIGNED)

    assert sent.error == post.NOT_CONNECTED


def test_silence_ends(receiver):
    receiver.faults.add(hang(30))

    sent = HttpPost(local=True, seconds=0.3).send(receiver.address("a"), BODY, SIGNED)

    assert sent.error == post.NO_ANSWER.format(seconds=0.3)


@contextmanager
def dripping(first: bytes):
    """Somebody who answers a byte at a time, for ever, whoever calls."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as there:

        def drip() -> None:
            while not ended.is_set():
                with suppress(OSError), there.accept()[0] as connection:
                    connection.sendall(first)
                    while not ended.wait(0.02):
                        connection.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield f"http://127.0.0.1:{there.getsockname()[1]}/"
        finally:
            ended.set()
            there.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_receiver_that_takes_its_time_is_waited_for(receiver, monkeypatch):
    """Longer than for a connection."""
    monkeypatch.setattr(post, "CONNECT_SECONDS", 0.5)
    receiver.faults.add(slow(1.0))

    assert HttpPost(local=True).send(receiver.address("a"), BODY, SIGNED).status == 204


def test_of_a_name_with_many_addresses_where_nobody_answers_some_are_tried(receiver, nobody):
    """Each of them may take its time."""
    there = int(receiver.url.rpartition(":")[2])
    tried = []

    def resolve(_host, _port):
        tried.append(None)
        ports = [nobody] * post.MOST_ADDRESSES + [there] * 10_000
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]

    sent = HttpPost(local=True, resolve=resolve).send(f"http://localhost:{nobody}/", BODY, SIGNED)

    assert sent.error == post.NOT_CONNECTED
    assert (len(tried), receiver.requests) == (1, [])


def test_headers_that_never_end_do(receiver):
    with dripping(b"HTTP/1.1 200 OK\r\nX: ") as url:
        sent = HttpPost(local=True, seconds=0.3).send(url, BODY, SIGNED)

    assert sent.status is None


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_a_body_that_never_ends_keeps_nobody_and_the_status_counts(head):
    with dripping(head) as url:
        for seconds in LONGER_AND_LONGER:
            sent = HttpPost(local=True, seconds=seconds).send(url, BODY, SIGNED)
            if sent.status is not None:
                break

    assert sent.status == 200


def test_a_receiver_without_a_certificate_to_trust_hears_nothing():
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as there:

        def listen() -> None:
            connection, _ = there.accept()
            with connection:
                connection.settimeout(PATIENCE)
                heard.append(connection.recv(65536))

        thread = threading.Thread(target=listen)
        thread.start()
        url = f"https://localhost:{there.getsockname()[1]}/"
        sent = HttpPost(local=True, seconds=PATIENCE).send(url, BODY, SIGNED)
        thread.join()

    assert sent.status is None
    assert b"evt_1" not in heard[0]
