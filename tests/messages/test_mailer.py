# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path

import pytest

from scheduler.messages.mailer import Mailer
from scheduler.messages.senders import FileSender
from tests.messages.facts import facts


def test_a_mail_goes_out_from_the_one_address_that_organises(tmp_path: Path) -> None:
    Mailer(FileSender(tmp_path), "talks@mail.example").send(facts("confirmation"), message_id="msg_1.2")
    (path,) = tmp_path.iterdir()
    mail = message_from_bytes(path.read_bytes(), policy=default)
    (event,) = mail.iter_attachments()
    wanted = {
        "From": "Northwind Labs <talks@mail.example>",
        "To": "Candy Date <candy@example.net>",
        "Reply-To": "Rosa Diaz <rosa@northwind.example>",
        "Message-ID": "<msg_1.2@mail.example>",
        "References": "<bkg_1@mail.example>",
    }
    assert {name: str(mail[name]) for name in wanted} == wanted
    assert b"mailto:talks@mail.example" in event.get_payload(decode=True).replace(b"\r\n ", b"")


def test_the_file_to_keep_comes_from_the_same_organiser(tmp_path: Path) -> None:
    kept = Mailer(FileSender(tmp_path), "talks@mail.example").invite(facts("confirmation"))
    assert b'ORGANIZER;CN="Northwind Labs":mailto:talks@mail.example\r\n' in kept
    assert b"METHOD:PUBLISH\r\n" in kept
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "kind",
    ["confirmation", "cancellation", "needs_attention", "settled", "asked_for_help", "candidate_silent"],
)
def test_what_the_contact_answers_goes_to_the_candidate(tmp_path: Path, kind) -> None:
    assert sent(tmp_path, kind, "contact")["Reply-To"] == "Candy Date <candy@example.net>"


@pytest.mark.parametrize("kind", ["no_options", "calendar_unreadable"])
def test_what_the_candidate_does_not_know_of_is_not_answered_to_them(tmp_path: Path, kind) -> None:
    assert sent(tmp_path, kind, "contact")["Reply-To"] is None


def test_what_an_interviewer_answers_goes_to_the_contact(tmp_path: Path) -> None:
    assert sent(tmp_path, "reminder", "interviewer")["Reply-To"] == "Rosa Diaz <rosa@northwind.example>"


def sent(folder: Path, kind, role) -> Message:
    """The mail as it leaves."""
    Mailer(FileSender(folder), "talks@mail.example").send(facts(kind, role), message_id="msg_1")
    (path,) = folder.iterdir()
    return message_from_bytes(path.read_bytes(), policy=default)
