# SPDX-License-Identifier: Apache-2.0
"""Handing mail over: to an SMTP server, or to a folder. What can go wrong is in `errors`."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from scheduler.domain.hosts import is_loopback
from scheduler.messages.errors import Refused, SendError, TryLater, Unconfirmed
from scheduler.messages.headers import MAIL_POLICY

logger = logging.getLogger(__name__)

SUBMISSION_PORT, PLAIN_PORT, TLS_PORT = 587, 25, 465

#: replies about signing in or encryption (RFC 4954 6, RFC 3207 4): ours to mend, the mail is fine
SET_UP_REPLIES = frozenset({530, 534, 535, 538})


class Sender(Protocol):
    """Takes one mail at a time."""

    def send(self, mail: EmailMessage) -> None:
        """Hand it over. Raises TryLater, Unconfirmed or Refused; returning means it was taken."""

    def probe(self) -> str:
        """One line on how mail would go out, without sending any. Raises SendError."""


def make_sender(mail_url: str, data_dir: Path) -> Sender:
    """`smtp://…`, `smtps://…`, or `file:` for `data_dir/mail`. Raises ValueError, never quoting the URL."""
    if mail_url == "file:":
        return FileSender(data_dir / "mail")
    return SmtpSender.from_url(mail_url)


class _Smtp(smtplib.SMTP):
    """Knows whether a mail's content has begun to travel: what becomes of it then, only an answer tells."""

    content_sent = False

    def send(self, s: bytes | str) -> None:  # type: ignore[override]  # commands come as text, content as bytes
        self.content_sent = self.content_sent or isinstance(s, bytes)
        super().send(s)


class _Smtps(smtplib.SMTP_SSL, _Smtp):
    """The same with TLS from the first byte."""


def _is_silence(failure: BaseException) -> bool:
    """The connection broke or nobody answered in time; a reply, whatever it says, is an answer."""
    return isinstance(failure, OSError) and not isinstance(failure, smtplib.SMTPResponseException)


@dataclass(frozen=True, kw_only=True)
class SmtpSender:
    """One connection a mail. Uses TLS where the server offers it, and insists on it before it signs in
    anywhere but on this machine."""

    host: str
    port: int
    #: TLS from the first byte (smtps), instead of STARTTLS
    implicit_tls: bool = False
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    #: seconds for each answer of the server
    timeout: float = 20

    @classmethod
    def from_url(cls, url: str, timeout: float = 20) -> SmtpSender:
        """From `smtp://user:pass@host:587` or `smtps://…`, credentials percent-encoded. Raises ValueError."""
        try:
            parts = urlsplit(url)
            scheme, host, port = parts.scheme, parts.hostname, parts.port
        except ValueError:
            scheme, host, port = "", None, None
        if scheme not in ("smtp", "smtps") or not host:
            # Not chained and not quoted: the URL carries a password.
            raise ValueError("the mail URL is none of smtp://host, smtps://host, file:") from None
        user = unquote(parts.username) if parts.username else None
        password = unquote(parts.password or "")
        if not (password.isascii() and (user or "").isascii()):
            # smtplib signs in with ASCII only.
            raise ValueError("the user and password in the mail URL must be plain ASCII")
        usual = TLS_PORT if scheme == "smtps" else SUBMISSION_PORT if user else PLAIN_PORT
        return cls(
            host=host,
            port=port or usual,
            implicit_tls=scheme == "smtps",
            user=user,
            password=password,
            timeout=timeout,
        )

    def send(self, mail: EmailMessage) -> None:
        with self._connection() as server:
            server.send_message(mail)

    def probe(self) -> str:
        with self._connection() as server:
            server.noop()
            secure = "encrypted" if isinstance(server.sock, ssl.SSLSocket) else "not encrypted"
        return f"{self.host}:{self.port}, {secure}" + (", signed in" if self.user else "")

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        with _as_send_errors():
            server = self._connect()
            try:
                self._secure(server)
                if self.user:
                    server.login(self.user, self.password or "")
                yield server
            except BaseException as failure:
                server.close()
                if server.content_sent and _is_silence(failure):
                    raise Unconfirmed(f"{type(failure).__name__}: {failure}") from None
                raise
            _part(server)

    def _connect(self) -> _Smtp | _Smtps:
        name = _own_name()
        if self.implicit_tls:
            return _Smtps(self.host, self.port, name, timeout=self.timeout, context=self._tls())
        return _Smtp(self.host, self.port, name, timeout=self.timeout)

    def _secure(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        if self.implicit_tls:
            return
        if server.has_extn("starttls"):
            server.starttls(context=self._tls())
            server.ehlo()
        elif self.user and not is_loopback(self.host):
            raise TryLater("It offers no encryption, so we do not sign in.")

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if is_loopback(self.host):
            # Nobody sits between, and no authority signs for localhost.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(frozen=True)
class FileSender:
    """One `.eml` a mail. The same Message-ID again takes the place of the file before."""

    folder: Path

    def send(self, mail: EmailMessage) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self._path(mail)
            draft = path.with_name(f".{path.name}.{os.getpid()}")
            draft.write_bytes(mail.as_bytes(policy=MAIL_POLICY.clone(utf8=True)))
            draft.replace(path)
        except OSError as problem:
            # Where the folder is, is for whoever runs the service: errors of mails are told by the API.
            logger.warning("mail cannot be written to %s: %s", self.folder, problem.strerror)
            why = os.strerror(problem.errno or errno.EIO)
            raise TryLater(f"The mail folder cannot be written ({why}).") from None

    def probe(self) -> str:
        nearest = next(path for path in (self.folder, *self.folder.absolute().parents) if path.exists())
        if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
            raise TryLater(f"Cannot write to {self.folder}")
        return f"files in {self.folder}"

    def _path(self, mail: EmailMessage) -> Path:
        """Sorts by the mail's date; ends in a digest of its Message-ID."""
        digest = hashlib.sha256(str(mail["Message-ID"]).encode()).hexdigest()[:20]
        written = mail["Date"].datetime.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        return next(self.folder.glob(f"*-{digest}.eml"), self.folder / f"{written}-{digest}.eml")


@contextmanager
def _as_send_errors() -> Iterator[None]:
    """What smtplib raises, as `try later` or `never`: by the reply's first digit (RFC 5321 4.2.1)."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as refusal:
        code, text = next(iter(refusal.recipients.values()))
        raise _judged(code, text) from None
    except smtplib.SMTPAuthenticationError as refusal:
        # Not in the server's words: some repeat the user name.
        raise TryLater(f"{refusal.smtp_code} It does not accept our credentials.") from None
    except (smtplib.SMTPConnectError, smtplib.SMTPHeloError) as refusal:
        raise TryLater(_said(refusal.smtp_code, refusal.smtp_error)) from None
    except smtplib.SMTPResponseException as refusal:
        raise _judged(refusal.smtp_code, refusal.smtp_error) from None
    except smtplib.SMTPNotSupportedError as lack:
        raise Refused(str(lack)) from None
    except UnicodeEncodeError:
        raise Refused("An address has letters the server cannot take.") from None
    except (smtplib.SMTPException, OSError) as failure:
        raise TryLater(f"{type(failure).__name__}: {failure}") from None


def _judged(code: int, text: bytes | str) -> SendError:
    never = 500 <= code < 600 and code not in SET_UP_REPLIES
    return (Refused if never else TryLater)(_said(code, text))


def _said(code: int, text: bytes | str) -> str:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"


def _part(server: smtplib.SMTP) -> None:
    """The mail is taken: a connection that breaks at the goodbye changes nothing."""
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def _own_name() -> str:
    """What EHLO says: our full name, or an address literal (RFC 5321 4.1.4). Asks no name server."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"
