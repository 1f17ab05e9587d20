# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from scheduler.domain.colour import contrast
from scheduler.domain.intervals import Interval
from scheduler.domain.wording import one_line
from scheduler.messages.content import Brand, Person, SessionFacts
from scheduler.messages.render import render
from scheduler.messages.view import Colours
from tests.messages.facts import (
    ADA,
    CANDY,
    CODING,
    CONSOLE,
    DESIGN,
    EVERY_MAIL,
    LINK,
    OPTIONS,
    PARTS,
    PLAN,
    ROSA,
    at,
    facts,
)


class Shown(HTMLParser):
    """The words of an HTML page, its links and its tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.hidden = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]
        self.hidden += tag in ("style", "title") or ("aria-hidden", "true") in attrs

    def handle_endtag(self, tag) -> None:
        self.hidden -= bool(self.hidden) and tag in ("style", "title", "span")

    def handle_data(self, data) -> None:
        if not self.hidden:
            self.words += data.split()


def test_any_calendar_is_asked_to_be_readable() -> None:
    text = " ".join(render(facts("calendar_unreadable", "interviewer", team_link="")).text.split())
    assert "Please check that the calendar is still where it was, and that it can be read." in text


@pytest.mark.parametrize(
    ("kind", "role", "changes", "subject"),
    [
        ("invitation", "candidate", {"expires_at": None}, f"Choose a time: {PLAN}"),
        ("invitation_again", "candidate", {}, f"Choose a time by Thu 3 Dec, 18:00 GMT: {PLAN}"),
        ("invitation", "candidate", {"options": OPTIONS[:1]}, f"Does Tue 1 Dec, 11:00 GMT suit you? {PLAN}"),
        ("reminder", "candidate", {}, f"Reminder: Tue 1 Dec, 11:15 GMT, {PLAN}"),
        ("cancellation", "candidate", {}, f"Cancelled: Tue 1 Dec, 11:15 GMT, {PLAN}"),
        ("confirmation", "candidate", {"version": 2}, f"Updated: Tue 1 Dec, 11:15 GMT, {PLAN}"),
        ("reminder", "interviewer", {}, "Reminder: Tue 1 Dec, 12:15 CET, interview with Candy Date"),
        ("cancellation", "interviewer", {}, "Cancelled: Tue 1 Dec, 12:15 CET, interview with Candy Date"),
        (
            "cancellation",
            "interviewer",
            {"continues": True},
            "No longer needed: Tue 1 Dec, 12:15 CET, interview with Candy Date",
        ),
        ("calendar_unreadable", "interviewer", {}, "We cannot read your calendar (Mon 30 Nov, 10:41 CET)"),
        (
            "calendar_unreadable",
            "contact",
            {},
            "We cannot read the calendar of Ada Keller (Mon 30 Nov, 10:41 CET)",
        ),
        ("confirmation", "contact", {}, "Candy Date has chosen Tue 1 Dec, 12:15 CET"),
        (
            "confirmation",
            "contact",
            {"assigned": True},
            "Candy Date has been given Tue 1 Dec, 12:15 CET",
        ),
        ("cancellation", "contact", {}, "Cancelled: Candy Date, Tue 1 Dec, 12:15 CET"),
        (
            "video_link",
            "candidate",
            {},
            "How to join: Tue 1 Dec, 11:15 GMT, Technical interview for Backend Engineer",
        ),
        ("video_link", "contact", {}, "Video link: Candy Date, Tue 1 Dec, 12:15 CET"),
        ("needs_attention", "contact", {}, "Needs a look: Candy Date, Tue 1 Dec, 12:15 CET"),
        ("settled", "contact", {}, "No longer needs a look: Candy Date, Tue 1 Dec, 12:15 CET"),
        (
            "settled",
            "contact",
            {"more_to_see": True},
            "One thing less to look at: Candy Date, Tue 1 Dec, 12:15 CET",
        ),
    ],
)
def test_subjects_carry_the_time_and_its_zone(kind, role, changes, subject) -> None:
    assert render(facts(kind, role, **changes)).subject == subject


@pytest.mark.parametrize(("kind", "role"), EVERY_MAIL)
def test_every_mail_names_the_zone_and_keeps_the_voice(kind, role) -> None:
    mail = render(facts(kind, role))
    zone = "London time (GMT)" if role == "candidate" else "Berlin time (CET)"
    assert zone in mail.text
    assert zone in mail.html
    assert not re.search(r"!|\bslots?\b|please be advised", mail.subject + mail.text, re.IGNORECASE)


@pytest.mark.parametrize(("kind", "role"), EVERY_MAIL)
def test_the_plain_text_says_all_the_html_says(kind, role) -> None:
    mail = render(facts(kind, role))
    shown, plain = Shown(mail.html), set(re.findall(r"\w+", mail.text))
    brand_above_the_card = {"Northwind", "Labs"}
    assert set(re.findall(r"\w+", " ".join(shown.words))) - plain <= brand_above_the_card
    assert [link for link in shown.links if link not in mail.text and not link.startswith("mailto:")] == []


@pytest.mark.parametrize(("kind", "role"), EVERY_MAIL)
def test_html_is_light_and_fetches_nothing(kind, role) -> None:
    html = render(facts(kind, role)).html
    shown = Shown(html)
    assert len(html.encode()) < 10_000
    assert {"img", "script", "link", "iframe"}.isdisjoint(shown.tags)
    assert "url(" not in html
    assert html.startswith('<!doctype html>\n<html lang="en-GB">')
    assert shown.tags.count("h1") == 1


@pytest.mark.parametrize(("kind", "role"), EVERY_MAIL)
def test_plain_text_keeps_to_seventy_columns(kind, role) -> None:
    person = Person(name="Bartholomew-Maximilian Featherstonehaugh-Cholmondeley " * 3, email=CANDY.email)
    lines = render(
        facts(kind, role, recipient=person, contact=person, plan_name="word " * 60)
    ).text.splitlines()
    assert [line for line in lines if len(line) > 70 and "://" not in line] == []


@pytest.mark.parametrize(("kind", "role"), EVERY_MAIL)
def test_nobody_reads_what_is_not_for_them(kind, role) -> None:
    changes = {} if role == "candidate" else {"reason": "canary-reason"}
    mail = render(facts(kind, role, **changes))
    everything = mail.subject + mail.text + mail.html + (mail.ics or b"").decode().replace("\r\n ", "")
    assert (LINK in everything) == (role == "candidate" and kind != "cancellation")
    if role == "candidate":
        assert CONSOLE not in everything
        assert ADA.email not in everything
    if role == "interviewer" and kind != "calendar_unreadable":
        # A candidate's reason for cancelling is theirs and the recruiter's.
        assert "canary-reason" not in everything
    assert LINK not in (mail.ics or b"").decode().replace("\r\n ", "")


def test_a_contact_reads_where_to_answer_a_question() -> None:
    text = render(facts("asked_for_help", "contact")).text
    assert "Address   candy@example.net\n" in text
    assert "your answer goes to Candy Date." in " ".join(text.split())


def test_a_contact_reads_the_reason() -> None:
    mail = render(facts("cancellation", "contact", cancelled_by="candidate", reason="I have\na fever"))
    assert "Candy Date has cancelled" in mail.text
    assert "Why       I have\n          a fever\n" in mail.text


def test_a_contact_reads_how_the_others_hear_of_a_cancellation() -> None:
    text = " ".join(render(facts("cancellation", "contact")).text.split())
    assert "Candy Date hears of it by mail. The entry is taken out of interviewers' calendars" in text


def test_a_candidate_who_cancelled_is_thanked_and_others_are_asked_pardon() -> None:
    assert "As you asked" in render(facts("cancellation", cancelled_by="candidate")).text
    assert "We are sorry" in render(facts("cancellation", cancelled_by="us")).text


def test_a_moved_interview_says_what_it_was() -> None:
    moved = facts("confirmation", version=2, moved_from=Interval(at(9), at(10, 15)))
    text = render(moved).text
    assert text.startswith("Your new time is arranged, Candy\n")
    assert "This takes the place of Tuesday 1 December, 09:00–10:15, London time (GMT)." in " ".join(
        text.split()
    )
    assert render(moved).subject.startswith("New time: Tue 1 Dec, 11:15 GMT")


def test_a_loop_of_two_days_is_a_readable_plan() -> None:
    onsite = SessionFacts(
        key="talk",
        title="How we work",
        start=at(9, 30, day=4),
        end=at(10, 30, day=4),
        people=("Mira Osei",),
        room="Room Blue",
        location="12 Quay Street",
    )
    mail = render(facts("confirmation", sessions=(CODING, onsite)))
    assert (
        """
When      Tuesday 1 December, 11:15–11:45, London time (GMT)
          Friday 4 December, 09:30–10:30, London time (GMT)
With      Ada Keller, then Mira Osei
Where     Video call
          https://meet.example/abc
          Room Blue, 12 Quay Street
Agenda    Tue 1 Dec 11:15–11:45  Coding together, Ada Keller
          Fri 4 Dec 09:30–10:30  How we work, Mira Osei (Room Blue, 12
          Quay Street)
"""
        in mail.text
    )
    assert "does not block the time between" in " ".join(mail.text.split())


def test_of_several_places_or_calls_the_agenda_says_which_is_whose() -> None:
    blue = replace(DESIGN, video=False, conference_url="", room="Room Blue")
    other = replace(DESIGN, conference_url="https://meet.example/xyz")
    mail = render(facts("confirmation", sessions=(CODING, blue)))
    assert "A talk about design, Hana Sato and Ivo Brandt (Room Blue)" in " ".join(mail.text.split())
    assert "Hana Sato and Ivo Brandt (Room Blue)" in " ".join(Shown(mail.html).words)
    event = Calendar.from_ical(mail.ics or b"").events[0]
    assert "Hana Sato and Ivo Brandt (Room Blue)" in event["DESCRIPTION"]
    calls = " ".join(render(facts("confirmation", sessions=(CODING, other))).text.split())
    assert "Coding together, Ada Keller (https://meet.example/abc)" in calls
    assert "Hana Sato and Ivo Brandt (https://meet.example/xyz)" in calls
    assert "Ada Keller (" not in render(facts("confirmation", sessions=(CODING, DESIGN))).text


def test_a_call_without_a_link_says_who_tells_how_to_join() -> None:
    waiting = SessionFacts(key="k", title="Call", start=at(9), end=at(10), people=("Ada Keller",), video=True)
    told = render(facts("confirmation", sessions=(waiting,)))
    assert "Where     Rosa Diaz will tell you how to join before the interview\n" in told.text
    assert b"Video call" not in told.ics
    both = render(facts("confirmation", sessions=(CODING, waiting), contact=None)).text
    assert "Video call\n          https://meet.example/abc\n          We will tell you how to join" in both
    team = render(facts("confirmation", "contact", sessions=(waiting,))).text
    assert "Where     No link yet: please tell everybody how to join\n" in team


def test_many_days_are_said_from_when_to_when() -> None:
    options = tuple(Interval(at(9, day=day), at(10, day=day)) for day in range(1, 8))
    text = render(facts("invitation", options=options)).text
    assert "seven times to choose from, from Tuesday 1 December to\nMonday 7 December." in text


def test_an_invitation_can_be_all_but_bare() -> None:
    text = render(facts("invitation", options=(), parts=PARTS[:1], expires_at=None, contact=None)).text
    assert "How long  30 minutes\nZone      London time (GMT)\n" in text
    assert (
        "If none of them suits you, say on the same page when you could be there. "
        "If you need an adjustment, write to the person who invited you." in " ".join(text.split())
    )


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(hours=24), "See you tomorrow at 11:15, Candy"),
        (timedelta(hours=22), "See you tomorrow at 11:15, Candy"),
        (timedelta(hours=6), "See you today at 11:15, Candy"),
        (timedelta(minutes=59, seconds=50), "See you in 1 hour, Candy"),
        (timedelta(minutes=23), "See you in 25 minutes, Candy"),
    ],
)
def test_a_reminder_counts_the_time_that_is_really_left(before, words) -> None:
    assert render(facts("reminder", now=CODING.start - before)).text.startswith(words + "\n")


@pytest.mark.parametrize(
    ("zone", "start", "words"),
    [
        # Spring: 24 hours before is an hour later on the wall, and still the day before.
        ("Europe/London", "2027-03-28T10:00", "tomorrow at 10:00"),
        # Autumn: the day has 25 hours, and 24 before its last half hour is its first.
        ("America/New_York", "2027-11-07T10:00", "tomorrow at 10:00"),
        ("America/New_York", "2027-11-07T23:30", "today at 23:30"),
    ],
)
def test_a_day_before_a_clock_change_says_the_right_day(zone, start, words) -> None:
    first = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    session = SessionFacts(
        key="k", title="Call", start=first, end=first + timedelta(hours=1), people=("Ada",)
    )
    reader = Person(name="Candy", email="c@example.net", time_zone=zone)
    mail = render(facts("reminder", recipient=reader, sessions=(session,), now=first - timedelta(hours=24)))
    assert mail.text.startswith(f"See you {words}, Candy\n")


def test_americans_read_twelve_hours_and_their_own_tag() -> None:
    reader = Person(name="Candy", email="c@example.net", time_zone="America/New_York", locale="en-US")
    mail = render(facts("confirmation", recipient=reader))
    assert mail.subject == f"Confirmed: Tue, Dec 1, 6:15 am EST, {PLAN}"
    assert mail.html.startswith('<!doctype html>\n<html lang="en-US">')


@pytest.mark.parametrize("locale", ["de-DE", "../../x", "", "ja"])
def test_a_language_without_wordings_reads_english(locale) -> None:
    reader = Person(name="Candy", email="c@example.net", locale=locale)
    assert render(facts("confirmation", recipient=reader)).language == "en"


@pytest.mark.parametrize("role", ["candidate", "interviewer", "contact"])
def test_who_meets_in_a_room_with_a_call_reads_of_both(role) -> None:
    both = replace(CODING, video=False, room="Room Blue", location="12 Quay Street")
    mail = render(facts("confirmation", role, sessions=(both,)))
    assert "Where     Room Blue, 12 Quay Street\n          Video call\n" in mail.text
    assert "Room Blue, 12 Quay Street Video call" in " ".join(Shown(mail.html).words)
    event = Calendar.from_ical(mail.ics or b"").events[0]
    assert event["LOCATION"] == "Room Blue, 12 Quay Street; https://meet.example/abc"
    assert "Room Blue, 12 Quay Street" in event["DESCRIPTION"]


def test_markup_in_names_is_only_text() -> None:
    evil = SessionFacts(
        key="k",
        title="<script>alert(1)</script>",
        start=at(9),
        end=at(10),
        people=('"><img src=x>',),
        conference_url="javascript:alert(1)",
    )
    shown = Shown(render(facts("confirmation", sessions=(evil, DESIGN), plan_name="<b>{{ 7*7 }}</b>")).html)
    assert {"script", "img", "b"}.isdisjoint(shown.tags)
    assert [link for link in shown.links if link.startswith("javascript")] == []
    assert "<b>{{" in shown.words


@settings(max_examples=40)
@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=200))
def test_any_text_stays_where_it_belongs(name, title, location) -> None:
    session = SessionFacts(key="k", title=title, start=at(9), end=at(10), people=(name,), location=location)
    mail = render(facts("confirmation", sessions=(session, DESIGN), plan_name=title, candidate_name=name))
    plain = render(facts("confirmation", sessions=(CODING, DESIGN)))
    assert mail.subject == one_line(f"Confirmed: Tue 1 Dec, 09:00 GMT, {title}")
    assert len(mail.subject.splitlines()) == 1
    assert Shown(mail.html).tags.count("a") == Shown(plain.html).tags.count("a")
    everything = " ".join(mail.text.split())
    assert "".join(one_line(title).split()) in "".join(everything.split())
    assert "".join(one_line(location).split()) in "".join(everything.split())


@settings(max_examples=60)
@given(st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}"))
@example("#0283d9")
def test_any_accent_gives_readable_buttons_and_links(accent) -> None:
    colours = Colours.of(Brand(name="x", accent=accent).accent)
    assert min(contrast(colours.link, paper) for paper in ("#ffffff", "#eef3ef")) >= 4.5
    assert min(contrast(colours.dark_button, paper) for paper in ("#1c2220", "#22302a")) >= 4.5
    assert contrast(colours.button, colours.button_ink) >= 4.5
    assert contrast(colours.dark_button, colours.dark_button_ink) >= 4.5


def test_a_reply_by_mail_goes_to_a_named_person() -> None:
    assert f"mailto:{ROSA.email}" in Shown(render(facts("confirmation")).html).links
