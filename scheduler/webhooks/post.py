# SPDX-License-Identifier: Apache-2.0
"""Posting to URLs that customers name, without being led to where only this service may go.

The name is resolved once, every address of it is judged, and one of those is connected to: a name that
changes its mind in between leads nowhere else. Redirects are not followed, proxies of the environment are
not asked, and what is answered is not kept.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from calendars.retry import seconds_to_wait
from scheduler.domain.hosts import is_loopback, is_public
from scheduler.webhooks.content import Answer

#: for finding, connecting and greeting, and for everything together
CONNECT_SECONDS, SECONDS = 5.0, 15.0
#: of a name, that are tried
MOST_ADDRESSES = 8
#: of an answer that is read, so that the receiver can finish sending it
MOST_READ = 4096
AGENT = "Convene-Webhooks/1"
Resolve = Callable[[str, int], list[tuple[Any, ...]]]

NOT_HTTPS = "must be an https URL"
NOT_PUBLIC = "is not a host of the open internet"
NOT_FOUND = "The host's name leads nowhere."
INWARDS = "The host's name leads to an address that is not of the open internet."
NO_ANSWER = "Nobody answered within {seconds:g} seconds."
NOT_CONNECTED = "The connection was not taken."
NOT_TRUSTED = "The host has no certificate that can be trusted."
BROKEN = "The connection broke before there was an answer."


class _Unreachable(Exception):
    """Nobody is there, or nobody who may be called."""


def _resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class HttpPost:
    """`local`: hosts of this machine may be called, without TLS too, as in a rehearsal."""

    def __init__(self, *, local: bool = False, resolve: Resolve = _resolve, seconds: float = SECONDS) -> None:
        self._local, self._resolve, self._seconds = local, resolve, seconds
        self._tls = ssl.create_default_context()

    def objection(self, url: str) -> str | None:
        """Why nothing may be posted to this URL, by its form alone; None: it may be tried."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            return NOT_HTTPS
        if not host or port == 0 or "@" in parts.netloc or parts.fragment or not _is_plain(url):
            return NOT_HTTPS
        if self._local and is_loopback(host):
            return None if parts.scheme in ("https", "http") else NOT_HTTPS
        if parts.scheme != "https":
            return NOT_HTTPS
        return NOT_PUBLIC if is_loopback(host) or _is_number(host) or "." not in host else None

    def send(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Post one event. Nothing is raised: whatever happens is an answer."""
        objection = self.objection(url)
        if objection:
            return Answer(error=f"The URL {objection}.")
        try:
            return self._send(urlsplit(url), body, headers)
        except _Unreachable as error:
            return Answer(error=str(error))
        except ssl.SSLCertVerificationError:
            return Answer(error=NOT_TRUSTED)
        except TimeoutError:
            return Answer(error=NO_ANSWER.format(seconds=self._seconds))
        except (OSError, http.client.HTTPException):
            return Answer(error=BROKEN)

    def _send(self, parts: SplitResult, body: bytes, headers: dict[str, str]) -> Answer:
        until = time.monotonic() + self._seconds
        secure = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if secure else 80)
        # Host header and certificate are of the name; the connection is to an address that was judged.
        connection = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(host, port)
        line = _Line(self._connected(host, port, until))
        with line.ended_at(until):
            if secure:
                line.secure(self._tls, host)
            connection.sock = line.socket
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, {"User-Agent": AGENT, **JSON, **headers})
            response = connection.getresponse()
            line.check()  # headers that were cut off would pass for all of them
            with suppress(OSError, http.client.HTTPException):  # how it ends has no bearing on what it says
                response.read(MOST_READ)
            wait = seconds_to_wait(response.headers.get("Retry-After"), datetime.now(UTC))
            return Answer(status=response.status, retry_after=wait)

    def _connected(self, host: str, port: int, until: float) -> socket.socket:
        for family, kind, protocol, _, address in self._addresses(host, port)[:MOST_ADDRESSES]:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            one = socket.socket(family, kind, protocol)
            one.settimeout(min(CONNECT_SECONDS, left))
            try:
                one.connect(address)
            except OSError:
                one.close()
            else:
                one.settimeout(self._seconds)  # the line is ended before that
                return one
        raise _Unreachable(NOT_CONNECTED)

    def _addresses(self, host: str, port: int) -> list[tuple[Any, ...]]:
        """Where the name leads; nothing of it is used when some of it leads inwards."""
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError):
            raise _Unreachable(NOT_FOUND) from None
        addresses = [ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found]
        local = self._local and is_loopback(host) and all(address.is_loopback for address in addresses)
        if not local and not all(map(is_public, addresses)):
            raise _Unreachable(INWARDS)
        return found


JSON = {"Content-Type": "application/json"}


class _Line:
    """A connection that is ended when its time is over, however slowly it goes on."""

    def __init__(self, plain: socket.socket) -> None:
        # http.client lets go of its own while it still reads an answer.
        self.socket = plain
        self._over = threading.Event()

    def secure(self, tls: ssl.SSLContext, host: str) -> None:
        """TLS from here on, with whoever has a certificate for this name."""
        secured = tls.wrap_socket(self.socket, server_hostname=host, do_handshake_on_connect=False)
        self.socket = secured
        secured.do_handshake()

    def check(self) -> None:
        if self._over.is_set():
            raise TimeoutError

    @contextmanager
    def ended_at(self, until: float) -> Iterator[None]:
        """Until then, by `time.monotonic`; what is broken off so is a TimeoutError."""
        timer = threading.Timer(max(0.0, until - time.monotonic()), self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, http.client.HTTPException):
            self.check()
            raise
        finally:
            timer.cancel()
            self.socket.close()

    def _end(self) -> None:
        self._over.set()
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


def _is_plain(url: str) -> bool:
    """Nothing in it that a request line could be broken with, or that looks like another host."""
    return url.isascii() and url.isprintable() and not set(url) & set(" \"'<>\\^`{|}")


def _is_number(host: str) -> bool:
    """An address instead of a name, in any of the ways that resolvers read one (0x7f.1, 2130706433 …)."""
    try:
        ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        return last.isdigit() or last.startswith("0x")
    return True
