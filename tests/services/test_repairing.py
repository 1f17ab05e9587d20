# SPDX-License-Identifier: Apache-2.0
"""What becomes of a booking that has lost somebody or its room: somebody else, or a word to a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.intervals import parse_instant
from scheduler.domain.options import OptionSession
from scheduler.messages.errors import Refused
from scheduler.services import (
    bookings,
    interviewers,
    losses,
    moving,
    organizations,
    repairing,
    replacing,
    rooms,
    upkeep,
)
from tests.services.test_moving_races import at_once, fresh
from tests.services.town import CONTACT, RECRUITER

WEDNESDAY = {"start": "2026-12-02T09:00:00Z", "end": "2026-12-02T12:00:00Z"}
CANDY, ROSA = "candy@example.net", CONTACT["email"]
PYTHON = [{"skill": "python"}]


def talk(key="talk", *, seats=PYTHON, **more):
    return {"key": key, "title": f"A {key}", "minutes": 60, "seats": seats, **more}


def booked(town, name="Candy Ray", *, sessions=None, on_decline="replace", window=WEDNESDAY, **plan):
    """A booking in the time of the window."""
    candidate = {
        "name": name,
        "email": f"{name.split()[0].lower()}@example.net",
        "time_zone": "Europe/London",
    }
    made = town.plan(sessions=sessions or [talk()], on_decline=on_decline, **plan)
    booking = town.book(town.offer(made, window=window, options=1, candidates=[candidate]))
    town.run_jobs()
    return now(town, booking)


def now(town, booking):
    return bookings.get(town.parts, town.organization_id, booking["id"])


def note(town, booking, name, cause=losses.DECLINED, *, key="talk"):
    """It is noticed that somebody, or a room, is lost."""
    with town.parts.database.transaction(town.organization_id) as session:
        row = bookings.locked(session, booking["id"])
        item = next(OptionSession.from_json(item) for item in row.sessions if item["key"] == key)
        id_ = town.people[name]
        who = session.get(rows.Interviewer, id_) or session.get_one(rows.Room, id_)
        losses.note(session, town.parts, row, item, who, cause)


def lose(town, booking, *who, **how):
    """The same, and whatever follows is carried out."""
    note(town, booking, *who, **how)
    town.run_jobs()
    return now(town, booking)


def panel(booking, key="talk"):
    return [p["name"] for s in booking["sessions"] if s["key"] == key for p in s["interviewers"]]


def told(booking, event="booking.needs_attention"):
    return [entry for entry in booking["history"] if entry["event"] == event]


def busy(town, name, booking):
    start, end = parse_instant(booking["start"]), parse_instant(booking["end"])
    town.calendars.add_busy(f"{name.lower()}@acme.example", start, end)


def add_room(town, name, capacity=4):
    address = f"{name.lower()}@rooms.example"
    town.calendars.add_calendar(address)
    made = rooms.create(
        town.parts,
        town.organization_id,
        {
            "name": name,
            "capacity": capacity,
            "time_zone": "Europe/London",
            "calendar": {"provider": "ics", "address": address},
        },
    )
    town.people[name] = made["id"]


def text_to(town, address):
    mail = next(mail for mail in reversed(town.post.mails) if address in str(mail["To"]))
    return " ".join(mail.get_body(("plain",)).get_content().split())


def hire(town, *names, skills=("python",), **fields):
    for name in names:
        town.hire(name, skills=skills, **fields)


# Replaced by itself


def test_somebody_else_comes_at_the_same_time_and_nobody_need_look(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")

    after = lose(town, booking, "Ada")

    assert (panel(after), after["status"], after["version"]) == (["Ben"], "confirmed", 2)
    assert "Ada has declined A talk. Ben takes the place of Ada." in text_to(town, ROSA)
    assert "Ada" not in text_to(town, CANDY)
    assert (after["start"], after["end"], after["attention"]) == (booking["start"], booking["end"], None)
    assert after["history"][-1] == {
        "at": "2026-11-30T09:00:00Z",
        "actor": "system",
        "event": "interviewer.replaced",
        "version": 2,
        "session_key": "talk",
        "interviewer_id": town.people["Ada"],
        "replacement_id": town.people["Ben"],
        "cause": "declined",
    }
    assert town.calendars.find_event("ben@acme.example", f"{booking['id']}.talk@convene") is not None
    assert town.calendars.find_event("ada@acme.example", f"{booking['id']}.talk@convene") is None


def test_the_candidate_hears_whom_they_meet_and_nothing_of_why(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")

    lose(town, booking, "Ada")

    assert town.post.subjects_to(CANDY)[-1].startswith("Updated: Wed 2 Dec")
    said = text_to(town, CANDY)
    assert "Ben" in said
    assert "The time stays as it was" in said
    assert "declined" not in said


def test_of_those_who_can_the_one_with_the_fewest_interviews_comes(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben", "Cleo")
    with town.parts.database.transaction(town.organization_id) as session:
        session.execute(sa.update(rows.Interviewer).values(created_at=town.clock() - timedelta(days=365)))
    tuesday = {"start": "2026-12-01T09:00:00Z", "end": "2026-12-01T10:00:00Z"}
    busy(town, "Ada", tuesday)
    busy(town, "Cleo", tuesday)
    assert panel(booked(town, "Dora Day", window=tuesday, notice_hours=0)) == ["Ben"]

    assert panel(lose(town, booking, "Ada")) == ["Cleo"]


def test_whoever_declined_is_not_asked_again_for_that_time(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")
    assert panel(lose(town, booking, "Ada")) == ["Ben"]
    town.clock.forward(minutes=1)

    after = lose(town, booking, "Ben")

    assert panel(after) == ["Ben"]
    assert told(after)[-1]["not_replaced"] == "nobody_can"
    assert told(after)[-1]["replacements"] == []


def test_a_mail_about_a_lost_room_speaks_of_rooms(town):
    hire(town, "Ada")
    add_room(town, "Blue")
    booking = booked(town, sessions=[talk(room={"capacity": 2})])

    after = lose(town, booking, "Blue")

    assert told(after)[-1]["not_replaced"] == "nobody_can"
    said = " ".join(text_to(town, ROSA).split())
    assert "There is no other room: none that is large enough is free then." in said
    assert "qualified" not in said


def test_the_fourth_time_is_for_a_person_to_say(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben", "Cleo", "Dan", "Eve")
    for _ in range(3):
        town.clock.forward(minutes=1)
        lose(town, booking, *panel(now(town, booking)))
    before = now(town, booking)

    after = lose(town, booking, *panel(before))

    assert panel(after) == panel(before)
    assert told(after)[-1]["not_replaced"] == "too_often"
    assert len(told(after)[-1]["replacements"]) == 1
    assert len(told(after, "interviewer.replaced")) == 3


@pytest.mark.parametrize(("hours", "who"), [(24, ["Ben"]), (23.9, ["Ada"])])
def test_within_a_day_of_the_start_nobody_is_replaced_by_itself(town, hours, who):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")
    town.clock.instant = parse_instant(booking["start"]) - timedelta(hours=hours)

    after = lose(town, booking, "Ada")

    assert panel(after) == who
    assert [entry.get("not_replaced") for entry in told(after)] == ([] if who == ["Ben"] else ["too_soon"])


def test_a_second_notice_of_the_same_decline_does_nothing(town):
    hire(town, "Ada")
    booking = booked(town, on_decline="suggest")
    first = lose(town, booking, "Ada")

    assert lose(town, booking, "Ada") == first
    assert len(told(first)) == 1


def test_a_lost_room_is_exchanged_and_nobody_else(town):
    hire(town, "Ada")
    add_room(town, "Blue")
    booking = booked(town, sessions=[talk(room={"capacity": 2})])
    add_room(town, "Cupboard", capacity=1)
    add_room(town, "Green")
    hire(town, "Ben")

    after = lose(town, booking, "Blue")

    assert after["sessions"][0]["room"]["name"] == "Green"
    assert panel(after) == ["Ada"]
    assert told(after, "room.replaced")[0]["replacement_id"] == town.people["Green"]
    assert told(after, "room.replaced")[0]["cause"] == "declined"
    assert "Green" in text_to(town, CANDY)


def test_a_room_and_somebody_are_exchanged_together_and_told_in_one_mail(town):
    hire(town, "Ada")
    add_room(town, "Blue")
    booking = booked(town, sessions=[talk(room={"capacity": 2})])
    add_room(town, "Green")
    hire(town, "Ben")
    before = len(town.post.subjects_to(CANDY))

    note(town, booking, "Ada")
    after = lose(town, booking, "Blue")

    assert (panel(after), after["sessions"][0]["room"]["name"]) == (["Ben"], "Green")
    assert after["version"] == 3
    assert len(town.post.subjects_to(CANDY)) == before + 1


LEAD_AND_NOTES = [{"role": "lead", "skill": "python"}, {"role": "notes", "skill": "sql"}]


def roles(booking):
    return {p["name"]: p["role"] for s in booking["sessions"] for p in s["interviewers"]}


def test_whoever_stays_takes_the_lost_role_where_nobody_else_could(town):
    hire(town, "Ada")
    hire(town, "Ben", skills=("python", "sql"))
    booking = booked(town, sessions=[talk(seats=LEAD_AND_NOTES)])
    assert roles(booking) == {"Ada": "lead", "Ben": "notes"}
    hire(town, "Cleo", skills=("sql",))

    assert roles(lose(town, booking, "Ada")) == {"Ben": "lead", "Cleo": "notes"}


def test_whoever_stays_keeps_their_role_where_who_comes_can_have_the_lost_one(town):
    hire(town, "Ada")
    hire(town, "Ben", skills=("python", "sql"))
    booking = booked(town, sessions=[talk(seats=LEAD_AND_NOTES)])
    hire(town, "Cleo", skills=("python", "sql"))

    assert roles(lose(town, booking, "Ada")) == {"Cleo": "lead", "Ben": "notes"}


def test_whoever_stays_stays_even_if_they_would_not_be_asked_today(town):
    """Bob's hours have changed since; nobody has complained."""
    hire(town, "Ada")
    hire(town, "Bob", skills=("java",))
    booking = booked(town, sessions=[talk(seats=[{"skill": "python"}, {"skill": "java"}])])
    hire(town, "Ben")
    hire(town, "Jon", skills=("java",))
    afternoons = [{"days": ["mon"], "start": "15:00", "end": "16:00"}]
    interviewers.update(town.parts, town.organization_id, town.people["Bob"], {"working_hours": afternoons})

    assert panel(lose(town, booking, "Ada")) == ["Ben", "Bob"]


def test_a_lost_room_is_exchanged_though_who_stays_would_not_be_asked_today(town):
    hire(town, "Ada")
    add_room(town, "Blue")
    booking = booked(town, sessions=[talk(room={"capacity": 2})])
    add_room(town, "Green")
    interviewers.update(town.parts, town.organization_id, town.people["Ada"], {"working_hours": []})

    after = lose(town, booking, "Blue")

    assert (after["sessions"][0]["room"]["name"], panel(after)) == ("Green", ["Ada"])
    assert (after["status"], after["attention"]) == ("confirmed", None)
    assert told(after, "room.replaced")[0]["actor"] == "system"


def test_somebody_comes_though_who_stays_sits_in_the_next_session_too(town):
    """Ada sits in both, one right after the other; between them she needs no time around either."""
    hire(town, "Ada", skills=("sql",), buffer={"before": 15, "after": 15})
    hire(town, "Ben")
    both = [talk("one", seats=[{"skill": "python"}, {"skill": "sql", "optional": True}])]
    both.append(talk("two", seats=[{"skill": "sql"}]))
    window = {"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T12:00:00Z"}
    booking = booked(town, sessions=both, window=window, distinct_interviewers=False)
    assert (panel(booking, "one"), panel(booking, "two")) == (["Ben", "Ada"], ["Ada"])
    hire(town, "Cleo")

    after = lose(town, booking, "Ben", key="one")

    assert (panel(after, "one"), after["attention"]) == (["Cleo", "Ada"], None)


def test_what_may_be_overbooked_keeps_nobody_from_standing_in(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")
    start, end = parse_instant(booking["start"]), parse_instant(booking["end"])
    town.calendars.add_busy("ben@acme.example", start, end, kind="focus")
    organizations.update(town.parts, town.organization_id, {"calendars": {"overbook": ["focus"]}})

    assert panel(lose(town, booking, "Ada")) == ["Ben"]


# Several at once


def test_somebody_who_is_out_for_a_week_is_replaced_everywhere_with_the_fewest_changes(town):
    """Ben can come on Wednesday and Thursday, Cleo on Friday alone."""
    hire(town, "Ada")
    days = [{"start": f"2026-12-0{day}T10:00:00Z", "end": f"2026-12-0{day}T11:00:00Z"} for day in (2, 3, 4)]
    made = [booked(town, f"C{n} Ray", window=day) for n, day in enumerate(days)]
    hire(town, "Ben", "Cleo")
    busy(town, "Ben", days[2])
    for day in days[:2]:
        busy(town, "Cleo", day)

    for booking in made:
        note(town, booking, "Ada", losses.CONFLICT)
    town.run_jobs()

    after = [now(town, booking) for booking in made]
    assert [panel(booking) for booking in after] == [["Ben"], ["Ben"], ["Cleo"]]
    assert [len(told(booking, "interviewer.replaced")) for booking in after] == [1, 1, 1]


def test_the_only_one_who_can_is_not_given_away_to_whom_others_could_help(town):
    """Both lose Ada at the same hour on different days; Ben may hold one a week and is the only one for
    design, Cleo knows Python too.
    """
    hire(town, "Ada", skills=("python", "design"))
    wednesday = {"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T11:00:00Z"}
    thursday = {"start": "2026-12-03T10:00:00Z", "end": "2026-12-03T11:00:00Z"}
    first = booked(town, "Ann Ray", window=wednesday)
    design = [talk(seats=[{"skill": "design"}])]
    second = booked(town, "Bea Ray", window=thursday, sessions=design)
    hire(town, "Ben", skills=("python", "design"), limits={"per_week": 1})
    hire(town, "Cleo")
    busy(town, "Cleo", thursday)

    note(town, first, "Ada")
    note(town, second, "Ada")
    town.run_jobs()

    assert panel(now(town, first)) == ["Cleo"]
    assert panel(now(town, second)) == ["Ben"]


def test_within_a_loop_two_change_places_before_anybody_has_to_be_asked(town):
    """Only Bob could hold Ada's talk, and only Cleo his."""
    hire(town, "Ada")
    hire(town, "Bob", skills=("python", "design"))
    loop = [talk("talk"), talk("design", seats=[{"skill": "design"}])]
    booking = booked(town, sessions=loop)
    hire(town, "Cleo", skills=("design",))

    after = lose(town, booking, "Ada")

    assert (panel(after), panel(after, "design")) == (["Bob"], ["Cleo"])
    assert (after["start"], after["end"]) == (booking["start"], booking["end"])


# Left to a person


def test_a_time_is_never_moved_by_itself(town):
    hire(town, "Ada")
    booking = booked(town)

    after = lose(town, booking, "Ada")

    assert (after["start"], after["sessions"]) == (booking["start"], booking["sessions"])
    assert (after["status"], after["attention"]) == ("needs_attention", "Ada has declined A talk.")
    (entry,) = told(after)
    assert (entry["not_replaced"], entry["replacements"]) == ("nobody_can", [])
    assert [set(time) for time in entry["times"]] == [{"start", "end"}] * len(entry["times"])
    assert booking["start"] not in [time["start"] for time in entry["times"]]
    said = text_to(town, ROSA)
    assert "Times that it could be moved to" in said
    assert "Wednesday 2 December, 10:00–11:00" in said
    assert "Candy Ray has had no mail about it" in said
    assert "Needs a look" not in str(town.post.subjects_to(CANDY))


def test_where_the_plan_suggests_a_person_gets_the_choices_and_one_call_does_it(town):
    hire(town, "Ada")
    booking = booked(town, on_decline="suggest")
    hire(town, "Ben", "Cleo")
    busy(town, "Cleo", booking)

    suggested = lose(town, booking, "Ada")

    assert (panel(suggested), suggested["status"]) == (["Ada"], "needs_attention")
    (entry,) = told(suggested)
    assert entry == {
        "at": "2026-11-30T09:00:00Z",
        "actor": "system",
        "event": "booking.needs_attention",
        "version": 2,
        "reason": "Ada has declined A talk.",
        "session_key": "talk",
        "interviewer_id": town.people["Ada"],
        "cause": "declined",
        "replacements": [town.people["Ben"]],
    }
    assert town.post.subjects_to(ROSA)[-1].startswith("Needs a look: Candy Ray")
    assert "A talk, instead of Ada: Ben" in text_to(town, ROSA)

    replaced = replacing.replace_interviewer(
        town.parts,
        town.organization_id,
        booking["id"],
        session_key="talk",
        interviewer_id=entry["interviewer_id"],
        replacement_id=entry["replacements"][0],
        actor=RECRUITER,
    )
    assert (panel(replaced), replaced["status"], replaced["attention"]) == (["Ben"], "confirmed", None)


def test_where_the_plan_says_none_a_person_is_only_told(town):
    hire(town, "Ada")
    booking = booked(town, on_decline="none")
    hire(town, "Ben")
    looks = town.calendars.looks

    after = lose(town, booking, "Ada")

    assert (panel(after), after["status"]) == (["Ada"], "needs_attention")
    assert "replacements" not in told(after)[0]
    assert town.calendars.looks == looks
    assert town.post.subjects_to(ROSA)[-1].startswith("Needs a look: Candy Ray")


def test_a_decline_that_is_taken_back_is_taken_back_here_too(town):
    hire(town, "Ada")
    booking = booked(town, on_decline="suggest")
    lose(town, booking, "Ada")
    with town.parts.database.transaction(town.organization_id) as session:
        row = bookings.locked(session, booking["id"])
        losses.gone(session, town.parts, row, "talk", town.people["Ada"], losses.DECLINED)

    after = now(town, booking)

    assert (after["status"], after["attention"]) == ("confirmed", None)
    assert after["history"][-1]["event"] == "booking.settled"


def take_back(town, booking, *names):
    """Those who declined come after all."""
    with town.parts.database.transaction(town.organization_id) as session:
        row = bookings.locked(session, booking["id"])
        for name in names:
            losses.gone(session, town.parts, row, "talk", town.people[name], losses.DECLINED)


def looks(town):
    subjects = town.post.subjects_to(ROSA)
    return [subject.partition(":")[0] for subject in subjects if "look" in subject]


def two_declined(town):
    """Ada's and Bob's talk, which both have declined, and the contact knows."""
    hire(town, "Ada")
    hire(town, "Bob", skills=("java",))
    booking = booked(town, sessions=[talk(seats=[*PYTHON, {"skill": "java"}])], on_decline="none")
    lose(town, booking, "Ada")
    lose(town, booking, "Bob")
    return booking


def test_what_goes_away_together_is_told_by_one_mail(town):
    booking = two_declined(town)

    take_back(town, booking, "Ada", "Bob")
    town.run_jobs()

    assert looks(town) == ["Needs a look", "Needs a look", "No longer needs a look"]
    assert "Settled Ada has declined A talk. Bob has declined A talk." in text_to(town, ROSA)


def test_what_is_left_when_something_has_gone_away_is_not_forgotten(town):
    booking = two_declined(town)

    take_back(town, booking, "Ada")
    town.run_jobs()
    said = text_to(town, ROSA)
    take_back(town, booking, "Bob")
    town.run_jobs()

    assert looks(town)[2:] == ["One thing less to look at", "No longer needs a look"]
    assert "Settled Ada has declined A talk." in said
    assert "Something else of it still needs a look." in said
    assert "Settled Bob has declined A talk." in text_to(town, ROSA)


NEEDED, SETTLED = "Needs a look", "No longer needs a look"


@pytest.mark.parametrize(
    ("then", "read"),
    [
        (("accepts", "declines", "mails go"), [NEEDED, NEEDED]),
        (("accepts", "declines", "accepts", "mails go"), [NEEDED, SETTLED]),
        (("accepts", "mails go", "declines", "accepts", "mails go"), [NEEDED, SETTLED]),
    ],
    ids=["the last word is a decline", "the last word is a yes", "the same yes as was read of"],
)
def test_of_a_change_of_mind_the_contact_reads_the_last_word_when_mails_go(town, then, read):
    """After a decline that the contact has read of."""
    hire(town, "Ada")
    booking = booked(town, on_decline="none")
    lose(town, booking, "Ada")
    steps = {
        "accepts": lambda: take_back(town, booking, "Ada"),
        "declines": lambda: note(town, booking, "Ada"),
        "mails go": town.run_jobs,
    }

    for step in then:
        steps[step]()

    assert looks(town) == read


def test_who_declines_twice_before_any_mail_has_gone_out_is_told_of_once(town):
    hire(town, "Ada")
    booking = booked(town, on_decline="none")

    note(town, booking, "Ada")
    take_back(town, booking, "Ada")
    note(town, booking, "Ada")
    town.run_jobs()

    assert looks(town) == ["Needs a look"]


def test_what_was_told_of_an_earlier_time_is_not_taken_back_for_the_present_one(town):
    hire(town, "Ada")
    booking = booked(town, on_decline="none")
    lose(town, booking, "Ada")
    option = fresh(town, booking)[0]
    moving.reschedule(town.parts, town.organization_id, booking["id"], option["id"], actor=RECRUITER)
    town.run_jobs()

    note(town, booking, "Ada")
    take_back(town, booking, "Ada")
    town.run_jobs()

    assert looks(town) == ["Needs a look"]


def test_a_mail_of_two_losses_says_only_what_is_still_lost_when_it_goes_out(town):
    hire(town, "Ada")
    hire(town, "Bob", skills=("java",))
    booking = booked(town, sessions=[talk(seats=[*PYTHON, {"skill": "java"}])], on_decline="suggest")
    note(town, booking, "Ada")
    note(town, booking, "Bob")
    repairing.repair(town.parts, town.organization_id)

    take_back(town, booking, "Ada")
    town.run_jobs()

    assert looks(town) == ["Needs a look"]
    assert "Bob has declined A talk." in text_to(town, ROSA)
    assert "Ada has declined" not in text_to(town, ROSA)


def test_of_what_goes_away_nobody_hears_whose_first_mail_could_not_be_sent(town):
    """It was on its way when the decline was taken back, and the mail server refused it."""
    hire(town, "Ada")
    booking = booked(town, on_decline="none")
    note(town, booking, "Ada")

    def taken_back_meanwhile(_mail):
        town.post.send = sending
        take_back(town, booking, "Ada")
        raise Refused("There is no such mailbox.")

    sending, town.post.send = town.post.send, taken_back_meanwhile
    town.run_jobs()

    assert now(town, booking)["status"] == "confirmed"
    assert looks(town) == []


def test_a_mail_about_what_was_seen_to_meanwhile_is_not_sent(town):
    hire(town, "Ada")
    booking = booked(town, on_decline="none")
    hire(town, "Ben")
    note(town, booking, "Ada")
    replacing.replace_interviewer(
        town.parts,
        town.organization_id,
        booking["id"],
        session_key="talk",
        interviewer_id=town.people["Ada"],
        actor=RECRUITER,
    )
    town.run_jobs()

    assert [s for s in town.post.subjects_to(ROSA) if s.startswith("Needs a look")] == []


# Calendars, crashes, races


def test_calendars_are_looked_at_again_before_anybody_comes(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben", "Cleo")
    busy(town, "Ben", booking)

    assert panel(lose(town, booking, "Ada")) == ["Cleo"]


def test_a_calendar_that_cannot_be_read_just_now_is_waited_for(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")
    town.calendars.make_unreadable("ben@acme.example", "Away for a moment.", "timed_out")
    town.calendars.passing = True

    waits = lose(town, booking, "Ada")
    town.calendars.make_readable("ben@acme.example")
    town.clock.forward(minutes=3)
    upkeep.sweep(town.parts)
    town.run_jobs()

    assert (waits["status"], panel(waits)) == ("confirmed", ["Ada"])
    assert panel(now(town, booking)) == ["Ben"]


def test_a_calendar_that_stays_dark_is_not_waited_for_for_ever(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")
    town.calendars.make_unreadable("ben@acme.example", "Away.", "timed_out")
    town.calendars.passing = True
    busy(town, "Ada", booking)
    lose(town, booking, "Ada", cause=losses.CONFLICT)
    for _ in range(8):
        town.clock.forward(minutes=2)
        upkeep.sweep(town.parts)
        town.run_jobs()

    after = now(town, booking)
    assert [entry["not_replaced"] for entry in told(after)] == ["unreadable"]
    town.calendars.make_readable("ben@acme.example")


class PowerCut(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("point", ["taken", "looked", "solved", "written"])
def test_a_repair_that_dies_in_the_middle_is_done_once_by_whoever_comes_next(town, point):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")
    note(town, booking, "Ada")

    def reach(name):
        if name == f"repair.{point}":
            raise PowerCut

    with pytest.raises(PowerCut):
        repairing.repair(town.parts.evolve(reach=reach), town.organization_id)
    assert now(town, booking) == booking
    town.run_jobs()
    assert now(town, booking) == booking
    town.clock.forward(minutes=4)
    upkeep.sweep(town.parts)
    town.run_jobs()

    after = now(town, booking)
    assert (panel(after), len(told(after, "interviewer.replaced"))) == (["Ben"], 1)


def test_a_repair_that_keeps_dying_goes_to_a_person(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")
    note(town, booking, "Ada")

    def reach(name):
        if name == "repair.solved":
            raise PowerCut

    for _ in range(repairing.MOST_TRIES):
        with pytest.raises(PowerCut):
            repairing.repair(town.parts.evolve(reach=reach), town.organization_id)
        town.clock.forward(minutes=4)
    repairing.repair(town.parts.evolve(reach=reach), town.organization_id)

    assert told(now(town, booking))[0]["replacements"] == [town.people["Ben"]]
    town.run_jobs()


def test_a_loss_that_nothing_can_be_said_about_is_told_all_the_same(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")
    note(town, booking, "Ada")

    def breaks(_):
        raise ValueError("this calendar drives everybody mad")

    town.calendars.meanwhile = breaks
    for _ in range(2 * repairing.MOST_TRIES):
        with pytest.raises(ValueError, match="mad"):
            repairing.repair(town.parts, town.organization_id)
        town.clock.forward(minutes=4)
    repairing.repair(town.parts, town.organization_id)

    (entry,) = told(now(town, booking))
    assert (entry["reason"], "replacements" in entry) == ("Ada has declined A talk.", False)
    town.calendars.meanwhile = None
    town.run_jobs()


@pytest.mark.parametrize("again", range(3))
def test_a_decline_and_a_recruiter_at_the_same_moment_are_one_change(town, again):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben", "Cleo")
    note(town, booking, "Ada")

    def by_hand():
        return replacing.replace_interviewer(
            town.parts,
            town.organization_id,
            booking["id"],
            session_key="talk",
            interviewer_id=town.people["Ada"],
            actor=RECRUITER,
        )

    answers = at_once(lambda: repairing.repair(town.parts, town.organization_id), by_hand)
    town.run_jobs()

    after = now(town, booking)
    assert [answer for answer in answers if isinstance(answer, BaseException)] == []
    assert len(told(after, "interviewer.replaced")) == 1
    assert (told(after), after["status"]) == ([], "confirmed")


def test_whoever_is_booked_elsewhere_in_the_meantime_is_replaced_by_the_next(town):
    """Ben is found; before that is written he is booked for Dora, and Cleo has become free."""
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben", "Cleo")
    busy(town, "Cleo", booking)
    with_ben = town.plan(sessions=[talk(seats=[{"interviewers": [town.people["Ben"]]}])])
    hour = {"start": booking["start"], "end": booking["end"]}
    dora = [{"name": "Dora Day", "email": "dora@example.net", "time_zone": "Europe/London"}]
    offered = town.offer(with_ben, window=hour, options=1, candidates=dora)
    note(town, booking, "Ada")
    solved = []

    def reach(name):
        if name == "repair.solved":
            solved.append(name)
        if solved == ["repair.solved"] and name == "repair.solved":
            town.calendars._calendar("cleo@acme.example").blocks.clear()
            town.book(offered)

    repairing.repair(town.parts.evolve(reach=reach), town.organization_id)

    assert (panel(now(town, booking)), len(solved)) == (["Cleo"], 2)
