# SPDX-License-Identifier: Apache-2.0
"""Facts in, mail out: rendering, composing and handing over in one step."""

from __future__ import annotations

from dataclasses import replace

from scheduler.messages.compose import compose
from scheduler.messages.content import MailFacts, Person
from scheduler.messages.render import download, render
from scheduler.messages.senders import Sender


class Mailer:
    """Sends every mail from one address, in the organisation's name."""

    def __init__(self, sender: Sender, mail_from: str) -> None:
        self._sender = sender
        self._from = mail_from

    def send(self, facts: MailFacts, *, message_id: str) -> None:
        """Raises `errors.SendError`. The same `message_id` marks a second hand-over of the same mail."""
        facts = replace(facts, sender=self._from)
        mail = compose(
            render(facts),
            sender=Person(name=facts.brand.name, email=self._from),
            recipient=facts.recipient,
            message_id=f"<{message_id}@{self._host}>",
            date=facts.now,
            reply_to=facts.reply_to,
            thread_id=f"<{facts.uid.partition('@')[0]}@{self._host}>" if facts.uid else None,
        )
        self._sender.send(mail)

    def invite(self, facts: MailFacts) -> bytes:
        """The booked interview as a calendar file to keep."""
        return download(replace(facts, sender=self._from))

    @property
    def _host(self) -> str:
        return self._from.rpartition("@")[2] or "localhost"
