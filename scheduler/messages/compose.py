# SPDX-License-Identifier: Apache-2.0
"""A rendered mail as MIME (RFC 5322, RFC 6047), in the shape that Gmail, Outlook and Apple Mail all read:

multipart/mixed
├─ multipart/alternative
│  ├─ text/plain
│  ├─ text/html
│  └─ text/calendar; method=…      last, base64, no disposition: Outlook reads an attachment as a file
└─ application/ics; invite.ics     the same bytes, for clients that look only at attachments
"""

from __future__ import annotations

from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from scheduler.domain.intervals import aware
from scheduler.domain.wording import one_line
from scheduler.messages.content import Person
from scheduler.messages.render import Rendered


class NotAnAddress(ValueError):
    """That is not a mail address."""

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)


def compose(
    rendered: Rendered,
    *,
    sender: Person,
    recipient: Person,
    message_id: str,
    date: datetime,
    reply_to: Person | None = None,
    thread_id: str | None = None,
) -> EmailMessage:
    """The mail, ready to hand over. Raises NotAnAddress.

    The caller makes `message_id` (`<…@host>`) from what is sent, so that a second hand-over after a crash carries
    the same one and receivers may drop it. `thread_id` is such an id that keeps one booking's mails together.
    """
    # Only policy.SMTP: others encode text parts with bare line feeds, which iCalendar forbids.
    mail = EmailMessage(policy=SMTP)
    mail["From"] = address(sender)
    mail["To"] = address(recipient)
    if reply_to:
        mail["Reply-To"] = address(reply_to)
    mail["Subject"] = one_line(rendered.subject)
    mail["Date"] = aware(date)
    mail["Message-ID"] = message_id
    if thread_id:
        mail["References"] = thread_id
        mail["In-Reply-To"] = thread_id
    mail["Content-Language"] = rendered.language
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: holiday replies stay away
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"  # the same for Exchange
    _fill(mail, rendered)
    return mail


def _fill(mail: EmailMessage, rendered: Rendered) -> None:
    # Encodings that pass servers without 8BITMIME.
    mail.set_content(rendered.text, cte="quoted-printable")
    mail.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    if rendered.ics is None or rendered.method is None:
        return
    mail.add_alternative(
        rendered.ics.decode(), subtype="calendar", params={"method": rendered.method}, cte="base64"
    )
    name = "cancel.ics" if rendered.method == "CANCEL" else "invite.ics"
    mail.add_attachment(rendered.ics, maintype="application", subtype="ics", filename=name)


def address(person: Person) -> Address:
    """`Name <mailbox>`; a domain in other letters is written in its ASCII form (RFC 5890). Raises NotAnAddress."""
    local, at, domain = person.email.rpartition("@")
    if not (local and at and domain) or " " in person.email:
        raise NotAnAddress
    try:
        return Address(person.name, addr_spec=f"{local}@{domain.encode('idna').decode()}")
    except (ValueError, HeaderParseError, IndexError) as problem:
        raise NotAnAddress from problem
