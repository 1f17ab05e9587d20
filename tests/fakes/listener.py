# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 on 127.0.0.1, a thread per connection, none left behind."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.wire import Answer, Recorded

Handle = Callable[[Recorded], Answer | None]


class Listener(ThreadingHTTPServer):
    """Passes each request to ``handle``; what breaks in it goes to ``failed``."""

    daemon_threads = False  # so that closing waits for them
    request_queue_size = 512

    def __init__(
        self, handle: Handle, failed: Callable[[BaseException], None], tls: ssl.SSLContext | None
    ) -> None:
        self.handle = handle
        self.failed = failed
        self.tls = tls
        self._open: set[socket.socket] = set()
        self._guard = Lock()
        self._thread = Thread(target=self.serve_forever, args=(0.05,), name="fake vendor")
        super().__init__(("127.0.0.1", 0), _Connection)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.tls is not None:
            # The handshake belongs to the connection's own thread.
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._guard:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError | TimeoutError | ssl.SSLError):
            self.failed(error)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _serve(self) -> None:
        listener = cast(Listener, self.server)
        answer = listener.handle(self._recorded())
        if answer is None:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        self.send_header("Date", format_datetime(datetime.now(UTC), usegmt=True))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the base class looks for them
    do_OPTIONS = do_PROPFIND = do_PROPPATCH = do_REPORT = do_MKCALENDAR = do_MKCOL = _serve  # noqa: N815 - the same

    def _recorded(self) -> Recorded:
        headers = {name.lower(): value for name, value in self.headers.items()}
        parts = urlsplit(self.path)
        override = headers.get("x-http-method-override") if self.command == "POST" else None
        length = int(headers.get("content-length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionAbortedError("the client went away in the middle of it: that is no request")
        query = parts.query
        if override == "GET" and not query:
            # A long GET travels as a form.
            query, body = body.decode(), b""
        return Recorded(
            method=override or self.command,
            path=unquote(parts.path),
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            body=body,
            at=datetime.now(UTC),
            target=self.path,
        )

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing: tests read `requests`."""
