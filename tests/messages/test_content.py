# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime

import pytest

from scheduler.messages.content import Brand, Person, is_web_link
from tests.messages.facts import CODING, CONSOLE, DESIGN, LINK, at, facts


def test_names_are_one_line() -> None:
    assert Person(name="Ada\r\nBcc: x@y.example", email="a@b.example").name == "Ada Bcc: x@y.example"


def test_instructions_keep_their_lines_and_nothing_else() -> None:
    session = CODING.__class__(
        key="k", title="a\nb", start=at(9), end=at(10), people=("x\ny",), instructions="one\r\n\n\ttwo\x00 "
    )
    assert (session.title, session.people, session.instructions) == ("a b", ("x y",), "one\ntwo")


def test_times_without_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        facts("invitation", now=datetime(2026, 12, 1))  # noqa: DTZ001


def test_a_wrong_colour_is_refused() -> None:
    with pytest.raises(ValueError, match="not a colour"):
        Brand(name="Northwind", accent="red;background:url(x)")


@pytest.mark.parametrize("role", ["interviewer", "contact"])
def test_nobody_else_can_be_given_the_candidates_link(role) -> None:
    with pytest.raises(ValueError, match="only the candidate"):
        facts("confirmation", role, candidate_link=LINK)


def test_nobody_but_the_contact_can_be_given_the_candidates_address() -> None:
    with pytest.raises(ValueError, match="only the contact"):
        facts("confirmation", "interviewer", candidate_email="candy@example.net")


@pytest.mark.parametrize(
    "inside", [{"reason": "too weak"}, {"team_link": CONSOLE}, {"blockers": ("Ada is ill",)}]
)
def test_the_candidate_cannot_be_given_the_teams_words(inside) -> None:
    with pytest.raises(ValueError, match="within the team"):
        facts("cancellation", **inside)


def test_a_reader_gets_only_the_kinds_meant_for_them() -> None:
    with pytest.raises(ValueError, match="a contact gets no reminder mail"):
        facts("reminder", "contact")


def test_a_mail_about_a_booking_needs_its_sessions() -> None:
    with pytest.raises(ValueError, match="needs the sessions"):
        facts("confirmation", sessions=())


def test_a_mail_spans_its_sessions_in_any_order() -> None:
    mail = facts("confirmation", sessions=(DESIGN, CODING))
    assert (mail.start, mail.end) == (at(11, 15), at(12, 30))


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("https://meet.example/abc?x=1", True),
        ("http://meet.example", True),
        ("javascript:alert(1)", False),
        ('https://meet.example/"onmouseover="x', False),
        ("https://meet.example/ x", False),
        ("", False),
    ],
)
def test_only_web_links_may_be_clicked(text, safe) -> None:
    assert is_web_link(text) is safe
