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

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage

from scheduler.domain.intervals import aware
from scheduler.domain.wording import one_line
from scheduler.messages.content import Person
from scheduler.messages.errors import NotAnAddress
from scheduler.messages.headers import MAIL_POLICY
from scheduler.messages.render import Rendered

#: dot-atoms (RFC 5322 3.2.3), in any letters (RFC 6532); nobody's mailbox needs the quoted form
_LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*\Z")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\Z")


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

    The caller makes `message_id` (`<…@host>`) from what is sent, so that a second hand-over after a crash
    carries the same one and receivers may drop it. `thread_id` is such an id that keeps one booking's mails
    together.
    """
    mail = EmailMessage(policy=MAIL_POLICY)
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
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: holiday replies stay away
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"  # the same for Exchange
    _fill(mail, rendered)
    # Last, or it would move into the first part with the other content headers.
    mail["Content-Language"] = rendered.language
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
    """`Name <mailbox>`, a domain in other letters in its ASCII form (RFC 5890). Raises NotAnAddress."""
    local, _, domain = person.email.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode()
    except UnicodeError as problem:
        raise NotAnAddress from problem
    if not (_LOCAL_PART.match(local) and _DOMAIN.match(ascii_domain)):
        raise NotAnAddress
    return Address(person.name, local, ascii_domain)
