# SPDX-License-Identifier: Apache-2.0
"""Each hard rule alone: kept, broken, and just kept. The judge, the search and availability have to agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from scheduler.domain.intervals import Interval
from scheduler.solver.model import propose
from scheduler.solver.outcome import Impossible
from scheduler.solver.rules import HARD, SOFT
from tests.solver.builders import (
    MONDAY,
    BookedInterview,
    Break,
    Buffer,
    CandidateFacts,
    Gap,
    Limits,
    at,
    person,
    problem,
    room,
    seat,
    session,
    span,
    starts_three_ways,
    verdict,
    weekly,
)

MORNING = ["09:00", "10:00", "11:00"]
ADA = person("Ada", "coding", hours=("09:00", "12:00"))


def test_every_rule_says_in_a_sentence_what_it_asks():
    sentences = [type(rule).__doc__ for rule in (*HARD, *SOFT)]
    assert all(sentence and sentence.rstrip().endswith(".") for sentence in sentences)
    assert len({rule.code for rule in HARD}) == len(HARD)


# one session


def test_a_session_lies_inside_working_hours():
    assert starts_three_ways(problem(ADA)) == MORNING


def test_working_hours_are_read_in_the_persons_own_zone():
    ada = person("Ada", "coding", hours=("09:00", "12:00"), zone="America/New_York")
    assert starts_three_ways(problem(ada)) == ["14:00", "15:00", "16:00"]


def test_a_session_lies_inside_the_window():
    assert starts_three_ways(problem(ADA, window=span("10:00", "11:00"))) == ["10:00"]
    assert starts_three_ways(problem(ADA, window=span("10:00", "10:59"))) == []


def test_notice_counts_from_now():
    assert starts_three_ways(problem(ADA, notice_hours=11)) == ["11:00"]
    assert starts_three_ways(problem(ADA, notice_hours=12)) == []


def test_the_end_lies_within_the_horizon():
    tuesday = problem(ADA, window=span("00:00", "23:00", 1), horizon_days=2)
    assert starts_three_ways(tuesday) == MORNING
    late = tuesday.evolve(now=MONDAY - timedelta(hours=13), plan=replace(tuesday.plan, horizon_days=2))
    assert starts_three_ways(late) == ["09:00", "10:00"]


def test_candidate_hours_are_read_in_the_candidates_zone():
    berlin = CandidateFacts(id="candy", time_zone="Europe/Berlin")
    hours = (time(11), time(13))
    assert starts_three_ways(problem(ADA, candidate=berlin, candidate_hours=hours)) == ["10:00", "11:00"]


def test_a_candidate_without_a_zone_lives_in_that_of_the_first_interviewer():
    nowhere = CandidateFacts(id="candy")
    ada = replace(ADA, time_zone="Europe/Berlin")
    assert starts_three_ways(problem(ada, candidate=nowhere, candidate_hours=(time(9), time(11)))) == [
        "08:00",
        "09:00",
    ]


def test_times_the_candidate_offered_are_the_only_ones():
    candy = CandidateFacts(id="candy", time_zone="Europe/London", availability=(span("10:00", "11:00"),))
    assert starts_three_ways(problem(ADA, candidate=candy)) == ["10:00"]


def test_a_question_without_a_candidate_takes_nobodys_hours_into_account():
    question = problem(ADA, candidate_hours=(time(20), time(21)))
    assert starts_three_ways(question) == []
    assert starts_three_ways(question.evolve(ignore_candidate_hours=True)) == MORNING


def test_nobody_is_booked_over_a_busy_time_but_may_touch_it():
    assert starts_three_ways(problem(replace(ADA, busy=person("X", busy=[("10:00", "11:00")]).busy))) == [
        "09:00",
        "11:00",
    ]


def test_a_busy_minute_is_enough():
    ada = person("Ada", "coding", hours=("09:00", "12:00"), busy=[("10:59", "11:00")])
    assert starts_three_ways(problem(ada)) == ["09:00", "11:00"]


def test_buffers_are_kept_towards_busy_time():
    ada = person("Ada", "coding", hours=("09:00", "12:00"), busy=[("10:00", "10:45")])
    assert starts_three_ways(problem(replace(ada, buffer=Buffer(15, 0)))) == ["09:00", "11:00"]
    assert starts_three_ways(problem(replace(ada, buffer=Buffer(16, 0)))) == ["09:00"]
    assert starts_three_ways(problem(replace(ada, buffer=Buffer(0, 1)))) == ["11:00"]


def test_the_sessions_buffer_replaces_the_interviewers():
    ada = person("Ada", "coding", hours=("09:00", "12:00"), busy=[("10:00", "11:00")], buffer=Buffer(60, 60))
    assert starts_three_ways(problem(ada)) == []
    assert starts_three_ways(problem(ada, sessions=[session("coding", buffer=Buffer(0, 0))])) == [
        "09:00",
        "11:00",
    ]


def test_buffers_may_lie_outside_working_hours():
    assert starts_three_ways(problem(replace(ADA, buffer=Buffer(30, 30)))) == MORNING


def test_where_two_interviews_meet_their_buffers_add_up():
    held = BookedInterview(span("10:00", "10:30"), Buffer(0, 15))
    ada = person("Ada", "coding", hours=("09:00", "12:00"), booked=[held])
    assert starts_three_ways(problem(replace(ada, buffer=Buffer(15, 0)))) == ["09:00", "11:00"]
    assert starts_three_ways(problem(replace(ada, buffer=Buffer(16, 0)))) == ["09:00"]


def test_starts_are_on_the_grid_of_somebodys_clock():
    kolkata = person("Kim", "coding", hours=("15:00", "18:00"), zone="Asia/Kolkata")  # 09:30 to 12:30 UTC
    assert starts_three_ways(problem(kolkata)) == ["09:30", "10:30", "11:30"]
    both = session("coding", seat(None, "kim"), seat(None, "ada"))
    assert starts_three_ways(problem(kolkata, ADA, sessions=[both])) == ["09:30", "10:00", "10:30", "11:00"]


def test_a_grid_that_does_not_divide_the_hour_starts_again_each_midnight():
    assert starts_three_ways(problem(ADA, grid=50)) == ["09:10", "10:00", "10:50"]


def test_a_seat_needs_exactly_its_level():
    shadow = person("Max", "coding:shadow")
    assert starts_three_ways(problem(shadow)) == []
    seats = (seat("coding"), seat("coding", level="shadow"))
    assert starts_three_ways(problem(ADA, shadow, sessions=[session("coding", *seats)])) == MORNING


def test_two_people_in_training_never_sit_together():
    people = ADA, person("Max", "coding:shadow"), person("Rob", "coding:reverse_shadow")
    seats = (seat("coding"), seat("coding", level="shadow"), seat("coding", level="reverse_shadow"))
    assert starts_three_ways(problem(*people, sessions=[session("coding", *seats)])) == []


def test_two_seats_need_two_people():
    two = session("coding", seat("coding", count=2))
    assert starts_three_ways(problem(ADA, sessions=[two])) == []
    ben = person("Ben", "coding", hours=("10:00", "12:00"))
    assert starts_three_ways(problem(ADA, ben, sessions=[two])) == ["10:00", "11:00"]


def test_one_person_does_not_fill_two_seats_that_both_could():
    seats = session("coding", seat("coding"), seat(None, "ada", "ben"))
    ben = person("Ben", hours=("11:00", "12:00"))
    assert starts_three_ways(problem(ADA, ben, sessions=[seats])) == ["11:00"]


def test_an_optional_seat_never_blocks_and_is_filled_when_somebody_is_free():
    watched = session("coding", seat("coding"), seat(None, "max", role="guest", optional=True))
    question = problem(ADA, person("Max", hours=("10:00", "11:00")), sessions=[watched], options=3)
    assert starts_three_ways(question) == MORNING
    panels = [[p.id for p in o.sessions[0].interviewers] for o in propose(question).options]
    assert panels == [["ada"], ["ada", "max"], ["ada"]]


def test_an_optional_trainee_stays_away_when_somebody_else_is_in_training():
    taught = session("coding", seat("coding", level="shadow"), seat("coding", level="shadow", optional=True))
    people = person("Max", "coding:shadow"), person("Mia", "coding:shadow")
    outcome = propose(problem(*people, sessions=[taught]))
    assert len(outcome.options[0].sessions[0].interviewers) == 1


def test_limits_per_day_count_what_is_booked():
    busy_day = replace(ADA, booked=(BookedInterview(span("15:00", "16:00")),))
    assert starts_three_ways(problem(replace(busy_day, limits=Limits(per_day=2)))) == MORNING
    assert starts_three_ways(problem(replace(busy_day, limits=Limits(per_day=1)))) == []


def test_limits_per_week_count_monday_to_sunday_in_the_persons_zone():
    sunday = BookedInterview(span("23:30", "23:45", -1))  # already Monday in Berlin, still Sunday in London
    once = replace(ADA, booked=(sunday,), limits=Limits(per_week=1))
    assert starts_three_ways(problem(once)) == MORNING
    assert starts_three_ways(problem(replace(once, time_zone="Europe/Berlin"))) == []


def test_who_met_the_candidate_is_left_out_where_people_are_distinct():
    assert starts_three_ways(problem(replace(ADA, met=True))) == []
    assert starts_three_ways(problem(replace(ADA, met=True), distinct_interviewers=False)) == MORNING


def test_a_room_has_to_be_large_enough_and_free():
    inside = [session("coding", room_capacity=4)]
    assert starts_three_ways(problem(ADA, sessions=inside)) == []
    assert starts_three_ways(problem(ADA, sessions=inside, rooms=(room("Nook", 3),))) == []
    elm = room("Elm", 4, busy=[("09:30", "10:00")], booked=[("11:59", "13:00")])
    assert starts_three_ways(problem(ADA, sessions=inside, rooms=(elm,))) == ["10:00"]


def test_the_smallest_room_that_fits_is_taken():
    rooms = room("Hall", 40), room("Elm", 4), room("Oak", 8)
    outcome = propose(problem(ADA, sessions=[session("coding", room_capacity=3)], rooms=rooms))
    assert outcome.options[0].sessions[0].room.name == "Elm"


# several sessions

BEN = person("Ben", "design", hours=("09:00", "17:00"))
LONG = replace(ADA, working_hours=(weekly("09:00", "17:00"),))
TWO = (session("coding"), session("design", seat("design")))


def two(**plan):
    return problem(LONG, BEN, sessions=TWO, **plan)


def test_sessions_keep_their_order_when_it_is_fixed():
    assert verdict(two(), ("coding", "09:00"), ("design", "10:00")) == set()
    assert verdict(two(), ("design", "09:00"), ("coding", "10:00")) == {"order"}
    assert verdict(two(order="any"), ("design", "09:00"), ("coding", "10:00")) == set()


def test_after_holds_where_the_order_is_free():
    sessions = (session("coding", after=("design",)), session("design", seat("design")))
    free = problem(LONG, BEN, sessions=sessions, order="any")
    assert verdict(free, ("design", "09:00"), ("coding", "10:00")) == set()
    assert verdict(free, ("coding", "09:00"), ("design", "10:00")) == {"order"}


def test_the_candidate_is_not_in_two_sessions_at_once():
    assert "overlap" in verdict(two(grid=30), ("coding", "09:00"), ("design", "09:30"))


@pytest.mark.parametrize(
    ("start", "codes"),
    [("10:00", {"gap_min"}), ("10:15", set()), ("10:45", set()), ("11:00", {"gap_max"})],
)
def test_the_gap_between_sessions_has_a_least_and_a_most(start, codes):
    assert verdict(two(grid=15, gap=Gap(15, 45)), ("coding", "09:00"), ("design", start)) == codes


LUNCH = (Break(name="Lunch", minutes=30, earliest=time(12), latest=time(13)),)


@pytest.mark.parametrize(
    ("first", "second", "codes"),
    [
        ("11:00", "12:30", set()),  # free from 12:00 to 12:30
        ("11:00", "12:15", {"break"}),  # 15 minutes are not enough
        ("11:45", "13:15", {"break"}),  # free from 12:45 to 13:15, but only a quarter of it before 13:00
        ("12:00", "13:00", set()),  # starts with the window: nothing is owed
        ("10:00", "12:00", set()),  # ends with the window: nothing is owed
    ],
)
def test_a_break_is_owed_when_the_day_reaches_beyond_its_window(first, second, codes):
    assert verdict(two(grid=15, breaks=LUNCH), ("coding", first), ("design", second)) == codes


def test_a_break_taken_between_two_sessions_does_not_count_in_their_gap():
    question = two(grid=15, breaks=LUNCH, gap=Gap(0, 15))
    assert verdict(question, ("coding", "11:00"), ("design", "12:45")) == set()
    assert verdict(question, ("coding", "11:00"), ("design", "13:00")) == {"gap_max"}


def test_a_break_is_taken_once():
    third = session("values", seat("values"))
    cat = person("Cat", "values")
    question = problem(
        LONG, BEN, cat, sessions=(*TWO, third), grid=15, breaks=LUNCH, gap=Gap(0, 0), max_days=1
    )
    short = replace(question.plan, sessions=tuple(replace(s, minutes=30) for s in question.plan.sessions))
    question = question.evolve(plan=replace(short, breaks=(replace(LUNCH[0], minutes=15),)))
    once = ("coding", "11:30"), ("design", "12:15"), ("values", "12:45")
    assert verdict(question, *once) == set()
    twice = ("coding", "11:30"), ("design", "12:15"), ("values", "13:00")
    assert verdict(question, *twice) == {"gap_max"}


def test_sessions_stay_within_max_days_of_the_candidates_calendar():
    week = span("00:00", "23:00").padded(timedelta(0), timedelta(days=4))
    spread = (("coding", at("16:00")), ("design", at("09:00", 1)))
    assert verdict(two(window=week, max_days=1), *spread) == {"max_days"}
    assert verdict(two(window=week, max_days=2), *spread) == set()
    wide = (("coding", at("16:00")), ("design", at("09:00", 2)))
    assert verdict(two(window=week, max_days=2), *wide) == {"max_days"}
    assert verdict(two(window=week, max_days=3), *wide) == set()


def test_gaps_are_not_asked_for_overnight():
    week = span("00:00", "23:00").padded(timedelta(0), timedelta(days=1))
    question = two(window=week, max_days=2, gap=Gap(0, 15))
    assert verdict(question, ("coding", at("16:00")), ("design", at("09:00", 1))) == set()


def alone(**plan):
    sessions = (session("coding"), session("again", seat("coding")))
    return problem(LONG, sessions=sessions, grid=15, **plan)


def test_nobody_meets_the_candidate_twice_where_the_plan_says_so():
    assert verdict(alone(), ("coding", "09:00"), ("again", "10:00")) == {"distinct_interviewers"}
    assert verdict(alone(distinct_interviewers=False), ("coding", "09:00"), ("again", "10:00")) == set()


@pytest.mark.parametrize(("start", "codes"), [("10:00", set()), ("10:15", {"buffer"}), ("10:30", set())])
def test_sessions_of_one_person_touch_or_keep_both_buffers(start, codes):
    question = alone(distinct_interviewers=False)
    ada = replace(LONG, buffer=Buffer(10, 20))
    question = question.evolve(interviewers=(ada,))
    assert verdict(question, ("coding", "09:00"), ("again", start)) == codes


def test_limits_count_both_sessions_of_one_person():
    question = alone(distinct_interviewers=False)
    once, twice = (replace(LONG, limits=Limits(per_day=n)) for n in (1, 2))
    times = ("coding", "09:00"), ("again", "10:00")
    assert verdict(question.evolve(interviewers=(once,)), *times) == {"limit_per_day"}
    assert verdict(question.evolve(interviewers=(twice,)), *times) == set()


def test_a_break_whose_window_the_clocks_skip_is_not_owed():
    # Berlin's clocks jump from 02:00 to 03:00 on 29 March 2026, and with them the whole window
    night = Break(name="Night", minutes=60, earliest=time(2), latest=time(3))
    berlin = CandidateFacts(id="candy", time_zone="Europe/Berlin")
    up_late = (replace(p, working_hours=(weekly("00:00", "00:00"),)) for p in (LONG, BEN))
    times = ("coding", datetime(2026, 3, 29, 0, tzinfo=UTC)), ("design", datetime(2026, 3, 29, 1, tzinfo=UTC))
    question = problem(*up_late, sessions=TWO, candidate=berlin, breaks=(night,))
    question = question.evolve(
        now=datetime(2026, 3, 28, tzinfo=UTC),
        window=Interval(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),
    )
    assert verdict(question, *times) == set()


def test_a_problem_whose_notice_outlasts_the_window_is_impossible():
    outcome = propose(problem(ADA, notice_hours=48))
    assert isinstance(outcome, Impossible)
    assert [blocker.code for blocker in outcome.explanation.blockers] == ["notice"]
