# SPDX-License-Identifier: Apache-2.0
"""Another room for a booked session, at the same time, because somebody asks for it."""

from __future__ import annotations

import pytest

from calendars.errors import NotAllowed
from scheduler.domain.errors import Conflict, Invalid, NotFound, Unavailable
from scheduler.domain.intervals import parse_instant
from scheduler.services import fresh_options, losses, moving, rooms
from tests.races import at_once
from tests.services.interviews import (
    CANDY,
    FOR_TWO,
    ROSA,
    TEN_O_CLOCK,
    WEDNESDAY,
    add_room,
    booked_in_room,
    hire,
    lose,
    now,
    replace_room,
    talk,
    text_to,
    told,
    where,
)
from tests.services.town import RECRUITER


def take(town, room, during):
    """Somebody else has the room in this time."""
    town.calendars.add_busy(
        f"{room.lower()}@rooms.example", parse_instant(during["start"]), parse_instant(during["end"])
    )


def entry(town, room, booking, key="talk"):
    return town.calendars.find_event(f"{room.lower()}@rooms.example", f"{booking['id']}.{key}@convene")


def refused(town, booking, *which, **more):
    with pytest.raises(Conflict) as refusal:
        replace_room(town, booking, *which, **more)
    assert now(town, booking) == booking
    return refusal.value.reason


def test_the_room_that_is_named_is_taken_at_the_same_time(town):
    booking = booked_in_room(town)
    add_room(town, "Green")

    replaced = replace_room(town, booking, "Blue", "Green")
    town.run_jobs()

    assert (where(replaced), replaced["version"]) == (["Green"], 2)
    assert (replaced["start"], replaced["end"]) == (booking["start"], booking["end"])
    assert replaced["history"][-1] == {
        "at": "2026-11-30T09:00:00Z",
        "actor": RECRUITER.name,
        "event": "room.replaced",
        "version": 2,
        "session_key": "talk",
        "room_id": town.people["Blue"],
        "replacement_id": town.people["Green"],
    }
    assert entry(town, "Blue", booking) is None
    assert entry(town, "Green", booking).start == parse_instant(booking["start"])


def test_of_the_rooms_that_are_free_the_smallest_that_is_large_enough_is_taken(town):
    booking = booked_in_room(town)
    for name, capacity in (("Cupboard", 1), ("Nook", 2), ("Green", 3), ("Hall", 40)):
        add_room(town, name, capacity)
    take(town, "Nook", booking)

    assert where(replace_room(town, booking, "Blue")) == ["Green"]


def test_a_room_that_is_too_small_or_taken_is_not_had(town):
    booking = booked_in_room(town)
    assert refused(town, booking, "Blue") == "nobody_can"
    add_room(town, "Cupboard", capacity=1)
    add_room(town, "Green")
    take(town, "Green", booking)

    assert refused(town, booking, "Blue") == "nobody_can"
    for name in ("Cupboard", "Green", "Blue"):
        assert refused(town, booking, "Blue", name) == "nobody_can"


def test_a_session_that_is_in_the_named_room_already_says_so(town):
    booking = booked_in_room(town)

    with pytest.raises(Conflict, match="This session is in Blue already"):
        replace_room(town, booking, "Blue", "Blue")


def test_a_room_that_is_booked_or_held_for_somebody_else_is_not_had(town):
    booking = booked_in_room(town, room="Blue")
    hire(town, "Ben")
    add_room(town, "Green")
    other = booked_in_room(town, room="Green", name="Dora Day")
    hire(town, "Cleo")
    add_room(town, "Red")
    town.offer(
        town.plan(sessions=[talk(room=FOR_TWO)], holds=True),
        window=TEN_O_CLOCK,
        options=1,
        candidates=[{"name": "Eve", "email": "eve@example.net", "time_zone": "Europe/London"}],
    )

    assert (where(booking), where(other)) == (["Blue"], ["Green"])
    assert refused(town, booking, "Blue") == "nobody_can"
    assert refused(town, booking, "Blue", "Green") == "nobody_can"
    assert refused(town, booking, "Blue", "Red") == "nobody_can"


def test_the_room_that_is_left_is_free_at_once_and_the_other_is_taken(town):
    booking = booked_in_room(town)
    add_room(town, "Green")
    replace_room(town, booking, "Blue", "Green")
    hire(town, "Ben")

    other = booked_in_room(town, name="Dora Day")

    assert where(other) == ["Blue"]
    assert refused(town, other, "Blue", "Green") == "nobody_can"


def test_another_session_next_to_it_stays_in_its_room(town):
    """Both are one stretch of the room's time until one of them leaves."""
    loop = [talk("talk", room=FOR_TWO), talk("code", room=FOR_TWO)]
    two_hours = {"start": TEN_O_CLOCK["start"], "end": "2026-12-02T12:00:00Z"}
    booking = booked_in_room(
        town, sessions=loop, window=two_hours, order="fixed", distinct_interviewers=False
    )
    add_room(town, "Green")

    replaced = replace_room(town, booking, "Blue", key="code")
    town.run_jobs()

    assert (where(booking), where(replaced)) == (["Blue", "Blue"], ["Blue", "Green"])
    stands = {
        (name, key)
        for name in ("Blue", "Green")
        for key in ("talk", "code")
        if entry(town, name, booking, key)
    }
    assert stands == {("Blue", "talk"), ("Green", "code")}


def test_a_session_that_is_not_in_that_room_does_not_leave_it(town):
    booking = booked_in_room(town)
    add_room(town, "Green")
    without = booked_in_room(
        town, name="Dora Day", sessions=[talk()], window={**TEN_O_CLOCK, "end": "2026-12-02T17:00:00Z"}
    )

    assert refused(town, booking, "Green") == "not_its_room"
    assert refused(town, without, "Blue") == "not_its_room"


def test_what_is_not_there_is_pointed_at(town):
    booking = booked_in_room(town)
    add_room(town, "Green")
    rooms.delete(town.parts, town.organization_id, town.people["Green"])
    town.people["Nowhere"] = "room_nowhere"

    with pytest.raises(Invalid, match="/session_key"):
        replace_room(town, booking, "Blue", key="lunch")
    for name in ("Nowhere", "Green", "Ada"):
        with pytest.raises(Invalid, match="/replacement_id"):
            replace_room(town, booking, "Blue", name)
    with pytest.raises(NotFound):
        replace_room(town, {"id": "bkg_nothing"}, "Blue")


def test_a_room_whose_calendar_cannot_be_read_is_never_free(town):
    booking = booked_in_room(town)
    add_room(town, "Green")
    add_room(town, "Cupboard", capacity=1)
    town.calendars.make_unreadable("green@rooms.example", "The server is down.")

    for name in (None, "Green"):
        with pytest.raises(Unavailable):
            replace_room(town, booking, "Blue", name)
    add_room(town, "Red")

    assert where(replace_room(town, booking, "Blue")) == ["Red"]
    town.calendars.make_readable("green@rooms.example")


def test_the_candidate_hears_where_it_is_now(town):
    booking = booked_in_room(town)
    add_room(town, "Green")

    replace_room(town, booking, "Blue", "Green")
    town.run_jobs()

    assert town.post.subjects_to(CANDY)[-1].startswith("Updated: Wed 2 Dec")
    assert town.post.subjects_to(ROSA)[-1].startswith("Updated: Candy Ray")
    said = text_to(town, CANDY)
    assert "Green" in said
    assert "The time stays as it was" in said


@pytest.mark.parametrize(("floor", "mails"), [("First floor", 0), ("Second floor", 1)])
def test_the_candidate_hears_only_what_they_can_see(town, floor, mails):
    """Two rooms of one name: it is their places that tell them apart."""
    booking = booked_in_room(town)
    add_room(town, "Green")
    for id_, location in ((town.people["Blue"], "First floor"), (town.people["Green"], floor)):
        rooms.update(town.parts, town.organization_id, id_, {"location": location})
    rooms.update(town.parts, town.organization_id, town.people["Green"], {"name": "Blue"})
    before = len(town.post.subjects_to(CANDY))

    replaced = replace_room(town, booking, "Blue", "Green")
    town.run_jobs()

    assert replaced["sessions"][0]["room"]["id"] == town.people["Green"]
    assert len(town.post.subjects_to(CANDY)) == before + mails


def test_who_hears_by_mail_is_not_told_of_an_earlier_move_again(town):
    town.calendars.outage = NotAllowed("No access.")
    booking = booked_in_room(town, window=WEDNESDAY)
    ours = town.parts, town.organization_id
    later = fresh_options.find(*ours, booking["id"], actor=RECRUITER)["data"][0]
    moved = moving.reschedule(*ours, booking["id"], later["id"], actor=RECRUITER)
    town.run_jobs()
    town.clock.forward(minutes=1)
    add_room(town, "Green")

    replace_room(town, moved, "Blue")
    town.run_jobs()

    heard = town.post.subjects_to("ada@acme.example")
    assert [mail.partition(":")[0] for mail in heard[-2:]] == ["New time", "Updated"]


# What was lost


def test_where_the_plan_suggests_a_person_gets_the_rooms_and_one_call_does_it(town):
    booking = booked_in_room(town)
    add_room(town, "Hall", capacity=40)
    add_room(town, "Green")
    add_room(town, "Cupboard", capacity=1)

    suggested = lose(town, booking, "Blue", cause=losses.CONFLICT)

    (reason,) = told(suggested)
    assert (where(suggested), suggested["status"]) == (["Blue"], "needs_attention")
    assert reason["replacements"] == [town.people["Green"], town.people["Hall"]]
    assert "A talk, instead of Blue: Green, Hall" in text_to(town, ROSA)

    replaced = replace_room(town, booking, "Blue", "Hall")

    assert (where(replaced), replaced["status"], replaced["attention"]) == (["Hall"], "confirmed", None)
    assert told(replaced, "room.replaced")[-1]["cause"] == "conflict"
    assert replace_room(town, booking, "Blue", "Hall") == replaced


def test_a_room_that_has_declined_is_had_only_by_its_name(town):
    booking = booked_in_room(town)
    add_room(town, "Green")
    lose(town, booking, "Blue")
    replaced = replace_room(town, booking, "Blue")

    assert refused(town, replaced, "Green") == "nobody_can"
    assert where(replace_room(town, replaced, "Green", "Blue")) == ["Blue"]


# Races


@pytest.mark.parametrize("again", range(3))
def test_a_race_for_the_last_room_is_won_once(town, again):
    one = booked_in_room(town, room="Blue")
    hire(town, "Ben")
    other = booked_in_room(town, room="Red", name="Dora Day")
    add_room(town, "Green")
    for booking in (one, other):
        take(town, *where(booking), booking)
        lose(town, booking, *where(booking), cause=losses.CONFLICT)

    answers = at_once(
        lambda: replace_room(town, one, *where(one)),
        lambda: replace_room(town, other, *where(other), "Green"),
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["dict", "str"]
    assert "nobody_can" in answers
    after = [now(town, booking) for booking in (one, other)]
    assert sorted(where(booking) == ["Green"] for booking in after) == [False, True]
    assert sorted(booking["status"] for booking in after) == ["confirmed", "needs_attention"]
