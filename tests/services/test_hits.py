# SPDX-License-Identifier: Apache-2.0
"""What the solver is asked about bookings that have lost somebody, and what that comes to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from calendars.values import Busy
from scheduler.db import rows
from scheduler.db.casts import Cast
from scheduler.domain.hours import WeeklyHours
from scheduler.domain.intervals import Interval
from scheduler.domain.options import OptionSession, Panelist
from scheduler.domain.people import CalendarAddress, Candidate, Interviewer, Qualification
from scheduler.domain.plans import Plan, Seat, Session
from scheduler.services import hits
from scheduler.services.hits import Hit
from scheduler.services.readings import Look
from scheduler.solver.many.assign import assign
from scheduler.solver.many.judge import violations_of_all

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
HOURS = tuple(datetime(2026, 12, 2, hour, tzinfo=UTC) for hour in (10, 11, 12))
HOUR = timedelta(hours=1)
ALWAYS = WeeklyHours.from_json({"days": ["wed"], "start": "00:00", "end": "23:45"})
SKILLS = ("python", "design")


def person(number, skills):
    return Interviewer(
        id=f"ivw_{number}",
        name=f"Person {number}",
        email=f"p{number}@acme.example",
        time_zone="UTC",
        calendar=CalendarAddress("ics", f"p{number}@acme.example"),
        working_hours=(ALWAYS,),
        qualifications=tuple(Qualification(skill, "qualified") for skill in skills),
    )


def hit(number, panel, lost):
    """A booking of one interview an hour, each held by one person; `lost`: the places of those who left."""
    sessions, planned = [], []
    for place, (start, skill, who) in enumerate(panel):
        key = f"s{place}"
        planned.append(
            Session(key=key, title=key, minutes=60, seats=(Seat(role="interviewer", skill=skill),))
        )
        sitting = (Panelist(who.id, who.name, "interviewer"),)
        sessions.append(
            OptionSession(key=key, title=key, start=start, end=start + HOUR, interviewers=sitting)
        )
    return Hit(
        booking_id=f"bkg_{number}",
        version=1,
        plan=Plan(name="Loop", sessions=tuple(planned)),
        candidate=Candidate(id=f"cand_{number}", name="Candy", email="candy@example.net"),
        met=frozenset(),
        sessions=tuple(sessions),
        ahead=tuple(sessions),
        lost=tuple(rows.Loss(id=f"los_{p}", session_key=f"s{p}", who=panel[p][2].id) for p in sorted(lost)),
        given_up=frozenset(),
        turned_down={item.key: frozenset() for item in sessions},
    )


@st.composite
def days(draw):
    """One or two loops in one morning, who has left which place, and who else is busy when."""
    people = [person(n, draw(st.sampled_from([SKILLS[:1], SKILLS[1:], SKILLS]))) for n in range(6)]
    taken: dict[datetime, set[str]] = {hour: set() for hour in HOURS}
    found = []
    for number in range(draw(st.integers(1, 2))):
        panel = []
        mine: set[str] = set()
        for start in HOURS[: draw(st.integers(1, 3))]:
            skill = draw(st.sampled_from(SKILLS))
            able = [
                p
                for p in people
                if p.may_hold(skill, "qualified") and p.id not in taken[start] and p.id not in mine
            ]
            if able:
                who = draw(st.sampled_from(able))
                taken[start].add(who.id)
                mine.add(who.id)
                panel.append((start, skill, who))
        if panel:
            lost = draw(st.sets(st.integers(0, len(panel) - 1), min_size=1))
            found.append(hit(number, panel, lost))
    busy = {
        p.id: draw(st.sets(st.sampled_from([hour for hour in HOURS if p.id not in taken[hour]] or [NOW])))
        for p in people
    }
    return people, found, busy


def asked(people, found, busy):
    cast = Cast(
        interviewers=tuple(people),
        rooms=(),
        resources={p.id: n for n, p in enumerate(people)},
        booked={},
        load=dict.fromkeys((p.id for p in people), 0),
    )
    looks = {
        p.id: Look(busy=tuple(Busy(start, start + HOUR) for start in sorted(busy[p.id]))) for p in people
    }
    return hits.question(found, cast, looks, NOW)


def could_be_filled_from_outside(people, found, busy):
    """Whether everybody who left can be replaced by somebody of none of these bookings, one each."""
    inside = {p.id for each in found for item in each.sessions for p in item.interviewers}
    outside = [p for p in people if p.id not in inside]
    places = [
        (item.start, each.plan.session(item.key).seats[0].skill)
        for each in found
        for item in each.ahead
        if (item.key, item.interviewers[0].id) in each.gone
    ]
    return any(
        all(
            who.may_hold(skill, "qualified") and start not in busy[who.id]
            for who, (start, skill) in zip(chosen, places, strict=True)
        )
        for chosen in permutations(outside, len(places))
    )


@settings(max_examples=60)
@given(days())
def test_times_stay_the_lost_go_and_nobody_else_does_without_need(day):
    people, found, busy = day
    if not found:
        return
    problem = asked(people, found, busy)
    outcome = assign(problem)

    position = {item.id: index for index, item in enumerate(problem.candidates)}
    assert violations_of_all(problem, {position[id_]: o for id_, o in outcome.options.items()}) == {}
    joined = 0
    for each in found:
        option = outcome.options.get(each.booking_id)
        if option is None:
            continue
        at = {item.key: item for item in each.sessions}
        for item in option.sessions:
            assert item.interval == at[item.key].interval
            (sits,) = item.interviewers
            assert (item.key, sits.id) not in each.gone
            joined += sits.id != at[item.key].interviewers[0].id
    if could_be_filled_from_outside(people, found, busy):
        assert len(outcome.options) == len(found)
        assert joined == sum(len(each.lost) for each in found)


def test_the_same_question_has_the_same_answer_whatever_order_it_is_asked_in():
    ada, ben, cleo, dan = (person(n, SKILLS[:1]) for n in range(4))
    found = [
        hit(0, [(HOURS[0], "python", ada)], {0}),
        hit(1, [(HOURS[0], "python", ben)], {0}),
    ]
    busy = {p.id: set() for p in (ada, ben, cleo, dan)}

    first = assign(asked([ada, ben, cleo, dan], found, busy)).options
    again = assign(asked([ada, ben, cleo, dan], found[::-1], busy)).options

    assert {id_: o.people for id_, o in first.items()} == {id_: o.people for id_, o in again.items()}


def test_whoever_a_person_is_already_looking_for_a_stand_in_for_is_left_out_of_the_question():
    ada, ben, cleo = (person(n, SKILLS[:1]) for n in range(3))
    pair = hit(0, [(HOURS[0], "python", ada), (HOURS[1], "python", ben)], {0})
    pair = Hit(**{**vars(pair), "given_up": frozenset({("s1", ben.id)})})

    problem = asked([ada, ben, cleo], [pair], {p.id: set() for p in (ada, ben, cleo)})

    assert [item.key for item in problem.candidates[0].plan.sessions] == ["s0"]
    assert problem.span == Interval(HOURS[0], HOURS[1] + HOUR)
    assert assign(problem).options["bkg_0"].people == {cleo.id}
