# SPDX-License-Identifier: Apache-2.0
"""Header lines that say what was meant.

The standard library's folding loses or adds spaces between encoded words, and drops the quotes around a comma
in a long name, which then reads as two recipients. So names and subjects are folded here: as they are where
they are plain ASCII, else as encoded words (RFC 2047), which join without a seam.
"""

from __future__ import annotations

from email.header import Header
from email.headerregistry import BaseHeader, HeaderRegistry, UniqueAddressHeader, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from email.utils import quote

#: characters of plain text left on one line; a line may have 998 (RFC 5322 2.1.1)
ONE_LINE = 200


# The registry joins these bases in just this way; typeshed has them disagree.
class _Subject(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc]
    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {_words(self.name, str(self), policy)}{policy.linesep}"


class _Mailbox(UniqueAddressHeader, BaseHeader):  # type: ignore[misc]
    """A header of one address."""

    def fold(self, *, policy: Policy) -> str:
        (mailbox,) = self.addresses
        if not mailbox.display_name:
            return f"{self.name}: {mailbox.addr_spec}{policy.linesep}"
        name = _words(self.name, mailbox.display_name, policy)
        if name == mailbox.display_name:
            name = f'"{quote(name)}"'
        return f"{self.name}: {name}{policy.linesep} <{mailbox.addr_spec}>{policy.linesep}"


def _words(header: str, text: str, policy: Policy) -> str:
    # What looks like an encoded word would be decoded by the reader.
    if text.isascii() and "=?" not in text and len(text) <= ONE_LINE:
        return text
    return Header(text, "utf-8", header_name=header).encode(linesep=policy.linesep)


def _policy() -> EmailPolicy[EmailMessage]:
    registry = HeaderRegistry()
    registry.map_to_type("subject", _Subject)
    for name in ("from", "to", "reply-to"):
        registry.map_to_type(name, _Mailbox)
    return SMTP.clone(header_factory=registry)


#: SMTP's: others encode text parts with bare line feeds, which iCalendar forbids
MAIL_POLICY = _policy()
