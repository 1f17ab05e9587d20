# SPDX-License-Identifier: Apache-2.0
"""Mails as their readers read them, whole."""

from __future__ import annotations

from scheduler.messages.render import render
from tests.messages.facts import (
    PLAN,
    at,
    facts,
)


def test_a_confirmation_reads_like_this() -> None:
    mail = render(facts("confirmation"))
    assert mail.subject == "Confirmed: Tue 1 Dec, 11:15 GMT, Technical interview for Backend Engineer"
    assert (
        mail.text
        == """\
It is arranged, Candy

Technical interview for Backend Engineer with Northwind Labs.

When      Tuesday 1 December
          11:15–12:30, London time (GMT)
With      Ada Keller, then Hana Sato and Ivo Brandt
Where     Video call
          https://meet.example/abc
Agenda    11:15–11:45  Coding together, Ada Keller
          11:45–12:30  A talk about design, Hana Sato and Ivo Brandt
Prepare   Bring your own editor.
          No puzzles, no trick questions.

See the details, change or cancel:
https://convene.example/c/secret-token

The attached invitation puts this in your calendar; some calendars ask
you first.

Add to calendar:
https://convene.example/c/secret-token/invite.ics

Questions, or need an adjustment? Write to Rosa Diaz,
rosa@northwind.example.

--
Your name and times are used only to arrange this interview.
"""
    )


def test_an_invitation_reads_like_this() -> None:
    mail = render(facts("invitation"))
    assert mail.subject == f"Choose a time by Thu 3 Dec, 18:00 GMT: {PLAN}"
    assert (
        mail.text
        == """\
Hello Candy, when shall we talk?

Northwind Labs would like to meet you: Technical interview for Backend
Engineer.

There are three times to choose from, on Tuesday 1, Wednesday 2 and
Friday 4 December.

How long  75 minutes in two parts
          Coding together
          A talk about design
Zone      London time (GMT)
Until     Thursday 3 December, 18:00, London time (GMT)

Choose a time:
https://convene.example/c/secret-token

The link is yours alone. Nothing is fixed until you confirm, and your
page can show the times in another zone.

If none of them suits you, or you need an adjustment, tell us on the
same page, or write to Rosa Diaz, rosa@northwind.example.

--
Your name and times are used only to arrange this interview.
"""
    )


def test_an_interviewer_reads_their_own_zone_and_the_candidates() -> None:
    mail = render(facts("confirmation", "interviewer"))
    assert mail.subject == "Interview Tue 1 Dec, 12:15 CET with Candy Date"
    assert (
        mail.text
        == """\
You are meeting Candy Date

Technical interview for Backend Engineer. The attached invitation puts
it in your calendar.

When      Tuesday 1 December
          12:15–12:45, Berlin time (CET)
Candidate Tuesday 1 December, 11:15–11:45, London time (GMT)
What      Coding together
Panel     Ada Keller
Where     Video call
          https://meet.example/abc

Cannot make it? Please tell Rosa Diaz, rosa@northwind.example.

--
Sent to you as an interviewer at Northwind Labs.
"""
    )


def test_a_contact_reads_why_nothing_fits() -> None:
    assert (
        render(facts("no_options", "contact")).text
        == """\
Nothing fits for Candy Date yet

Technical interview for Backend Engineer. Nobody is free on the days
you asked for.

What stands in the way:

- Room Blue is taken.

As of     Monday 30 November, 10:41, Berlin time (CET)

Candy Date has not been told.

Open in Convene:
https://convene.example/console/run_1

--
Sent to you as the contact for Candy Date at Northwind Labs.
"""
    )


def test_a_contact_reads_each_thing_once_where_the_summary_says_it_already() -> None:
    one, other = "No interviewer has the skill cobol, needed for Coding.", "Room Blue is taken."
    summary = f"“{PLAN}” cannot take place on Tuesday 1 December. {one}"

    alone = " ".join(render(facts("no_options", "contact", summary=summary, blockers=(one,))).text.split())
    both = " ".join(
        render(facts("no_options", "contact", summary=summary, blockers=(one, other))).text.split()
    )

    assert alone.startswith(f"Nothing fits for Candy Date yet {summary} As of ")
    assert f"{summary} What stands in the way: - {other} As of " in both


def test_a_contact_reads_what_was_not_read_and_whether_the_run_knows_a_way() -> None:
    mail = facts("no_options", "contact", unread=("Ada Keller: There is no calendar file.",), relaxable=True)
    text = render(mail).text
    assert "could not be read:\n\n- Ada Keller: There is no calendar file.\n" in text
    assert "Candy Date has not been told. The run says what would help.\n" in text


def test_a_contact_reads_where_somebody_has_moved_an_event_to_and_what_can_be_done() -> None:
    moved = "The event of Coding together was moved in the calendar ada@northwind.example by somebody."
    mail = facts(
        "needs_attention",
        "contact",
        reason=moved,
        event_altered=True,
        event_moved_to=(at(13, 15), at(13, 45)),
        booking_id="bkg_1",
    )
    assert (
        render(mail).text
        == """\
The interview with Candy Date needs a look

Technical interview for Backend Engineer. The booking stands until you
decide otherwise.

When      Tuesday 1 December
          12:15–13:30, Berlin time (CET)
With      Ada Keller, then Hana Sato and Ivo Brandt
Why       The event of Coding together was moved in the calendar
          ada@northwind.example by somebody.
Moved to  Tuesday 1 December, 14:15–14:45, Berlin time (CET)
Booking   bkg_1

You can move the interview, or cancel it; its events in calendars
follow.

Candy Date has had no mail about it.

Open in Convene:
https://convene.example/console/run_1

--
Sent to you as the contact for Candy Date at Northwind Labs.
"""
    )


def test_a_contact_reads_that_what_they_were_told_of_has_gone_away() -> None:
    reason = "Ada Keller has declined Coding together."
    assert (
        render(facts("settled", "contact", reason=reason, booking_id="bkg_1")).text
        == """\
The interview with Candy Date no longer needs a look

Technical interview for Backend Engineer. What we wrote to you about
has gone away by itself, and the interview stands as it was.

When      Tuesday 1 December
          12:15–13:30, Berlin time (CET)
With      Ada Keller, then Hana Sato and Ivo Brandt
Settled   Ada Keller has declined Coding together.
Booking   bkg_1

Open in Convene:
https://convene.example/console/run_1

--
Sent to you as the contact for Candy Date at Northwind Labs.
"""
    )


def test_a_contact_reads_that_the_candidate_knows_and_what_is_still_on_offer() -> None:
    summary = f"“{PLAN}” cannot take place on Tuesday 1 December."
    mails = [
        render(facts("no_options", "contact", summary=summary, named_times=True, still_offered=offered))
        for offered in (True, False)
    ]
    still, gone = [" ".join(mail.text.split()) for mail in mails]

    knows = "Candy Date has said when they could be there, and has been told that nobody is free then."
    assert f"{knows} What was on offer before still is. With those times alone: {summary} " in still
    assert f"{knows} With those times alone: {summary} " in gone
    assert not any("has not been told" in text for text in (still, gone))
