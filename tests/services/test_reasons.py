# SPDX-License-Identifier: Apache-2.0
"""What is left to a person, where two sessions, people or rooms of a booking are called the same."""

from __future__ import annotations

import pytest

from scheduler.domain.intervals import parse_instant
from scheduler.domain.options import OptionSession
from scheduler.services import altered, attention, bookings, interviewers, losses, rooms
from tests.services.interviews import (
    HOUR,
    ROSA,
    WEDNESDAY,
    add_room,
    booked,
    hire,
    lose,
    note,
    now,
    replace_room,
    talk,
    text_to,
    told,
    where,
)
from tests.services.networks import ADA, BOB, HOUSES, attention_mails, event_of

TWO_TALKS = [talk("first", title="A talk"), talk("second", title="A talk")]
ROOMY = [{**item, "room": {"capacity": 2}} for item in TWO_TALKS]


def lines(booking):
    return sorted((booking["attention"] or "").split("\n"))


def call(town, name, by):
    """The person has this name from now on."""
    interviewers.update(town.parts, town.organization_id, town.people[name], {"name": by})


# Two sessions of one title


def test_a_room_that_is_lost_for_two_sessions_of_one_title_is_told_for_each(town):
    """Each with its own choices, and another room for one of them leaves the other to be seen to."""
    hire(town, "Ada", "Bob")
    add_room(town, "Blue")
    booking = booked(town, sessions=ROOMY, on_decline="suggest")
    add_room(town, "Green")
    add_room(town, "Hall", 40)
    first, second = booking["sessions"]
    town.calendars.add_busy(
        "green@rooms.example", parse_instant(second["start"]), parse_instant(second["end"])
    )

    note(town, booking, "Blue", key=first["key"])
    after = lose(town, booking, "Blue", key=second["key"])

    titles = ["A talk (1 of 2)", "A talk (2 of 2)"]
    assert lines(after) == [f"The room Blue has declined {title}." for title in titles]
    said = text_to(town, ROSA)
    assert f"{titles[0]}, instead of Blue: Green, Hall" in said
    assert f"{titles[1]}, instead of Blue: Hall" in said
    assert {entry["session_key"] for entry in told(after)} == {first["key"], second["key"]}

    replaced = replace_room(town, booking, "Blue", "Green", key=first["key"])

    assert (where(replaced), replaced["status"]) == (["Green", "Blue"], "needs_attention")
    assert lines(replaced) == [f"The room Blue has declined {titles[1]}."]
    replaced = replace_room(town, booking, "Blue", "Hall", key=second["key"])
    assert (where(replaced), replaced["status"]) == (["Green", "Hall"], "confirmed")


@HOUSES
@pytest.mark.parametrize("what", ["deleted", "moved"])
def test_the_events_of_two_sessions_of_one_title_are_told_of_each(networks, house, what):
    networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "python")
    town = networks.town
    plan = town.plan(sessions=[{**item, "conference": "none"} for item in TWO_TALKS])
    booking = town.book(town.offer(plan, window=WEDNESDAY))
    town.run_jobs()
    networks.later(minutes=2)
    fake, later = getattr(networks, house), parse_instant(booking["end"]) + HOUR
    for address in (ADA, BOB):
        event = event_of(networks, house, address)["id"]
        if what == "deleted":
            fake.delete_event(address, event)
        else:
            fake.move_event(address, event, later, later + HOUR)

    networks.later(minutes=2)
    networks.later(seconds=6)

    after = networks.booking(booking)
    assert sorted(line.partition(f" was {what}")[0] for line in lines(after)) == [
        "The event of A talk (1 of 2)",
        "The event of A talk (2 of 2)",
    ]
    said = " ".join(attention_mails(networks))
    assert "A talk (1 of 2)" in said
    assert "A talk (2 of 2)" in said


def test_what_bears_its_start_from_before_is_taken_back_too(town):
    hire(town, "Ada", "Bob")
    booking = booked(town, sessions=TWO_TALKS, on_decline="suggest")
    first, second = booking["sessions"]
    once = [
        f"The event of A talk (2 December, {item['start'][11:16]} UTC) was deleted from the calendar"
        " ada@acme.example by somebody; it is not written again by itself."
        for item in (first, second)
    ]
    with town.parts.database.transaction(town.organization_id) as session:
        row = bookings.locked(session, booking["id"])
        for line in once:
            attention.needs_attention(session, town.parts, row, line)
        planned = OptionSession.from_json(first)
        altered.stands_again(session, town.parts, row, planned, "ada@acme.example")

    assert lines(now(town, booking)) == [once[1]]


# Two people of one name, and a name within a name


def test_a_name_that_ends_like_another_is_told_and_taken_back_by_itself(town):
    seats = [{"skill": "python"}, {"skill": "java"}]
    hire(town, "Anne")
    hire(town, "Marie", skills=("java",))
    call(town, "Anne", "Anne Marie Curie")
    call(town, "Marie", "Marie Curie")
    booking = booked(town, sessions=[talk(seats=seats)], on_decline="suggest")

    lose(town, booking, "Anne")
    both = lose(town, booking, "Marie")
    after = taken_back(town, booking, "Anne")

    assert lines(both) == ["Anne Marie Curie has declined A talk.", "Marie Curie has declined A talk."]
    assert (after["status"], lines(after)) == ("needs_attention", ["Marie Curie has declined A talk."])
    assert taken_back(town, booking, "Marie")["status"] == "confirmed"


def taken_back(town, booking, name, key="talk"):
    """Somebody accepts after all."""
    with town.parts.database.transaction(town.organization_id) as session:
        row = bookings.locked(session, booking["id"])
        losses.gone(session, town.parts, row, key, town.people[name], losses.DECLINED)
    town.run_jobs()
    return now(town, booking)


def test_two_people_of_one_name_are_told_apart_by_their_addresses(town):
    hire(town, "Alex")
    hire(town, "Sascha", skills=("java",))
    call(town, "Sascha", "Alex")
    booking = booked(
        town, sessions=[talk(seats=[{"skill": "python"}, {"skill": "java"}])], on_decline="suggest"
    )
    hire(town, "Ben")
    hire(town, "Cleo", skills=("java",))

    note(town, booking, "Alex")
    both = lose(town, booking, "Sascha")
    after = taken_back(town, booking, "Alex")

    names = ["Alex (alex@acme.example)", "Alex (sascha@acme.example)"]
    assert lines(both) == [f"{name} has declined A talk." for name in names]
    said = next(text for text in mails_to_the_contact(town) if "instead of" in text)
    assert f"A talk, instead of {names[0]}: Ben" in said
    assert f"A talk, instead of {names[1]}: Cleo" in said
    assert lines(after) == [f"{names[1]} has declined A talk."]


def mails_to_the_contact(town):
    return [
        " ".join(mail.get_body(("plain",)).get_content().split())
        for mail in town.post.mails
        if ROSA in str(mail["To"])
    ]


def test_two_rooms_of_one_name_are_told_apart_by_their_calendars(town):
    hire(town, "Ada", "Bob")
    add_room(town, "Blue")
    add_room(town, "Hall", 40)
    sessions = [talk("talk", room={"capacity": 2}), talk("lecture", room={"capacity": 20})]
    booking = booked(town, sessions=sessions, on_decline="none")
    replace_room(town, booking, "Hall", "Blue", key="talk")
    rooms.update(town.parts, town.organization_id, town.people["Hall"], {"name": "Blue"})

    after = lose(town, booking, "Hall", key="lecture")

    assert lines(after) == ["The room Blue (hall@rooms.example) has declined A lecture."]


def test_a_name_of_two_lines_is_one_reason(town):
    hire(town, "Ada")
    call(town, "Ada", "Ada\nhas declined")
    booking = booked(town, on_decline="suggest")

    after = lose(town, booking, "Ada")

    assert lines(after) == ["Ada has declined has declined A talk."]
    assert taken_back(town, booking, "Ada")["attention"] is None
