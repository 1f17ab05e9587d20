# SPDX-License-Identifier: Apache-2.0
"""Why there is nothing, and what would help."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

from hypothesis import given, settings

from scheduler.domain.intervals import Interval
from scheduler.domain.people import Qualification
from scheduler.solver.certain import certain
from scheduler.solver.deciding import more_plans
from scheduler.solver.effort import Effort
from scheduler.solver.explain import blocking, explain_no_other, explain_none
from scheduler.solver.model import propose
from scheduler.solver.outcome import Impossible, Solved
from scheduler.solver.problem import HELD, CandidateFacts, Problem, Unreadable
from tests.solver.builders import (
    BookedInterview,
    Buffer,
    BusyBlock,
    Gap,
    Limits,
    at,
    person,
    problem,
    room,
    seat,
    session,
    span,
    weekly,
)
from tests.solver.random_problems import problems, small

ADA = person("Ada", "coding", hours=("09:00", "12:00"))
BEN = person("Ben", "design", hours=("09:00", "12:00"))
TWO = (session("coding"), session("design", seat("design")))


def why(question):
    outcome = propose(question)
    assert isinstance(outcome, Impossible)
    return outcome.explanation


def codes(question):
    return [blocker.code for blocker in why(question).blockers]


def test_unreadable_calendars_are_not_the_same_as_no_times():
    lost = (Unreadable("ada", "the password was refused", "Ada"),)
    explanation = why(problem().evolve(unreadable=lost))
    assert [b.code for b in explanation.blockers] == ["calendars_unreadable"]
    assert explanation.unreadable == (("ada", "the password was refused"),)
    assert explanation.summary == "No calendar could be read, so nothing is known about free times."


def test_a_named_person_whose_calendar_is_unreadable_is_named():
    sessions = [session("coding", seat(None, "eve"))]
    question = problem(ADA, sessions=sessions).evolve(unreadable=(Unreadable("eve", "timeout", "Eve"),))
    assert [b.text for b in why(question).blockers] == [
        "The calendar of Eve, needed for Coding, could not be read."
    ]


def test_a_skill_nobody_has_is_named():
    assert [b.text for b in why(problem(BEN)).blockers] == [
        "No interviewer has the skill coding, needed for Coding."
    ]


def test_who_has_the_skill_and_an_unreadable_calendar_is_named():
    lost = Unreadable("eve", "timeout", "Eve", (Qualification("coding"),))
    room_lost = Unreadable("elm", "timeout", "Elm")
    question = problem(BEN).evolve(unreadable=(lost, room_lost))
    assert [(b.code, b.text) for b in why(question).blockers] == [
        (
            "calendar_unreadable",
            "The calendar of Eve, who has the skill coding, needed for Coding, could not be read.",
        )
    ]
    assert Problem.from_json(question.to_json()).unreadable == question.unreadable


def test_who_has_the_skill_and_met_the_candidate_is_named():
    explanation = why(problem(person("Ada", "coding", met=True)))
    assert [(b.code, b.text) for b in explanation.blockers] == [
        (
            "distinct_interviewers",
            "Of those with the skill coding for Coding, Ada has met the candidate already.",
        )
    ]
    assert [item.text for item in explanation.relaxations] == ["Let somebody meet the candidate twice"]


def test_too_few_different_people_are_counted():
    both = (session("coding"), session("again", seat("coding")))
    assert codes(problem(ADA, sessions=both)) == ["not_enough_people"]
    one = session("coding", seat("coding"), seat(None, "ada"))
    assert codes(problem(ADA, sessions=[one])) == ["not_enough_people"]


def test_a_busy_person_who_is_needed_is_named_with_the_times():
    ada = person("Ada", "coding", hours=("09:00", "12:00"), busy=[("08:00", "12:00")])
    (blocker,) = why(problem(ada)).blockers
    assert (blocker.code, blocker.interviewer_id, blocker.session_key) == ("busy", "ada", "coding")
    assert blocker.text == (
        "Ada is needed for Coding and has too little time that fits, because of working hours"
        " (every day 09:00–12:00; Europe/London) and busy calendars"
        " (Mon 30 Nov 08:00–12:00; Europe/London)."
    )


def test_only_what_is_needed_for_the_contradiction_is_blamed():
    hours = {"candidate_hours": (time(13), time(18))}
    assert codes(problem(ADA, **hours, gap=Gap(0, 30))) == ["candidate_hours", "outside_hours"]


def test_each_blocker_taken_away_alone_would_open_an_answer():
    two_days = span("00:00", "23:00").padded(timedelta(0), timedelta(days=1))
    hours = {"candidate_hours": (time(9), time(10)), "gap": Gap(0, 15)}
    question = problem(ADA, BEN, sessions=TWO, window=two_days, **hours)
    assert codes(question) == ["max_days", "candidate_hours"]
    assert more_plans(question, than=0) is False
    assert more_plans(question.evolve(plan=replace(question.plan, max_days=2)), than=0)
    assert more_plans(
        question.evolve(plan=replace(question.plan, candidate_hours=(time(9), time(11)))), than=0
    )


def test_a_room_that_does_not_exist_is_said():
    inside = [session("coding", room_capacity=6)]
    assert codes(problem(ADA, sessions=inside, rooms=(room("Elm", 4),))) == ["no_room"]


def test_notice_and_horizon_are_told_apart():
    assert codes(problem(ADA, notice_hours=48)) == ["notice"]
    later = problem(ADA, window=span("00:00", "23:00", 20))
    assert codes(later) == ["horizon"]


# what blocks, and that none of it could be spared


def each_is_needed(question, found=0):
    """Nothing is possible beyond what was found, and without any one blocker something is."""
    why = blocking(question, found)
    causes = (*why.each, *why.together)
    assert causes
    assert not more_plans(why.problem, than=found) or not why.together
    if not why.whole:
        return why
    for cause in why.together:
        assert more_plans(cause.removed(why.problem), than=found) is not False
    for spared in why.each:
        others = question
        for cause in why.each:
            others = others if cause is spared else cause.removed(others)
        assert not more_plans(others, than=found)
    without = question
    for cause in why.each:
        without = cause.removed(without)
    for cause in why.together[: why.enough]:
        assert more_plans(cause.removed(without), than=found) is not False
    for cause in why.together[why.enough :]:
        assert not more_plans(cause.removed(without), than=found)
    return why


@settings(small, max_examples=15)
@given(problems(sessions=(1, 2, 3), days=(1, 2)))
def test_no_blocker_can_be_spared_and_no_plan_is_left_with_all_of_them(question):
    if question.open_window is None or list(certain(question)) or more_plans(question, than=0) is not False:
        return
    if blocking(question).blockers:
        each_is_needed(question)


@settings(small, max_examples=12)
@given(problems(sessions=(1, 2), days=(1, 2)))
def test_what_limits_the_number_of_options_cannot_be_spared_either(question):
    outcome = propose(question.evolve(options=8))
    if isinstance(outcome, Solved) and len(outcome.options) < 8:
        found = len(outcome.options)
        if blocking(question, found).blockers:
            each_is_needed(question, found)


def test_what_blocks_by_itself_is_told_beside_all_else_that_does():
    away = replace(ADA, busy=person("X", busy=[("00:00", "23:59")]).busy)
    inside = [session("coding", room_capacity=4)]
    question = problem(away, sessions=inside, rooms=(room("Elm", 4, busy=[("00:00", "23:59")]),))
    assert [cause.blocker.code for cause in each_is_needed(question).each] == ["busy", "no_room"]
    assert why(question).summary.endswith("2 things have to change first.")


def test_a_summary_says_when_any_one_change_would_do():
    question = problem(ADA, candidate_hours=(time(13), time(18)))
    assert why(question).summary == (
        "“Plan” cannot take place on Monday 30 November. 2 things stand in the way together;"
        " a change of any one of them would open a way."
    )


def loop_of_two_that_keeps_the_candidates_hours():
    return problem(
        ADA,
        person("Cat", "coding", hours=("09:00", "12:00")),
        sessions=(session("coding"), session("again", seat("coding"))),
        candidate_hours=(time(11), time(12)),
    )


def test_what_is_not_known_to_stand_in_the_way_is_not_told(monkeypatch):
    question = loop_of_two_that_keeps_the_candidates_hours()
    assert codes(question) == ["candidate_hours"]
    monkeypatch.setattr("scheduler.solver.deciding.BRANCHES", 0)
    explanation = explain_none(question)
    assert [blocker.code for blocker in explanation.blockers] == ["not_known"]
    assert explanation.summary.endswith("What stands in the way could not be found within the limit of work.")


def test_an_explanation_ends_with_its_effort(monkeypatch):
    question = loop_of_two_that_keeps_the_candidates_hours()
    assert explain_none(question).relaxations
    monkeypatch.setattr("scheduler.solver.effort.STEPS", 0)
    explanation = explain_none(question)
    assert [blocker.code for blocker in explanation.blockers] == ["not_known"]
    assert explanation.relaxations == ()


def test_an_explanation_ends_with_the_time_for_the_whole_answer():
    question = loop_of_two_that_keeps_the_candidates_hours()
    explanation = explain_none(question, lambda: True)
    assert [blocker.code for blocker in explanation.blockers] == ["not_known"]
    assert explanation.relaxations == ()
    late = propose(question, seconds=0).explanation
    assert (late.summary, late.blockers) == (explanation.summary, explanation.blockers)


def test_one_hard_question_does_not_take_the_effort_of_all(monkeypatch):
    monkeypatch.setattr("scheduler.solver.effort.MOST_STEPS", 10)
    effort = Effort()
    assert more_plans(loop_of_two_that_keeps_the_candidates_hours(), than=0, effort=effort) is None
    assert not effort.spent


def test_what_limits_options_that_may_not_overlap_is_not_guessed():
    outcome = propose(problem(ADA, options=8).evolve(options_apart=True))
    assert outcome.explanation.summary.startswith("There are only 3 options at times of their own")
    assert outcome.explanation.blockers == ()


def test_a_summary_of_one_obstacle_names_it():
    week = Interval(at("00:00"), at("00:00", 4))
    ada = person("Ada", "coding", busy=[Interval(at("00:00", -1), at("00:00", 5))])
    explanation = why(problem(ada, window=week))
    assert explanation.summary == (
        "“Plan” cannot take place from Monday 30 November to Thursday 3 December. "
        + explanation.blockers[0].text
    )


def test_the_limit_that_is_reached_is_told():
    held = BookedInterview(span("15:00", "16:00"))
    (blocker,) = why(problem(person("Ada", "coding", booked=[held], limits=Limits(per_day=1)))).blockers
    assert (blocker.code, blocker.interviewer_id) == ("limit", "ada")
    assert blocker.text == (
        "Ada is needed for Coding and has too little time that fits, because of interviews already arranged"
        " and limits of interviews (1 a day)."
    )


def test_times_held_for_others_are_told_apart_from_a_busy_calendar():
    ada = person("Ada", "coding")
    held = replace(ada, busy=(BusyBlock(span("00:00", "23:59"), HELD),))
    (blocker,) = why(problem(held)).blockers
    assert (blocker.code, blocker.interviewer_id) == ("held", "ada")
    assert blocker.text == (
        "Ada is needed for Coding and has too little time that fits, because of times held for other"
        " candidates."
    )


def test_working_hours_that_do_not_meet_are_told():
    both = session("coding", seat(None, "ada", "ben", count=2))
    people = person("Ada", hours=("09:00", "12:00")), person("Ben", hours=("13:00", "17:00"))
    (blocker,) = why(problem(*people, sessions=[both])).blockers
    assert blocker.code == "outside_hours"
    assert blocker.text == (
        "Ada and Ben are both needed for Coding and have too little time that fits, because of working hours."
    )


def test_working_hours_of_one_person_are_told_in_full():
    hours = (weekly("09:00", "12:00", ["mon", "tue", "wed"]), weekly("13:00", "13:30", ["thu", "sat"]))
    ada = replace(ADA, working_hours=hours)
    question = problem(ada, window=Interval(at("00:00", 3), at("00:00", 6)))
    assert why(question).blockers[0].text == (
        "Ada is needed for Coding and has too little time that fits, because of working hours"
        " (Mon–Wed 09:00–12:00, Thu, Sat 13:00–13:30; Europe/London)."
    )


def test_free_time_around_interviews_is_told():
    ada = person("Ada", "coding", hours=("09:00", "10:00"), busy=[("10:00", "11:00")], buffer=Buffer(0, 5))
    (blocker,) = why(problem(ada)).blockers
    assert blocker.code == "busy"
    assert "free time kept around interviews (0 min before and 5 min after)" in blocker.text


def test_the_times_a_candidate_offered_are_told():
    offered = (span("18:00", "19:00"),)
    candy = CandidateFacts(id="candy", time_zone="Europe/Berlin", availability=offered)
    first = why(problem(ADA, candidate=candy)).blockers[0]
    assert first.text == (
        "The candidate offered only some times (Mon 30 Nov 19:00–20:00; Europe/Berlin);"
        " others would have to be asked for."
    )


def test_focus_time_that_may_be_overbooked_is_no_obstacle():
    focus = BusyBlock(span("09:00", "12:00"), "focus")
    meeting = BusyBlock(span("08:00", "12:00"))
    question = problem(person("Ada", "coding", hours=("09:00", "12:00"), busy=[focus, meeting]))
    (blocker,) = why(question.evolve(overbook=("focus",))).blockers
    assert "(Mon 30 Nov 08:00–12:00;" in blocker.text


def test_fewer_options_than_wanted_are_explained():
    question = problem(ADA, options=5, notice_hours=10)
    outcome = propose(question)
    assert len(outcome.options) == 2
    assert outcome.explanation.summary == "There are only 2 possible starts; 5 options were asked for."
    assert [blocker.code for blocker in outcome.explanation.blockers] == [
        "grid",
        "notice",
        "outside_hours",
    ]
    assert [item.options_gained for item in outcome.explanation.relaxations] == [3, 1]


def test_that_no_other_time_could_be_found_is_not_that_there_is_none():
    """Of a question whose search was cut off."""
    explanation = explain_no_other(problem(ADA))
    assert explanation.summary == (
        "No other time could be found for “Plan” on Monday 30 November."
        " What stands in the way could not be found within the limit of work."
    )
    assert [blocker.code for blocker in explanation.blockers] == ["not_known"]
    assert explanation.relaxations == ()


def test_nothing_is_explained_when_all_options_are_there():
    assert propose(problem(ADA, options=3)).explanation is None


def test_an_explanation_always_has_a_blocker():
    tiny = problem(ADA, window=Interval(at("09:00"), at("09:00") + timedelta(minutes=30)))
    assert [blocker.code for blocker in explain_none(tiny).blockers] == ["window"]


def test_a_room_for_one_is_a_room_for_one_person():
    (blocker,) = why(problem(ADA, sessions=[session("coding", room_capacity=1)])).blockers
    assert blocker.text == "There is no room for 1 person for Coding."


def test_working_hours_on_no_day_are_none():
    ada = replace(ADA, working_hours=(weekly("07:00", "09:00", []),))
    assert "working hours (none; Europe/London)" in why(problem(ada)).blockers[0].text


def test_a_session_that_nobody_has_to_hold_is_told():
    question = problem(ADA, sessions=[session("coding", seat("coding", optional=True))])
    assert [(b.code, b.text) for b in why(question).blockers] == [
        ("no_interviewer", "Everybody in Coding is optional, and somebody has to hold it.")
    ]


def test_changes_that_read_the_same_are_told_once():
    trainee = seat("coding", level="shadow")
    people = ADA, person("Cy", "coding:shadow"), person("Di", "coding:shadow")
    question = problem(*people, sessions=[session("coding", seat("coding"), trainee, trainee)])
    texts = [item.text for item in why(question).relaxations]
    assert texts == ["Hold Coding without anybody in training where none is free"]
