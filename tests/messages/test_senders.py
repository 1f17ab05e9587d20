# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scheduler.messages import senders
from scheduler.messages.compose import compose
from scheduler.messages.content import Person
from scheduler.messages.errors import Refused, TryLater, Unconfirmed
from scheduler.messages.render import render
from scheduler.messages.senders import FileSender, SmtpSender, make_sender
from tests.messages.facts import CANDY, NOW, facts
from tests.patience import LONGER_AND_LONGER, PATIENCE

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

SENDER = Person(name="Northwind Labs", email="interviews@northwind.example")
PASSWORD = "p@ss/word:1"
SECRET_URL = "smtp://us%40er:p%40ss%2Fword%3A1@127.0.0.1"


def a_mail(message_id: str = "<msg_1@northwind.example>", recipient: Person = CANDY, minutes: int = 0):
    date = NOW + dt.timedelta(minutes=minutes)
    rendered = render(facts("confirmation"))
    return compose(rendered, sender=SENDER, recipient=recipient, message_id=message_id, date=date)


class Inbox:
    """Takes every mail, unless a reply is set for one of its steps."""

    def __init__(self, **replies: str) -> None:
        self.replies = replies
        self.taken: list[bytes] = []
        self.encrypted: list[bool] = []

    async def handle_MAIL(self, _server, _session, envelope, address, _options):  # noqa: N802
        if "mail" in self.replies:
            return self.replies["mail"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if "rcpt" in self.replies:
            return self.replies["rcpt"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802
        if "data" in self.replies:
            return self.replies["data"]
        self.taken.append(envelope.original_content)
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


class OnAnyPort(Controller):
    """aiosmtpd on a port the system picks."""

    def _create_server(self):
        async def bound():
            server = await self.loop.create_server(
                self._factory_invoker, "127.0.0.1", 0, ssl=self.ssl_context
            )
            self.port = server.sockets[0].getsockname()[1]
            return server

        return bound()


@contextmanager
def serving(inbox: Inbox, **settings) -> Iterator[int]:
    controller = OnAnyPort(inbox, hostname="127.0.0.1", port=0, ready_timeout=PATIENCE, **settings)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def accepts(server, session, envelope, mechanism, data):
    known = (data.login, data.password) == (b"us@er", PASSWORD.encode())
    return AuthResult(success=known, handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> ssl.SSLContext:
    """For localhost, signed by nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    return context


def test_a_mail_arrives_as_it_was_written() -> None:
    inbox, mail = Inbox(), a_mail()
    written = mail.as_bytes()
    with serving(inbox) as port:
        SmtpSender.from_url(f"smtp://127.0.0.1:{port}").send(mail)
    assert inbox.taken == [written]


def test_encryption_is_used_where_it_is_offered(certificate) -> None:
    inbox = Inbox()
    with serving(inbox, tls_context=certificate) as port:
        sender = SmtpSender.from_url(f"smtp://127.0.0.1:{port}")
        sender.send(a_mail())
        assert sender.probe() == f"127.0.0.1:{port}, encrypted"
    assert inbox.encrypted == [True]


def test_smtps_is_encrypted_from_the_start_and_signs_in(certificate) -> None:
    inbox = Inbox()
    with serving(inbox, ssl_context=certificate, authenticator=accepts, auth_require_tls=False) as port:
        sender = SmtpSender.from_url(f"{SECRET_URL}:{port}".replace("smtp:", "smtps:"))
        sender.send(a_mail())
        assert sender.probe() == f"127.0.0.1:{port}, encrypted, signed in"
    assert len(inbox.taken) == 1


def test_credentials_are_percent_decoded_and_never_shown() -> None:
    inbox = Inbox()
    with serving(inbox, authenticator=accepts, auth_required=True, auth_require_tls=False) as port:
        sender = SmtpSender.from_url(f"{SECRET_URL}:{port}")
        sender.send(a_mail())
        assert sender.probe() == f"127.0.0.1:{port}, not encrypted, signed in"
    assert len(inbox.taken) == 1
    assert (sender.user, sender.password) == ("us@er", PASSWORD)
    assert "us@er" not in repr(sender)
    assert PASSWORD not in repr(sender)


def test_wrong_credentials_leave_the_mail_for_later() -> None:
    with serving(Inbox(), authenticator=accepts, auth_require_tls=False) as port:
        sender = SmtpSender.from_url(f"smtp://us%40er:wrong@127.0.0.1:{port}")
        with pytest.raises(TryLater, match="535 It does not accept our credentials") as caught:
            sender.send(a_mail())
    assert "wrong" not in str(caught.value)


def test_a_server_that_wants_us_to_sign_in_leaves_the_mail_for_later() -> None:
    with (
        serving(Inbox(), authenticator=accepts, auth_required=True, auth_require_tls=False) as port,
        pytest.raises(TryLater, match="530"),
    ):
        SmtpSender.from_url(f"smtp://127.0.0.1:{port}").send(a_mail())


def test_elsewhere_nobody_hears_our_password_in_the_clear(monkeypatch) -> None:
    monkeypatch.setattr(senders, "is_loopback", lambda _host: False)
    asked: list[bytes] = []

    def never(server, session, envelope, mechanism, data):
        asked.append(data.password)
        return AuthResult(success=True)

    with (
        serving(Inbox(), authenticator=never, auth_require_tls=False) as port,
        pytest.raises(TryLater, match="no encryption, so we do not sign in"),
    ):
        SmtpSender.from_url(f"{SECRET_URL}:{port}").send(a_mail())
    assert asked == []


def test_elsewhere_a_certificate_must_be_vouched_for(monkeypatch, certificate) -> None:
    monkeypatch.setattr(senders, "is_loopback", lambda _host: False)
    inbox = Inbox()
    with serving(inbox, tls_context=certificate) as port, pytest.raises(TryLater, match="certificate"):
        SmtpSender.from_url(f"smtp://127.0.0.1:{port}").send(a_mail())
    assert inbox.taken == []


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("550 5.1.1 <candy@example.net> unknown here", Refused),
        ("554 no thanks", Refused),
        ("451 4.7.1 greylisted, candy@example.net", TryLater),
        ("421 busy", TryLater),
    ],
)
def test_five_hundreds_are_for_good_and_four_hundreds_for_now(step, reply, error) -> None:
    with serving(Inbox(**{step: reply})) as port, pytest.raises(error) as caught:
        SmtpSender.from_url(f"smtp://127.0.0.1:{port}").send(a_mail())
    assert type(caught.value) is error
    assert reply[:3] in caught.value.detail
    assert CANDY.email not in caught.value.detail


def test_letters_the_server_cannot_take_are_refused_for_good() -> None:
    reader = Person(name="Zoë", email="zoë@example.net")
    with serving(Inbox(), enable_SMTPUTF8=False) as port, pytest.raises(Refused):
        SmtpSender.from_url(f"smtp://127.0.0.1:{port}").send(a_mail(recipient=reader))


def test_letters_beyond_ascii_pass_where_the_server_takes_them() -> None:
    inbox = Inbox()
    with serving(inbox, enable_SMTPUTF8=True) as port:
        SmtpSender.from_url(f"smtp://127.0.0.1:{port}").send(
            a_mail(recipient=Person(name="Zoë", email="zoë@example.net"))
        )
    assert "<zoë@example.net>".encode() in inbox.taken[0]


def test_nobody_there_means_later() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        with pytest.raises(TryLater, match="refused"):
            SmtpSender.from_url(f"smtp://127.0.0.1:{port}").send(a_mail())


@contextmanager
def script(*replies: bytes, hang: bool = False, heard: list[bytes] | None = None) -> Iterator[int]:
    """A server that says these lines, one for each thing it hears, and hangs up (or says nothing more)."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            with suppress(OSError):  # the other side has hung up
                connection, _ = listening.accept()
                with connection:
                    for reply in replies:
                        connection.sendall(reply)
                        said = all_of(connection, b"\r\n.\r\n" if reply.startswith(b"354") else b"\r\n")
                        if heard is not None:
                            heard.append(said)
                    if hang:
                        done.wait(PATIENCE)

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            done.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def all_of(connection: socket.socket, end: bytes) -> bytes:
    """What is said up to this, to the last: hanging up on something unread would be a reset."""
    said = b""
    while not said.endswith(end):
        more = connection.recv(65536)
        if not more:
            raise ConnectionAbortedError
        said += more
    return said


GREETING = (b"220 hi\r\n", b"250 hi\r\n", b"250 from ok\r\n", b"250 to ok\r\n", b"354 go on\r\n")


@pytest.mark.parametrize("steps", range(len(GREETING) + 1))
def test_a_connection_that_breaks_half_way_means_later(steps) -> None:
    with script(*GREETING[:steps]) as port, pytest.raises(TryLater) as failure:
        SmtpSender.from_url(f"smtp://127.0.0.1:{port}").send(a_mail())
    taken_perhaps = steps == len(GREETING)
    assert (type(failure.value) is Unconfirmed) == taken_perhaps


def test_a_server_that_falls_silent_after_the_content_may_have_taken_it() -> None:
    for seconds in LONGER_AND_LONGER:
        heard: list[bytes] = []
        with script(*GREETING, hang=True, heard=heard) as port, pytest.raises(TryLater) as failure:
            SmtpSender.from_url(f"smtp://127.0.0.1:{port}", timeout=seconds).send(a_mail())
        if len(heard) == len(GREETING):
            break
    assert type(failure.value) is Unconfirmed
    assert "not known" in str(failure.value)


def test_a_server_that_says_no_after_the_content_has_not_taken_it() -> None:
    with script(*GREETING, b"451 not now\r\n", b"250 ok\r\n") as port, pytest.raises(TryLater) as failure:
        SmtpSender.from_url(f"smtp://127.0.0.1:{port}").send(a_mail())
    assert type(failure.value) is TryLater


def test_a_server_that_falls_silent_means_later() -> None:
    with script(*GREETING[:2], hang=True) as port, pytest.raises(TryLater):
        SmtpSender.from_url(f"smtp://127.0.0.1:{port}", timeout=0.2).send(a_mail())


def test_a_connection_that_breaks_after_the_mail_was_taken_changes_nothing() -> None:
    class HangsUp(Inbox):
        async def handle_QUIT(self, server, _session, _envelope):  # noqa: N802
            server.transport.abort()
            return "221 never heard"

    inbox = HangsUp()
    with serving(inbox) as port:
        SmtpSender.from_url(f"smtp://127.0.0.1:{port}").send(a_mail())
    assert len(inbox.taken) == 1


def test_credentials_beyond_ascii_are_refused_at_the_start(tmp_path) -> None:
    with pytest.raises(ValueError, match="must be plain ASCII"):
        make_sender("smtp://user:w%C3%B6rd@mail.example", tmp_path)


@pytest.mark.parametrize(
    ("url", "port", "implicit"),
    [
        ("smtp://mail.example", 25, False),
        ("smtp://u:p@mail.example", 587, False),
        ("smtp://u:p@mail.example:2525", 2525, False),
        ("smtps://u:p@mail.example", 465, True),
        ("smtp://[::1]:1025", 1025, False),
    ],
)
def test_urls_name_the_server(url, port, implicit, tmp_path) -> None:
    sender = make_sender(url, tmp_path)
    assert isinstance(sender, SmtpSender)
    assert (sender.port, sender.implicit_tls) == (port, implicit)


@pytest.mark.parametrize(
    "url",
    ["", "mail.example", "http://u:secret@x", "smtp://", "smtp://u:secret@x:port", "file:secret", "smtp://["],
)
def test_other_urls_are_refused_without_being_repeated(url, tmp_path) -> None:
    with pytest.raises(ValueError, match="none of smtp://host") as caught:
        make_sender(url, tmp_path)
    assert "secret" not in str(caught.value)


def test_a_file_holds_the_whole_mail(tmp_path: Path) -> None:
    sender, mail = make_sender("file:", tmp_path), a_mail()
    sender.send(mail)
    (path,) = (tmp_path / "mail").iterdir()
    assert path.name.startswith("20261130T094100Z-")
    assert path.suffix == ".eml"
    assert path.read_bytes() == mail.as_bytes()
    assert message_from_bytes(path.read_bytes(), policy=default)["Subject"] == mail["Subject"]
    assert sender.probe() == f"files in {tmp_path / 'mail'}"


def test_the_same_mail_again_takes_its_own_place(tmp_path: Path) -> None:
    sender = FileSender(tmp_path)
    for minutes in (0, 5):
        sender.send(a_mail(minutes=minutes))
    sender.send(a_mail("<msg_2@northwind.example>", minutes=1))
    dates = [
        message_from_bytes(path.read_bytes(), policy=default)["Date"] for path in sorted(tmp_path.iterdir())
    ]
    assert dates == ["Mon, 30 Nov 2026 09:46:00 +0000", "Mon, 30 Nov 2026 09:42:00 +0000"]


def test_a_file_takes_any_letters(tmp_path: Path) -> None:
    FileSender(tmp_path).send(a_mail(recipient=Person(name='Zoë, née "Q"', email="zoë@example.net")))
    (path,) = tmp_path.iterdir()
    assert "<zoë@example.net>".encode() in path.read_bytes()


def test_a_folder_that_cannot_be_written_means_later_and_only_the_log_says_where_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "mail"
    in_the_way.write_text("not a folder")
    sender = FileSender(in_the_way)
    with pytest.raises(TryLater) as refusal:
        sender.send(a_mail())
    assert refusal.value.detail == (
        "The mail server did not take the mail now. The mail folder cannot be written (File exists)."
    )
    assert str(in_the_way) in caplog.text
    with pytest.raises(TryLater, match="Cannot write"):
        sender.probe()
    assert list(tmp_path.iterdir()) == [in_the_way]
