# SPDX-License-Identifier: Apache-2.0
"""What becomes of a booking that has lost somebody or its room: somebody else, or a word to a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.intervals import parse_instant
from scheduler.services import interviewers, losses, organizations
from tests.services.interviews import (
    CANDY,
    ROSA,
    add_room,
    booked,
    busy,
    hire,
    lose,
    note,
    now,
    panel,
    talk,
    text_to,
    told,
)

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


def test_of_two_places_that_are_filled_one_by_one_the_fourth_is_for_a_person_too(town):
    """As above: who sits in the next session too leaves no answer for the booking as a whole."""
    hire(town, "Ada", skills=("sql",), buffer={"before": 15, "after": 15})
    hire(town, "Ben")
    hire(town, "Jon", skills=("java",))
    seats = [{"skill": "python"}, {"skill": "java"}, {"skill": "sql", "optional": True}]
    both = [talk("one", seats=seats), talk("two", seats=[{"skill": "sql"}])]
    window = {"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T12:00:00Z"}
    booking = booked(town, sessions=both, window=window, distinct_interviewers=False)
    hire(town, "Cleo", "Dan", "Eve")
    hire(town, "Jim", skills=("java",))
    town.parts = town.parts.evolve(reach=lambda _point: town.clock.forward(seconds=1))
    for _ in range(2):
        lose(town, booking, panel(now(town, booking), "one")[0], key="one")

    note(town, booking, panel(now(town, booking), "one")[0], key="one")
    after = lose(town, booking, "Jon", key="one")

    assert len(told(after, "interviewer.replaced")) == 3
    assert [entry["not_replaced"] for entry in told(after)] == ["too_often"]


def test_four_places_that_are_filled_in_one_go_are_filled_once(town):
    """Time goes on between them: the oracle counts moments."""
    hire(town, *"ABCD")
    booking = booked(town, sessions=[talk(seats=[{"skill": "python", "count": 4}])])
    hire(town, *"EFGHI")

    def ticking():
        town.clock.forward(microseconds=1)
        return town.clock()

    town.parts = town.parts.evolve(now=ticking)
    for name in "ABCD":
        note(town, booking, name)
    town.run_jobs()
    filled = panel(now(town, booking))
    again = lose(town, booking, filled[0])

    assert set(filled) < set("EFGHI")
    assert len(told(again, "interviewer.replaced")) == 5


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
