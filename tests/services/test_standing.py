# SPDX-License-Identifier: Apache-2.0
"""What bookings alone tell of an option is what working out its seats tells."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduler.db.casts import Cast
from scheduler.domain.hours import WEEKDAYS, WeeklyHours
from scheduler.domain.intervals import Interval
from scheduler.domain.options import Option, OptionSession, Panelist, RoomRef
from scheduler.domain.people import Buffer, CalendarAddress, Interviewer, Limits, Qualification, Room
from scheduler.domain.plans import Plan, Seat, Session
from scheduler.services import problems
from scheduler.services.readings import Look
from scheduler.services.standing import Standing
from scheduler.solver.problem import BookedInterview
from scheduler.solver.seating import seat

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
NIGHT_AND_DAY = WeeklyHours(WEEKDAYS, time(0), time(0))
HOUR = timedelta(hours=1)
NAMES = ("ada", "ben", "cleo")

buffers = st.builds(Buffer, st.sampled_from((0, 15, 60)), st.sampled_from((0, 30)))
starts = st.integers(16, 36).map(lambda half_hours: MONDAY + half_hours * HOUR / 2)
booked = st.builds(
    lambda start, days, buffer: BookedInterview(
        Interval(start + timedelta(days=days), start + timedelta(days=days) + HOUR), buffer
    ),
    starts,
    st.sampled_from((0, 0, 0, 2)),
    buffers,
)
held = starts.map(lambda start: Interval(start, start + HOUR))


@st.composite
def casts(draw):
    limits = st.builds(Limits, st.sampled_from((None, None, 1, 2)), st.sampled_from((None, None, 2)))
    people = tuple(
        Interviewer(
            id=name,
            name=name,
            email=f"{name}@acme.example",
            time_zone="UTC",
            calendar=CalendarAddress("ics", name),
            working_hours=(NIGHT_AND_DAY,),
            qualifications=(Qualification("python", "qualified"),),
            limits=draw(limits),
            buffer=draw(buffers),
        )
        for name in draw(st.sets(st.sampled_from(NAMES), min_size=1))
    )
    rooms = tuple(
        Room(id=name, name=name, capacity=size, time_zone="UTC", calendar=CalendarAddress("ics", name))
        for name, size in draw(st.sets(st.sampled_from((("big", 6), ("small", 2)))))
    )
    return Cast(
        interviewers=people,
        rooms=rooms,
        resources={owner.id: number for number, owner in enumerate((*people, *rooms))},
        booked={owner.id: tuple(draw(st.lists(booked, max_size=2))) for owner in (*people, *rooms)},
        held={owner.id: tuple(draw(st.lists(held, max_size=1))) for owner in (*people, *rooms)},
    )


@st.composite
def questions(draw):
    """A plan of one or two hours, and a time for it with people and rooms that it was once offered with."""
    seats = st.sampled_from(
        (Seat(skill="python"), Seat(interviewers=("ada",)), Seat(skill="python", count=2))
    )
    plan = Plan(
        name="Loop",
        sessions=tuple(
            Session(
                key=key,
                title=key,
                minutes=60,
                seats=(draw(seats),),
                buffer=draw(st.none() | buffers),
                room_capacity=draw(st.sampled_from((None, None, 1, 4))),
            )
            for key in draw(st.sampled_from(("a", "ab")))
        ),
        grid=30,
        candidate_hours=(time(0), time(0)),
        distinct_interviewers=False,
    )
    start = draw(starts)
    sessions = []
    for session in plan.sessions:
        [wanted] = session.seats
        names = wanted.interviewers or tuple(draw(st.permutations(NAMES))[: wanted.count])
        room = RoomRef("big", "big") if session.needs_room else None
        people = tuple(Panelist(name, name, "interviewer") for name in names)
        end = start + HOUR
        sessions.append(
            OptionSession(key=session.key, title="", start=start, end=end, interviewers=people, room=room)
        )
        start = end + draw(st.sampled_from((timedelta(0), HOUR / 2)))
    return plan, Option(id="opt_1", sessions=tuple(sessions))


@given(casts(), questions())
def test_it_never_says_anything_else_than_the_seats(cast, question):
    plan, option = question
    problem = problems.state(
        plan,
        Interval(MONDAY, MONDAY + timedelta(days=1)),
        MONDAY - timedelta(days=2),
        cast,
        {owner.id: Look(busy=()) for owner in cast.owners},
        candidate=None,
    )

    verdict, seated = Standing(plan, cast).of(option), seat(problem, option)

    if verdict is True:
        assert seated is not None
        assert [(s.key, s.start, {p.id for p in s.interviewers}, s.room) for s in seated.sessions] == [
            (s.key, s.start, {p.id for p in s.interviewers}, s.room) for s in option.sessions
        ]
    if verdict is False:
        assert seated is None


def test_it_tells_where_it_can_and_says_so_where_it_cannot():
    def told(*taken, limits=None, seat=None):
        ada, ben = (
            Interviewer(
                id=name,
                name=name,
                email="",
                time_zone="UTC",
                calendar=CalendarAddress("ics", name),
                qualifications=(Qualification("python", "qualified"),),
                limits=limits or Limits(),
            )
            for name in ("ada", "ben")
        )
        at_ten = Interval(MONDAY + 10 * HOUR, MONDAY + 11 * HOUR)
        busy = {name: (BookedInterview(during or at_ten, Buffer()),) for name, during in taken}
        cast = Cast(interviewers=(ada, ben), rooms=(), resources={"ada": 1, "ben": 2}, booked=busy)
        plan = Plan(
            name="",
            sessions=(Session(key="a", title="", minutes=60, seats=(seat or Seat(skill="python"),)),),
        )
        session = OptionSession(
            key="a",
            title="",
            start=at_ten.start,
            end=at_ten.end,
            interviewers=(Panelist("ada", "", "interviewer"),),
        )
        return Standing(plan, cast).of(Option(id="opt_1", sessions=(session,)))

    tomorrow = Interval(MONDAY + 34 * HOUR, MONDAY + 35 * HOUR)
    assert told() is True
    assert told(("ada", tomorrow)) is True
    assert told(("ada", tomorrow), limits=Limits(per_week=1)) is None
    assert told(("ada", None)) is None
    assert told(("ada", None), ("ben", None)) is False
    assert told(("ada", None), seat=Seat(interviewers=("ada",))) is False


def test_sessions_that_would_crowd_one_another_by_now_take_a_closer_look():
    """Buffers have grown, or a limit was set, since the option was made."""

    def told(buffer=None, limits=None):
        ada = Interviewer(
            id="ada",
            name="ada",
            email="",
            time_zone="UTC",
            calendar=CalendarAddress("ics", "ada"),
            limits=limits or Limits(),
            buffer=buffer or Buffer(),
        )
        people = (Panelist("ada", "", "interviewer"),)
        plan = Plan(
            name="",
            sessions=tuple(
                Session(key=key, title="", minutes=60, seats=(Seat(interviewers=("ada",)),)) for key in "ab"
            ),
            distinct_interviewers=False,
        )
        starts = {"a": MONDAY + 10 * HOUR, "b": MONDAY + 11.5 * HOUR}
        sessions = tuple(
            OptionSession(key=key, title="", start=start, end=start + HOUR, interviewers=people)
            for key, start in starts.items()
        )
        cast = Cast(interviewers=(ada,), rooms=(), resources={"ada": 1}, booked={})
        return Standing(plan, cast).of(Option(id="opt_1", sessions=sessions))

    assert told() is True
    assert told(Buffer(0, 30)) is True
    assert told(Buffer(15, 30)) is None
    assert told(limits=Limits(per_day=1)) is None
