# SPDX-License-Identifier: Apache-2.0
"""Somebody else in an interviewer's place, at the same time."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.errors import Conflict
from scheduler.domain.intervals import parse_instant
from scheduler.services import (
    bookings,
    fresh_options,
    interviewers,
    moving,
    organizations,
)
from tests.races import at_once
from tests.services.interviews import arranged, now, panel, replace_person, standing
from tests.services.town import RECRUITER

WINDOW = {"start": "2026-12-02T09:00:00Z", "end": "2026-12-02T12:00:00Z"}
CANDY = "candy@example.net"
DORA = [{"name": "Dora", "email": "dora@example.net", "time_zone": "Europe/London"}]


def booked(town, plan=None, **asked):
    return arranged(town, plan, **{"window": WINDOW, "options": 1, **asked})


def busy(town, name, booking):
    start, end = parse_instant(booking["start"]), parse_instant(booking["end"])
    town.calendars.add_busy(f"{name.lower()}@acme.example", start, end)


def refused(town, booking, *who, **more):
    with pytest.raises(Conflict) as refusal:
        replace_person(town, booking, *who, **more)
    assert now(town, booking) == booking
    return refusal.value.reason


def test_who_is_named_takes_the_place_at_the_same_time(town):
    town.hire("Ada", skills=("python",))
    booking = booked(town)
    town.hire("Ben", skills=("python",))

    replaced = replace_person(town, booking, "Ada", "Ben")
    town.run_jobs()

    assert (panel(replaced), replaced["version"]) == (["Ben"], 2)
    assert (replaced["start"], replaced["end"]) == (booking["start"], booking["end"])
    assert replaced["history"][-1] == {
        "at": "2026-11-30T09:00:00Z",
        "actor": RECRUITER.name,
        "event": "interviewer.replaced",
        "version": 2,
        "session_key": "talk",
        "interviewer_id": town.people["Ada"],
        "replacement_id": town.people["Ben"],
    }
    assert standing(town, "Ada", replaced) is None
    assert standing(town, "Ben", replaced).start == parse_instant(booking["start"])


def test_who_leaves_is_free_at_once_and_who_comes_is_taken(town):
    town.hire("Ada", skills=("python",))
    booking = booked(town)
    town.hire("Ben", skills=("python",))
    replace_person(town, booking, "Ada", "Ben")

    hour = {"start": booking["start"], "end": booking["end"]}
    run = town.offer(candidates=DORA, options=1, window=hour)

    assert panel(run["candidates"][0]["options"][0]) == ["Ada"]


def test_of_those_who_can_the_one_with_the_fewest_interviews_comes(town):
    town.hire("Ada", skills=("python",))
    booking = booked(town)
    town.hire("Ben", skills=("python", "java"))
    town.hire("Cleo", skills=("python",))
    java = [{"key": "talk", "title": "Java", "minutes": 60, "seats": [{"skill": "java"}]}]
    with town.parts.database.transaction(town.organization_id) as session:
        long_ago = town.clock() - timedelta(days=365)
        session.execute(sa.update(rows.Interviewer).values(created_at=long_ago))
    morning = {"start": "2026-12-01T09:00:00Z", "end": "2026-12-01T12:00:00Z"}
    town.book(
        town.offer(town.plan(sessions=java, notice_hours=0), candidates=DORA, options=1, window=morning)
    )

    assert panel(replace_person(town, booking, "Ada")) == ["Cleo"]


def test_who_is_busy_or_at_their_limit_does_not_come(town):
    town.hire("Ada", skills=("python",))
    booking = booked(town)
    for name in ("Ben", "Cleo"):
        town.hire(name, skills=("python",), limits={"per_day": 1})
    busy(town, "Ben", booking)
    afternoon = {"start": "2026-12-02T14:00:00Z", "end": "2026-12-02T15:00:00Z"}
    busy(town, "Ada", afternoon)
    busy(town, "Ben", afternoon)
    town.book(town.offer(candidates=DORA, options=1, window=afternoon))

    assert refused(town, booking, "Ada") == "nobody_can"
    assert refused(town, booking, "Ada", "Cleo") == "nobody_can"


def why_not(town, booking, *who, **more):
    """What a refusal says of who was named."""
    with pytest.raises(Conflict) as refusal:
        replace_person(town, booking, *who, **more)
    assert refusal.value.reason == "nobody_can"
    return refusal.value.detail


def test_a_refusal_says_why_the_one_who_was_named_does_not_come(town):
    town.hire("Ada", skills=("python",))
    town.hire("Ben", skills=("design",))
    loop = [
        {"key": "a", "title": "Coding", "minutes": 60, "seats": [{"skill": "python"}]},
        {"key": "b", "title": "Design", "minutes": 60, "seats": [{"skill": "design"}]},
    ]
    booking = booked(town, town.plan(sessions=loop))
    town.hire("Cleo", skills=("cobol",))
    town.hire("Eve", skills=("python",), active=False)
    town.hire("Fay", skills=("python",))
    busy(town, "Fay", booking)

    twice = "and by the plan nobody meets the candidate twice."
    for name, reason in (
        ("Ada", "Ada sits in this session already."),
        ("Ben", f"Ben sits in another session of these interviews, {twice}"),
        ("Cleo", "Cleo is not qualified for this place."),
        ("Eve", "Eve is inactive and holds no interviews."),
        ("Fay", "Fay is not free at that time."),
    ):
        assert why_not(town, booking, "Ada", name, key="a") == reason


def test_of_two_records_of_one_calendar_one_is_asked(town):
    town.hire("Ada", skills=("python",))
    booking = booked(town)
    calendar = {"provider": "ics", "address": "dan@acme.example"}
    ids = [town.hire(name, skills=("python",), calendar=calendar) for name in ("Dan", "Daniel")]
    other = next(name for name, id_ in town.people.items() if id_ == max(ids))

    assert why_not(town, booking, "Ada", other) == (
        f"{other} has the same calendar as somebody else, and only one of them is asked."
    )


def test_who_has_met_the_candidate_before_does_not_come(town):
    town.hire("Ada", skills=("python",))
    town.hire("Ben", skills=("java",))
    known = {"external_id": "candy", "name": "Candy Ray", "email": CANDY, "time_zone": "Europe/London"}
    java = [{"key": "talk", "title": "Java", "minutes": 60, "seats": [{"skill": "java"}]}]
    booked(town, town.plan(sessions=java), candidates=[known])
    afternoon = {"start": "2026-12-02T13:00:00Z", "end": "2026-12-02T17:00:00Z"}
    booking = booked(town, candidates=[known], window=afternoon)
    both = [{"skill": skill, "level": "qualified"} for skill in ("python", "java")]
    interviewers.update(town.parts, town.organization_id, town.people["Ben"], {"qualifications": both})

    assert why_not(town, booking, "Ada", "Ben") == (
        "Ben has met the candidate before, and by the plan nobody meets the candidate twice."
    )


def test_a_seat_is_filled_that_the_others_leave_open(town):
    """Ada can do only Python, so Ben, who can do both, sits for design; whoever comes must know design."""
    town.hire("Ada", skills=("python",))
    town.hire("Ben", skills=("python", "design"))
    both = [{"key": "talk", "title": "T", "minutes": 60, "seats": [{"skill": "python"}, {"skill": "design"}]}]
    booking = booked(town, town.plan(sessions=both))
    town.hire("Cleo", skills=("python",))
    town.hire("Dan", skills=("design",))

    assert refused(town, booking, "Ben", "Cleo") == "nobody_can"
    assert sorted(panel(replace_person(town, booking, "Ben"))) == ["Ada", "Dan"]


def test_the_notice_of_the_plan_holds_nobody_up(town):
    town.hire("Ada", skills=("python",))
    booking = booked(town)
    town.hire("Ben", skills=("python",))
    town.clock.instant = parse_instant(booking["start"]) - timedelta(minutes=30)

    assert panel(replace_person(town, booking, "Ada")) == ["Ben"]


def test_who_does_not_sit_there_is_not_replaced(town):
    town.hire("Ada", skills=("python",))
    booking = booked(town)
    town.hire("Ben", skills=("python",))

    assert refused(town, booking, "Ben") == "not_on_panel"


def test_a_race_for_one_person_is_won_once(town):
    town.hire("Ada", skills=("python",))
    town.hire("Bob", skills=("python",))
    hour = {"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T11:00:00Z"}
    one, other = booked(town, window=hour), booked(town, window=hour, candidates=DORA)
    town.hire("Cleo", skills=("python",))

    answers = at_once(
        lambda: replace_person(town, one, panel(one)[0], "Cleo"),
        lambda: replace_person(town, other, panel(other)[0], "Cleo"),
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["dict", "str"]
    assert "nobody_can" in answers


def test_replacing_beside_moving_and_cancelling_tells_everybody_the_truth(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan()
    ours = town.parts, town.organization_id
    for number in range(4):
        names = [{"name": f"C{number}", "email": f"c{number}@example.net", "time_zone": "Europe/London"}]
        booking = booked(town, plan, candidates=names)
        if "Ben" not in town.people:
            town.hire("Ben", skills=("python",))
        leaving = panel(booking)[0]
        coming = ({"Ada", "Ben"} - {leaving}).pop()
        option = fresh_options.find(*ours, booking["id"], actor=RECRUITER)["data"][0]["id"]

        answers = at_once(
            lambda b=booking, a=leaving, c=coming: replace_person(town, b, a, c),
            lambda b=booking, o=option: moving.reschedule(*ours, b["id"], o, actor=RECRUITER),
            lambda b=booking: bookings.cancel(*ours, b["id"], actor=RECRUITER),
        )

        assert [answer for answer in answers if isinstance(answer, BaseException)] == []
        after = now(town, booking)
        assert after["status"] == "cancelled"
        told = [fact["event"] for fact in after["history"]]
        assert told.count("interviewer.replaced") == isinstance(answers[0], dict)
        assert told.count("booking.rescheduled") == isinstance(answers[1], dict)


@pytest.mark.parametrize(("limits", "can"), [({}, True), ({"per_day": 2}, True), ({"per_day": 1}, False)])
def test_who_holds_the_session_right_before_can_go_on_without_a_pause(town, limits, can):
    """Sessions of one person that touch keep no buffers between them, in what is offered too."""
    skills = [{"skill": "python"}, {"skill": "sql"}]
    ada = town.hire("Ada", skills=("python",), buffer={"before": 15, "after": 15}, limits=limits)
    town.hire("Ben", skills=("sql",))
    both = [
        {"key": key, "title": f"A {key}", "minutes": 60, "seats": [{"skill": skill}]}
        for key, skill in (("one", "python"), ("two", "sql"))
    ]
    window = {"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T12:00:00Z"}
    booking = booked(town, town.plan(sessions=both, distinct_interviewers=False), window=window)
    interviewers.update(town.parts, town.organization_id, ada, {"qualifications": skills})

    if can:
        assert panel(replace_person(town, booking, "Ben", key="two"), "two") == ["Ada"]
    else:
        with pytest.raises(Conflict, match="Nobody who is qualified is free"):
            replace_person(town, booking, "Ben", key="two")


def focus(town, name, booking):
    start, end = parse_instant(booking["start"]), parse_instant(booking["end"])
    town.calendars.add_busy(f"{name.lower()}@acme.example", start, end, kind="focus")


def test_what_may_be_overbooked_keeps_nobody_from_a_place_where_nobody_else_is_free(town):
    town.hire("Ada", skills=("python",))
    booking = booked(town)
    town.hire("Ben", skills=("python",))
    focus(town, "Ben", booking)
    with pytest.raises(Conflict, match="Ben is not free"):
        replace_person(town, booking, "Ada", by="Ben")
    organizations.update(town.parts, town.organization_id, {"calendars": {"overbook": ["focus"]}})

    assert panel(replace_person(town, booking, "Ada")) == ["Ben"]


def test_who_is_free_comes_before_who_would_leave_something_for_it(town):
    town.hire("Ada", skills=("python",))
    booking = booked(town)
    town.hire("Ben", skills=("python",))
    focus(town, "Ben", booking)
    organizations.update(town.parts, town.organization_id, {"calendars": {"overbook": ["focus"]}})
    town.hire("Dan", skills=("python", "java"))
    other = {"key": "talk", "title": "A talk", "minutes": 60, "seats": [{"skill": "java"}]}
    tuesday = {"start": "2026-12-01T10:00:00Z", "end": "2026-12-01T12:00:00Z"}
    assert panel(booked(town, town.plan(sessions=[other]), candidates=DORA, window=tuesday)) == ["Dan"]

    assert panel(replace_person(town, booking, "Ada")) == ["Dan"]


def test_nobody_leaves_anything_for_a_place_in_which_they_need_not_be(town):
    town.hire("Ada", skills=("python",))
    sql = {"skill": "sql", "optional": True}
    session = {"key": "talk", "title": "A talk", "minutes": 60, "seats": [{"skill": "python"}, sql]}
    town.hire("Dan", skills=("sql",))
    booking = booked(town, town.plan(sessions=[session]))
    town.hire("Ben", skills=("sql",))
    focus(town, "Ben", booking)
    organizations.update(town.parts, town.organization_id, {"calendars": {"overbook": ["focus"]}})

    with pytest.raises(Conflict, match="Ben is not free"):
        replace_person(town, booking, "Dan", by="Ben")


def test_nobody_in_training_comes_beside_somebody_in_training(town):
    """The guest may know SQL or learn it; there is one already who learns."""

    def knows(skill, level):
        return [{"skill": skill, "level": level}]

    town.hire("Ada", skills=("python",))
    town.hire("Tom", qualifications=knows("python", "shadow"))
    town.hire("Gus", skills=("sql",))
    guest = {"role": "guest", "skill": "sql", "optional": True}
    seats = [
        {"skill": "python"},
        {"role": "trainee", "skill": "python", "level": "shadow"},
        guest,
        guest | {"level": "shadow"},
    ]
    plan = town.plan(sessions=[{"key": "talk", "title": "A talk", "minutes": 60, "seats": seats}])
    booking = booked(town, plan)
    assert panel(booking) == ["Ada", "Tom", "Gus"]
    town.hire("Sue", qualifications=knows("sql", "shadow"))

    with pytest.raises(Conflict, match="Sue is not qualified"):
        replace_person(town, booking, "Gus", by="Sue")
    town.hire("Hal", skills=("sql",))
    assert panel(replace_person(town, booking, "Gus")) == ["Ada", "Tom", "Hal"]
