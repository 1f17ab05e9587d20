# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32, default
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.domain.wording import one_line
from scheduler.messages.compose import address, compose
from scheduler.messages.content import Person
from scheduler.messages.errors import NotAnAddress
from scheduler.messages.render import Rendered, render
from tests.messages.facts import CANDY, EVERY_MAIL, NOW, ROSA, facts

SENDER = Person(name="Northwind Labs", email="interviews@northwind.example")
MESSAGE_ID = "<msg_0123456789abcdefABCDEF0123456789abcdefABCDEF0123456789.2@interviews.northwind.example>"


BARE = Rendered(subject="subject", text="text\n", html="<p>text</p>\n", language="en")


def raw(rendered: Rendered, **changes) -> bytes:
    """What goes over the wire."""
    given = {"sender": SENDER, "recipient": CANDY, "reply_to": ROSA, "message_id": MESSAGE_ID, "date": NOW}
    return compose(rendered, **(given | changes)).as_bytes()


def sent(rendered: Rendered, **changes) -> EmailMessage:
    """What arrives."""
    return message_from_bytes(raw(rendered, **changes), policy=default)


def shape(part) -> object:
    """Content types, nested as the parts are."""
    if part.is_multipart():
        return (part.get_content_type(), [shape(each) for each in part.iter_parts()])
    return part.get_content_type()


def test_a_confirmation_has_the_shape_that_clients_read() -> None:
    assert shape(sent(render(facts("confirmation")))) == (
        "multipart/mixed",
        [
            ("multipart/alternative", ["text/plain", "text/html", "text/calendar"]),
            "application/ics",
        ],
    )


def test_a_mail_without_an_event_is_plain_and_html() -> None:
    assert shape(sent(render(facts("reminder")))) == ("multipart/alternative", ["text/plain", "text/html"])


@pytest.mark.parametrize(
    ("kind", "method"), [("confirmation", "REQUEST"), ("video_link", "REQUEST"), ("cancellation", "CANCEL")]
)
def test_both_copies_of_the_event_are_the_event(kind, method) -> None:
    rendered = render(facts(kind))
    mail = sent(rendered)
    calendar = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    (attachment,) = mail.iter_attachments()
    assert calendar["Content-Type"].params == {"charset": "utf-8", "method": method}
    assert calendar["Content-Disposition"] is None
    assert calendar.get_payload(decode=True) == attachment.get_payload(decode=True) == rendered.ics
    assert f"\r\nMETHOD:{method}\r\n".encode() in rendered.ics


def test_headers_say_who_when_and_that_a_machine_wrote() -> None:
    mail = sent(render(facts("confirmation")), thread_id="<bkg_1@northwind.example>")
    wanted = {
        "From": "Northwind Labs <interviews@northwind.example>",
        "To": "Candy Date <candy@example.net>",
        "Reply-To": "Rosa Diaz <rosa@northwind.example>",
        "Date": "Mon, 30 Nov 2026 09:41:00 +0000",
        "Message-ID": MESSAGE_ID,
        "In-Reply-To": "<bkg_1@northwind.example>",
        "References": "<bkg_1@northwind.example>",
        "Content-Language": "en-GB",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
    }
    assert {name: str(mail[name]) for name in wanted} == wanted


def test_the_organiser_is_who_the_mail_comes_from() -> None:
    mail = sent(render(facts("confirmation", sender=SENDER.email)))
    (attachment,) = mail.iter_attachments()
    organizer = f'ORGANIZER;CN="Northwind Labs":mailto:{mail["From"].addresses[0].addr_spec}'
    assert organizer in attachment.get_payload(decode=True).decode()


@pytest.mark.parametrize(("kind", "role"), EVERY_MAIL)
def test_every_mail_passes_servers_of_seven_bits_and_keeps_its_words(kind, role) -> None:
    rendered = render(facts(kind, role))
    wire = raw(rendered)
    assert wire.isascii()
    assert b"\n" not in wire.replace(b"\r\n", b"")
    assert max(map(len, wire.split(b"\r\n"))) <= 998
    mail = message_from_bytes(wire, policy=default)
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == rendered.text
    assert mail.get_body(("html",)).get_content().replace("\r\n", "\n") == rendered.html
    assert mail["Subject"] == rendered.subject


@pytest.mark.parametrize(
    "email",
    [
        "",
        "candy",
        "@example.net",
        "candy@",
        "a b@example.net",
        "x@a..example",
        "a,b@example.net",
        "<x@y.example",
    ],
)
def test_what_is_not_an_address_is_refused_for_good(email) -> None:
    with pytest.raises(NotAnAddress):
        address(Person(name="Candy", email=email))


def test_domains_in_other_letters_are_written_in_ascii() -> None:
    assert address(Person(name="", email="candy@bücher.example")).addr_spec == "candy@xn--bcher-kva.example"


@settings(max_examples=150)
@given(st.text(max_size=120), st.text(max_size=150))
def test_no_name_and_no_subject_makes_a_header(name, subject) -> None:
    mail = sent(replace(BARE, subject=subject), recipient=Person(name=name, email=CANDY.email))
    assert mail["Subject"] == one_line(subject)
    (recipient,) = mail["To"].addresses
    assert recipient.addr_spec == CANDY.email
    assert mail.keys() == [
        *("From", "To", "Reply-To", "Subject", "Date", "Message-ID"),
        *("Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type", "Content-Language"),
    ]


@settings(max_examples=150)
@given(st.text(max_size=60))
def test_names_arrive_as_they_were(name) -> None:
    person = Person(name=name, email=CANDY.email)
    # Read by the older parser: the newer one sees a space between encoded words that are split inside a word.
    display_name, email = parseaddr(
        str(message_from_bytes(raw(BARE, recipient=person), policy=compat32)["To"])
    )
    assert (str(make_header(decode_header(display_name))), email) == (person.name, CANDY.email)
