# SPDX-License-Identifier: Apache-2.0
"""Who hears of somebody else in an interviewer's place, and what stands in calendars."""

from __future__ import annotations

import sqlalchemy as sa

from calendars.errors import NotAllowed
from scheduler.db import rows
from scheduler.domain.options import OptionSession
from scheduler.messages.errors import TryLater
from scheduler.services import (
    attention,
    losses,
    runs,
    upkeep,
)
from tests.services.interviews import arranged, now, panel, replace_person, standing
from tests.services.inviting import Inviting, add_provider
from tests.services.town import CONTACT

WINDOW = {"start": "2026-12-02T09:00:00Z", "end": "2026-12-02T12:00:00Z"}
CANDY, ROSA = "candy@example.net", CONTACT["email"]


def booked(town, plan=None, **asked):
    return arranged(town, plan, **{"window": WINDOW, "options": 1, **asked})


def test_the_candidate_hears_whom_they_meet_now(town):
    town.hire("Ada", skills=("python",))
    booking = booked(town)
    town.hire("Ben", skills=("python",))

    replace_person(town, booking, "Ada", "Ben")
    town.run_jobs()

    mails = {address: town.post.subjects_to(address)[-1] for address in (CANDY, ROSA)}
    assert mails[CANDY].startswith("Updated: Wed 2 Dec")
    assert mails[ROSA].startswith("Updated: Candy Ray")
    mail = next(mail for mail in reversed(town.post.mails) if CANDY in str(mail["To"]))
    text = mail.get_body(("plain",)).get_content()
    assert "Ben" in text
    assert "The time stays as it was" in " ".join(text.split())


def test_the_candidate_hears_nothing_of_somebody_who_was_promised_to_nobody(town):
    town.hire("Ada", skills=("python",))
    town.hire("Sam", skills=("shadowing",))
    seats = [{"skill": "python"}, {"skill": "shadowing", "role": "shadow", "optional": True}]
    booking = booked(
        town, town.plan(sessions=[{"key": "talk", "title": "A talk", "minutes": 60, "seats": seats}])
    )
    town.hire("Tom", skills=("shadowing",))
    before = town.post.subjects_to(CANDY)
    confirmation = next(mail for mail in reversed(town.post.mails) if CANDY in str(mail["To"]))
    assert "Ada" in str(confirmation.get_body(("plain",)).get_content())
    assert "Sam" not in confirmation.as_string()

    replaced = replace_person(town, booking, "Sam")
    town.run_jobs()

    assert panel(replaced) == ["Ada", "Tom"]
    assert town.post.subjects_to(CANDY) == before
    assert standing(town, "Tom", replaced) is not None


def test_who_heard_by_mail_hears_that_somebody_else_comes_and_is_reminded_of_nothing(town):
    town.hire("Ada", skills=("python",))
    town.calendars.outage = NotAllowed("No access.")
    booking = booked(town)
    town.hire("Ben", skills=("python",))

    replace_person(town, booking, "Ada", "Ben")
    town.clock.forward(minutes=2)
    upkeep.sweep(town.parts)
    town.run_jobs()

    assert town.post.subjects_to("ada@acme.example")[-1].startswith("No longer needed")
    assert town.post.subjects_to("ben@acme.example")[-1].startswith("Interview")
    with town.parts.database.transaction(town.organization_id) as session:
        reminded = session.scalars(
            sa.select(rows.Message.recipient["name"].astext).where(
                rows.Message.kind == "reminder", rows.Message.status == "queued"
            )
        )
        assert set(reminded) == {"Candy Ray", "Ben"}


def test_who_is_replaced_while_their_mail_does_not_get_through_is_not_written_to_again(town):
    """Of an interview with no part in it for them there would be nothing to say."""
    town.hire("Ada", skills=("python",))
    town.calendars.outage = NotAllowed("No access.")
    booking = town.book(town.offer(window=WINDOW, options=1))
    town.hire("Ben", skills=("python",))
    server, tries = town.post.send, []

    def replaced_meanwhile(mail):
        if "ada@acme.example" in str(mail["To"]) and not tries:
            tries.append(mail)
            replace_person(town, booking, "Ada", "Ben")
            raise TryLater("nobody answers")
        server(mail)

    town.post.send = replaced_meanwhile
    town.run_jobs()
    town.clock.forward(minutes=2)
    upkeep.sweep(town.parts)
    town.run_jobs()

    assert [str(mail["Subject"])[:9] for mail in tries] == ["Interview"]
    assert town.post.subjects_to("ben@acme.example")[-1].startswith("Interview")
    assert [subject[:16] for subject in town.post.subjects_to("ada@acme.example")] == ["No longer needed"]


def test_what_a_decline_left_to_a_person_is_settled(town):
    town.hire("Ada", skills=("python",))
    booking = booked(town, town.plan(on_decline="none"))
    town.hire("Ben", skills=("python",))
    with town.parts.database.transaction(town.organization_id) as session:
        row = session.get_one(rows.Booking, booking["id"])
        talk = OptionSession.from_json(row.sessions[0])
        ada = session.get_one(rows.Interviewer, town.people["Ada"])
        losses.note(session, town.parts, row, talk, ada, losses.DECLINED)
        attention.needs_attention(session, town.parts, row, "The room is too small.")

    replaced = replace_person(town, booking, "Ada", "Ben")

    assert (replaced["status"], replaced["attention"]) == ("needs_attention", "The room is too small.")
    assert replaced["history"][-1]["cause"] == "declined"


def test_of_several_causes_the_one_that_was_found_first_is_told(town):
    town.hire("Ada", skills=("python",))
    booking = booked(town, town.plan(on_decline="none"))
    town.hire("Ben", skills=("python",))
    for cause in (losses.INACTIVE, losses.CONFLICT):
        with town.parts.database.transaction(town.organization_id) as session:
            row = session.get_one(rows.Booking, booking["id"])
            talk = OptionSession.from_json(row.sessions[0])
            ada = session.get_one(rows.Interviewer, town.people["Ada"])
            losses.note(session, town.parts, row, talk, ada, cause)
        town.clock.forward(minutes=1)

    replaced = replace_person(town, booking, "Ada", "Ben")

    assert replaced["history"][-1]["cause"] == "inactive"
    assert replace_person(town, booking, "Ada", "Ben") == replaced


def test_one_event_goes_on_with_other_guests_where_its_organiser_stays(town):
    google = add_provider(town, Inviting(name="google"))

    def hire(name, *skills):
        email = f"{name.lower()}@acme.example"
        google.add_calendar(email)
        town.hire(name, skills=skills, calendar={"provider": "google", "address": email})

    hire("Ada", "python")
    hire("Bob", "java")
    seats = [{"skill": "python"}, {"skill": "java"}]
    talk = [{"key": "talk", "title": "A talk", "minutes": 60, "seats": seats, "conference": "none"}]
    booking = booked(town, town.plan(sessions=talk))
    hire("Ben", "java")

    replaced = replace_person(town, booking, "Bob", "Ben")
    town.run_jobs()

    (before,), (after,) = (
        [event for item in b["sessions"] for event in item["calendar_events"]]
        for b in (booking, now(town, replaced))
    )
    assert (after["id"], after["calendar"]) == (before["id"], "ada@acme.example")
    assert (before["attendees"], after["attendees"]) == (["bob@acme.example"], ["ben@acme.example"])
    assert [a.email for a in google.last("ada@acme.example").attendees] == ["ben@acme.example"]


def test_runs_tell_of_the_booking_as_before(town):
    town.hire("Ada", skills=("python",))
    booking = booked(town)
    town.hire("Ben", skills=("python",))
    before = runs.get(town.parts, town.organization_id, booking["run_id"])

    replace_person(town, booking, "Ada", "Ben")

    assert runs.get(town.parts, town.organization_id, booking["run_id"]) == before
