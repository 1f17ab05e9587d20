# SPDX-License-Identifier: Apache-2.0
"""What stands in which calendar, where providers invite people themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from icalendar import Calendar

from calendars.errors import Gone, NotAllowed
from scheduler.db import rows
from scheduler.domain.intervals import parse_instant
from scheduler.messages.errors import TryLater
from scheduler.services import (
    bookings,
    candidate_link,
    conferences,
    entries,
    organizations,
    rooms,
    runs,
    upkeep,
)
from tests.services.interviews import fresh, move, mover
from tests.services.inviting import LINK, Inviting, add_provider
from tests.services.town import CONTACT, RECRUITER

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-04T00:00:00Z"}


@pytest.fixture
def google(town) -> Inviting:
    return add_provider(town, Inviting(name="google"))


@pytest.fixture
def microsoft(town) -> Inviting:
    return add_provider(town, Inviting(name="microsoft"))


def hire(town, provider, name, skill="python"):
    email = f"{name.lower()}@acme.example"
    provider.add_calendar(email)
    return town.hire(name, skills=(skill,), calendar={"provider": provider.name, "address": email})


def panel(town, *skills, **session):
    seats = [{"skill": skill} for skill in skills]
    return town.plan(sessions=[{"key": "talk", "title": "A talk", "minutes": 60, "seats": seats, **session}])


def booked(town, plan):
    booking = town.book(town.offer(plan, window=WINDOW))
    town.run_jobs()
    return bookings.get(town.parts, town.organization_id, booking["id"])


def events_of(booking):
    return [
        (event["provider"], event["calendar"], event["attendees"])
        for item in booking["sessions"]
        for event in item["calendar_events"]
    ]


def test_a_session_is_one_event_with_the_rest_of_the_panel_and_the_room_invited(town, google):
    hire(town, google, "Ada")
    hire(town, google, "Bob", "java")
    google.add_calendar("blue@acme.example")
    rooms.create(
        town.parts,
        town.organization_id,
        {
            "name": "Blue",
            "capacity": 6,
            "time_zone": "Europe/London",
            "calendar": {"provider": "google", "address": "blue@acme.example"},
        },
    )

    booking = booked(town, panel(town, "python", "java", room={"capacity": 3}))

    assert events_of(booking) == [("google", "ada@acme.example", ["bob@acme.example", "blue@acme.example"])]
    (draft,) = google.drafts["ada@acme.example"]
    assert [(a.email, a.role) for a in draft.attendees] == [
        ("bob@acme.example", "required"),
        ("blue@acme.example", "room"),
    ]
    assert (draft.conference, draft.location) == ("none", "Blue")


def test_the_organisations_own_calendar_holds_the_event_where_it_names_one(town, google):
    hire(town, google, "Ada")
    google.add_calendar("interviews@acme.example")
    town_organizer(town, google="interviews@acme.example")

    booking = booked(town, panel(town, "python"))

    assert events_of(booking) == [("google", "interviews@acme.example", ["ada@acme.example"])]


def town_organizer(town, **organizers):
    organizations.update(town.parts, town.organization_id, {"organizers": organizers}, if_match=None)


def test_a_panel_of_both_houses_is_one_event_in_each_and_one_video_link(town, google, microsoft):
    hire(town, google, "Ada")
    hire(town, google, "Bob", "java")
    hire(town, microsoft, "Cid", "rust")
    town.hire("Dan", skills=("go",))

    booking = booked(town, panel(town, "python", "java", "rust", "go"))

    assert events_of(booking) == [
        ("google", "ada@acme.example", ["bob@acme.example"]),
        (
            "ics",
            "dan@acme.example",
            ["ada@acme.example", "bob@acme.example", "cid@acme.example", "dan@acme.example"],
        ),
        ("microsoft", "cid@acme.example", []),
    ]
    assert booking["sessions"][0]["conference_url"] == LINK
    assert google.last("ada@acme.example").conference == "google_meet"
    assert microsoft.last("cid@acme.example").conference == "none"
    assert LINK in microsoft.last("cid@acme.example").description
    assert len(microsoft.drafts["cid@acme.example"]) <= 2


def test_a_confirmation_waits_for_its_link(town, google):
    google.says = "pending"
    hire(town, google, "Ada")

    booking = booked(town, panel(town, "python"))
    before = town.post.subjects_to("candy@example.net")
    google.says = "ready"
    settle(town, google, booking)
    town.run_jobs()

    assert [subject for subject in before if subject.startswith("Confirmed")] == []
    mail = town.post.mails[-1]
    assert LINK in mail.get_body(("plain",)).get_content()
    assert bookings.get(town.parts, town.organization_id, booking["id"])["status"] == "confirmed"


def settle(town, google, booking):
    """What the job does that looks at the event again."""
    with town.parts.database.transaction(town.organization_id) as session:
        entry = session.scalars(
            sa.select(rows.CalendarEntry).where(
                rows.CalendarEntry.booking_id == booking["id"], rows.CalendarEntry.provider == "google"
            )
        ).one()
        conferences.settle(session, town.parts, entry, google.find_event(entry.calendar, entry.uid).ref)


def test_a_link_that_comes_late_is_sent_after_the_confirmation(town, google):
    google.says = "pending"
    hire(town, google, "Ada")
    booking = booked(town, panel(town, "python"))

    town.clock.forward(minutes=1)
    upkeep.sweep(town.parts)
    town.run_jobs()
    confirmed = town.post.subjects_to("candy@example.net")[-1]
    google.says = "ready"
    settle(town, google, booking)
    town.run_jobs()

    assert confirmed.startswith("Confirmed")
    assert town.post.subjects_to("candy@example.net")[-1].startswith("How to join")
    assert town.post.subjects_to(CONTACT["email"])[-1].startswith("Video link")


def told_late(town, google, *skills):
    """A booking whose confirmation has gone out without the link, and the link that came after it."""
    google.says = "pending"
    booking = booked(town, panel(town, *skills))
    town.clock.forward(seconds=16)
    upkeep.sweep(town.parts)
    town.run_jobs()
    google.says = "ready"
    settle(town, google, booking)
    town.run_jobs()
    return booking


def test_a_late_link_comes_into_the_calendar_entry_that_the_confirmation_made(town, google):
    hire(town, google, "Ada")
    town.hire("Bob", skills=("java",))
    town.calendars.outage = NotAllowed("Closed.")

    booking = told_late(town, google, "python", "java")

    for reader in ("candy@example.net", CONTACT["email"], "bob@acme.example"):
        first, changed = events_to(town, reader)
        assert (first["UID"], changed["UID"]) == (f"{booking['id']}@convene",) * 2
        assert changed["SEQUENCE"] == first["SEQUENCE"] + 1
        assert (first.get("LOCATION"), changed["LOCATION"]) == (None, LINK)
    kept = Calendar.from_ical(candidate_link.invite(town.parts, token_of(town, booking))).events[0]
    assert (kept["SEQUENCE"], kept["LOCATION"]) == (changed["SEQUENCE"], LINK)


def test_after_a_late_link_sequences_go_on_rising(town, google):
    hire(town, google, "Ada")
    booking = told_late(town, google, "python")

    moved = move(town, booking, fresh(town, booking)[0])
    town.run_jobs()
    bookings.cancel(town.parts, town.organization_id, moved["id"], actor=RECRUITER)
    town.run_jobs()

    assert [event["SEQUENCE"] for event in events_to(town, "candy@example.net")] == [1, 2, 3, 4]


def test_a_late_link_waits_for_nobody_elses_mail(town, google):
    """The contact's mail server is away for a minute: the candidate's confirmation is out already."""
    google.says = "pending"
    hire(town, google, "Ada")
    booking = booked(town, panel(town, "python"))
    take = town.post.send

    def away(mail):
        if CONTACT["email"] in str(mail["To"]):
            raise TryLater
        take(mail)

    town.post.send = away
    town.clock.forward(seconds=16)
    upkeep.sweep(town.parts)
    town.run_jobs()
    google.says = "ready"
    settle(town, google, booking)
    town.post.send = take
    town.run_jobs()

    candidates, contacts = (town.post.subjects_to(a) for a in ("candy@example.net", CONTACT["email"]))
    assert [subject.split(":")[0] for subject in candidates[-2:]] == ["Confirmed", "How to join"]
    assert contacts == ["Candy Ray has been given Wed 2 Dec, 09:00 GMT"]
    assert LINK in str(town.post.mails[-1].get_body(("plain",)).get_content())


def events_to(town, address):
    """The calendar event of each mail to somebody that carries one."""
    return [
        Calendar.from_ical(part.get_payload(decode=True)).events[0]
        for mail in town.post.mails
        if address in str(mail["To"])
        for part in mail.walk()
        if part.get_content_type() == "text/calendar"
    ]


def token_of(town, booking):
    run = runs.get(town.parts, town.organization_id, booking["run_id"])
    return town.token(run)


def test_who_hears_by_mail_reads_how_to_join(town, google):
    """Bob's calendar is a file that cannot be written; the link comes from Ada's event."""
    google.says = "pending"
    hire(town, google, "Ada")
    town.hire("Bob", skills=("java",))
    town.calendars.outage = NotAllowed("Closed.")
    booking = booked(town, panel(town, "python", "java"))
    assert town.post.subjects_to("bob@acme.example") == []  # it waits for the link, as the others do

    town.clock.forward(seconds=16)
    upkeep.sweep(town.parts)
    town.run_jobs()
    google.says = "ready"
    settle(town, google, booking)
    town.run_jobs()

    subjects = town.post.subjects_to("bob@acme.example")
    assert [subject.partition(" Wed")[0] for subject in subjects] == ["Interview", "How to join:"]
    mail = next(mail for mail in reversed(town.post.mails) if "bob@" in str(mail["To"]))
    assert LINK in mail.get_body(("plain",)).get_content()


def test_a_link_that_cannot_be_made_is_a_persons_business_and_holds_nothing_up(town, google):
    google.says = "failed"
    hire(town, google, "Ada")

    booking = booked(town, panel(town, "python"))

    assert booking["status"] == "needs_attention"
    assert "No video link could be made for A talk" in booking["attention"]
    assert town.post.subjects_to("candy@example.net")[-1].startswith("Confirmed")


def test_a_plans_own_link_is_used_and_none_is_made(town, google):
    hire(town, google, "Ada")

    booked(town, panel(town, "python", conference_url="https://video.example/room"))

    assert google.last("ada@acme.example").conference == "none"
    assert google.last("ada@acme.example").conference_url == "https://video.example/room"


def test_a_touch_of_ours_does_not_bring_back_what_somebody_deleted(town, google, microsoft):
    google.says = "pending"
    hire(town, google, "Ada")
    hire(town, microsoft, "Cid", "rust")
    booking = booked(town, panel(town, "python", "rust"))
    uid = f"{booking['id']}.talk@convene"
    microsoft.cancel_event(microsoft.find_event("cid@acme.example", uid).ref)

    google.says = "ready"
    settle(town, google, booking)
    town.run_jobs()

    after = bookings.get(town.parts, town.organization_id, booking["id"])
    assert microsoft.find_event("cid@acme.example", uid) is None
    assert after["status"] == "needs_attention"
    assert "was deleted from the calendar cid@acme.example" in after["attention"]
    for _ in range(2):  # compared with its calendar it is the same finding
        town.clock.forward(hours=7)
        upkeep.sweep(town.parts)
        town.run_jobs()
    assert [s.split(":")[0] for s in town.post.subjects_to(CONTACT["email"])][1:] == ["Needs a look"]
    assert bookings.get(town.parts, town.organization_id, booking["id"])["attention"] == after["attention"]


def test_of_a_deleted_event_nobody_reads_who_has_cancelled_meanwhile(town, google, microsoft):
    google.says = "pending"
    hire(town, google, "Ada")
    hire(town, microsoft, "Cid", "rust")
    booking = booked(town, panel(town, "python", "rust"))

    def cancelled_meanwhile(_ref, _draft):
        bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)
        raise Gone

    microsoft.update_event = cancelled_meanwhile
    google.says = "ready"
    settle(town, google, booking)
    town.run_jobs()

    subjects = town.post.subjects_to(CONTACT["email"])
    assert (subjects[-1].split(":")[0], [s for s in subjects if "look" in s]) == ("Cancelled", [])


def test_a_move_while_an_event_is_found_deleted_has_the_last_word(town, google, microsoft):
    google.says = "pending"
    hire(town, google, "Ada")
    hire(town, microsoft, "Cid", "rust")
    booking = booked(town, panel(town, "python", "rust"))
    option = fresh(town, booking)[0]
    touching = microsoft.update_event

    def moved_meanwhile(ref, _draft):
        microsoft.update_event = touching
        microsoft.cancel_event(ref)
        mover(town, booking, option)()
        raise Gone

    microsoft.update_event = moved_meanwhile
    google.says = "ready"
    settle(town, google, booking)
    town.run_jobs()

    after = bookings.get(town.parts, town.organization_id, booking["id"])
    written = microsoft.find_event("cid@acme.example", f"{booking['id']}.talk@convene")
    assert (after["status"], after["attention"]) == ("confirmed", None)
    assert (after["start"], written.start) == (option["start"], parse_instant(option["start"]))


def test_the_whole_panel_hears_by_mail_where_its_event_is_refused(town, google):
    hire(town, google, "Ada")
    hire(town, google, "Bob", "java")
    google.outage = NotAllowed("The organiser has not connected a calendar.")

    booked(town, panel(town, "python", "java"))

    assert len(town.post.subjects_to("ada@acme.example")) == 1
    assert len(town.post.subjects_to("bob@acme.example")) == 1


def test_cancelling_takes_every_event_out(town, google, microsoft):
    hire(town, google, "Ada")
    hire(town, microsoft, "Cid", "rust")
    booking = booked(town, panel(town, "python", "rust"))

    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)
    town.run_jobs()

    uid = f"{booking['id']}.talk@convene"
    assert google.find_event("ada@acme.example", uid) is None
    assert microsoft.find_event("cid@acme.example", uid) is None


def test_what_one_worker_is_writing_another_leaves_alone_whatever_its_own_clock_says(town):
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    ahead = town.parts.evolve(now=lambda: town.clock() + timedelta(minutes=3))
    writing, written = town.calendars.create_event, []

    def beside_another(calendar, draft):
        written.append(draft.uid)
        if len(written) == 1:
            with town.parts.database.transaction(town.organization_id) as session:
                [entry_id] = session.scalars(sa.select(rows.CalendarEntry.id))
            entries.write(ahead, town.organization_id, entry_id)
        return writing(calendar, draft)

    town.calendars.create_event = beside_another
    town.run_jobs()

    assert written == [f"{booking['id']}.talk@convene"]
