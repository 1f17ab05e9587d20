# SPDX-License-Identifier: Apache-2.0
"""Rules and weights that only many candidates have, each alone: free, forced to break, nearly broken."""

from __future__ import annotations

from dataclasses import replace

from scheduler.domain.people import Buffer, Limits
from scheduler.solver.effort import Effort
from scheduler.solver.facts import BusyBlock
from scheduler.solver.many.assign import assign
from scheduler.solver.many.judge import violations_of_all
from scheduler.solver.many.left_out import LeftOut
from scheduler.solver.outcome import OPTIMAL
from tests.solver.builders import person, room, seat, session, span
from tests.solver.many.builders import candidate, many, placed


def test_nobody_holds_two_interviews_at_once():
    two = [candidate("Ann", offered=[("09:00", "10:00")]), candidate("Ben", offered=[("09:00", "10:00")])]
    assert len(placed(many(*two, people=[person("Ada", "coding"), person("Bob", "coding")]))) == 2
    assert len(placed(many(*two, people=[person("Ada", "coding")]))) == 1
    later = [two[0], candidate("Ben", offered=[("09:00", "11:00")])]
    assert placed(many(*later, people=[person("Ada", "coding")])) == {
        "ann": [("09:00", "ada")],
        "ben": [("10:00", "ada")],
    }


def test_minutes_between_interviews_are_kept_beside_the_buffers():
    def count(minutes, **facts):
        two = [
            candidate("Ann", offered=[("09:00", "10:00")]),
            candidate("Ben", offered=[("10:15", "11:15")], grid=15),
        ]
        people = [person("Ada", "coding", **facts)]
        return len(placed(many(*two, people=people, between_interviews=minutes)))

    assert (count(0), count(15), count(16)) == (2, 2, 1)
    assert count(10, buffer=Buffer(5, 0)) == 2
    assert count(11, buffer=Buffer(5, 0)) == 1
    assert count(0, buffer=Buffer(10, 10)) == 1


def test_minutes_between_interviews_are_kept_towards_booked_ones():
    def starts(minutes):
        booked = [span("09:00", "10:00")]
        ada = person("Ada", "coding", hours=("09:00", "12:00"), booked=booked)
        return placed(many(candidate("Ann"), people=[ada], between_interviews=minutes))["ann"]

    assert starts(0) == [("10:00", "ada")]
    assert starts(15) == [("11:00", "ada")]


def test_limits_count_the_new_interviews_of_everybody():
    def count(most):
        three = [candidate(name) for name in ("Ann", "Ben", "Cem")]
        booked = [("09:00", "10:00")]
        ada = person("Ada", "coding", booked=booked, limits=Limits(per_day=most))
        return len(placed(many(*three, people=[ada])))

    assert (count(None), count(4), count(3), count(1)) == (3, 3, 2, 0)


def test_no_more_sessions_at_once_than_rooms():
    def count(rooms):
        inside = session("coding", room_capacity=2)
        two = [candidate(name, inside, offered=[("09:00", "10:00")]) for name in ("Ann", "Ben")]
        people = [person("Ada", "coding"), person("Bob", "coding")]
        return len(placed(many(*two, people=people, rooms=rooms)))

    assert count((room("One"), room("Two"))) == 2
    assert count((room("One"),)) == 1
    assert count((room("One"), room("Small", capacity=1))) == 1
    assert count((room("One"), room("Two", busy=[("09:30", "10:30")]))) == 1
    assert count((room("One"), room("Two", busy=[("10:00", "11:00")]))) == 2


def test_each_session_gets_a_room_of_its_own():
    inside = session("coding", room_capacity=2)
    two = [candidate(name, inside, offered=[("09:00", "10:00")]) for name in ("Ann", "Ben")]
    people = [person("Ada", "coding"), person("Bob", "coding")]
    outcome = assign(many(*two, people=people, rooms=(room("One"), room("Two"))))
    assert sorted(option.sessions[0].room.id for option in outcome.options.values()) == ["one", "two"]


def test_people_the_candidate_has_met_stay_away():
    people = [person("Ada", "coding"), person("Bob", "coding")]
    assert placed(many(candidate("Ann", met=["ada"]), people=people))["ann"] == [("09:00", "bob")]
    assert placed(many(candidate("Ann", met=["ada", "bob"]), people=people)) == {}
    again = candidate("Ann", met=["ada", "bob"], distinct_interviewers=False)
    assert len(placed(many(again, people=people))) == 1


def test_days_of_sessions_count_each():
    loop = candidate("Ann", session("one"), session("two"), distinct_interviewers=True)
    people = [person("Ada", "coding"), person("Bob", "coding")]
    away = [person("Ada", "coding", busy=[("00:00", "23:59")]), people[1]]
    weights = {"session_day": 10}
    today, tomorrow = (
        assign(many(loop, people=p, days=2, weights=weights)).options["ann"] for p in (people, away)
    )
    assert (today.cost, tomorrow.cost) == (0, 20)
    assert [reason.value for reason in tomorrow.reasons if reason.code == "session_day"] == [20]


def test_the_nth_interview_of_a_person_counts_n_steps():
    three = [candidate(name) for name in ("Ann", "Ben", "Cem")]

    def costs(*people):
        outcome = assign(many(*three, people=people, weights={"load_step": 2}))
        return sorted(option.cost for option in outcome.options.values())

    ada, bob, cat = (person(name, "coding") for name in ("Ada", "Bob", "Cat"))
    assert costs(ada) == [2, 4, 6]
    assert costs(ada, bob) == [2, 2, 4]
    assert costs(ada, bob, cat) == [2, 2, 2]


def test_a_newcomer_counts_with_the_median_of_each_plan():
    one, two = session("one", seat(None, "new", "ada")), session("two", seat(None, "new", "bob"))
    people = [person("New", load=None), person("Ada", load=20), person("Bob", load=2)]
    away = [people[0], *(replace(p, busy=(BusyBlock(span("00:00", "23:59")),)) for p in people[1:])]
    question = many(candidate("Ann", one), candidate("Ben", two), people=away, weights={"load": 1})
    outcome = assign(question)
    costs = [option.cost for option in outcome.options.values()]
    assert costs == [20, 2]
    assert outcome.proof == OPTIMAL
    assert outcome.figures.stages[-1].objective == sum(costs)


def test_people_other_than_the_preferred_cost():
    people = [person("Ada", "coding"), person("Bob", "coding", hours=("09:00", "10:00"))]

    def cost(*preferred, **offered):
        ann = candidate("Ann", preferred=preferred, **offered)
        return assign(many(ann, people=people, weights={"other_people": 3})).options["ann"].cost

    assert (cost(), cost("bob"), cost("nobody")) == (0, 0, 3)
    assert cost("bob", offered=[("10:00", "17:00")]) == 3


def test_what_may_be_overbooked_costs_and_what_may_not_blocks():
    focus = BusyBlock(span("09:00", "10:00"), "focus")
    ada = replace(person("Ada", "coding"), busy=(focus,))
    ann = candidate("Ann", offered=[("09:00", "10:00")])
    later = candidate("Ann", offered=[("09:00", "11:00")])

    def answer(who, *kinds):
        outcome = assign(many(who, people=[ada], overbook=kinds, weights={"overbooked": 7}))
        return [(f"{option.start:%H:%M}", option.cost) for option in outcome.options.values()]

    assert answer(ann) == answer(ann, "hold") == []
    assert answer(ann, "focus") == [("09:00", 7)]
    assert answer(later, "focus") == [("10:00", 0)]


def test_panels_of_one_session_are_different_people():
    def count(*people):
        pair = session("pair", seat("coding"), seat("design", role="second"))
        return len(placed(many(candidate("Ann", pair), people=people)))

    assert count(person("Ada", "coding", "design")) == 0
    assert count(person("Ada", "coding", "design"), person("Bob", "coding")) == 1


def test_optional_people_come_when_they_are_free_and_never_block():
    learning = seat("coding", level="shadow", role="shadow", optional=True)
    two = [
        candidate("Ann", session("coding", seat("coding"), learning), offered=[("09:00", "10:00")]),
        candidate("Ben", session("coding", seat("coding"), learning), offered=[("09:00", "10:00")]),
    ]
    people = [person("Ada", "coding"), person("Bob", "coding"), person("Cat", "coding:shadow")]
    seats = sorted(len(sessions[0]) - 1 for sessions in placed(many(*two, people=people)).values())
    assert seats == [1, 2]


def test_who_is_left_out_for_others_hears_of_the_others_and_who_never_could_does_not():
    two = [candidate(name, offered=[("09:00", "10:00")]) for name in ("Ann", "Ben", "Cem")]
    never = candidate("Dia", session("sales", seat("sales")))
    assignments = assign(many(*two, never, people=[person("Ada", "coding")])).assignments
    summaries = [item.explanation.summary for item in assignments if item.explanation]
    assert [text.startswith("There are more candidates than times for “Plan”.") for text in summaries] == [
        True,
        True,
        False,
    ]
    assert summaries[0] == summaries[1]


def test_other_candidates_interviews_are_told_from_those_already_arranged():
    nine = [("09:00", "10:00")]
    two = [candidate(name, offered=nine) for name in ("Ann", "Ben")]

    def blamed(*booked):
        busy = [person("Ada", "coding"), person("Bob", "coding", booked=booked)]
        people = busy if booked else busy[:1]
        (why,) = [a.explanation for a in assign(many(*two, people=people)).assignments if a.explanation]
        (text,) = [blocker.text for blocker in why.blockers if blocker.code == "busy"]
        return text.partition("because of ")[2]

    assert blamed() == "interviews of the other candidates."
    assert blamed(nine[0]) == "interviews already arranged and interviews of the other candidates."


def test_who_is_left_out_hears_what_is_found_in_time_and_many_share_the_work():
    offered = [(f"09:{minutes}", "10:00") for minutes in range(10, 22)]
    late = [candidate(f"C{n}", offered=[stretch]) for n, stretch in enumerate(offered)]
    question = many(*late, people=[person("Ada", "coding")])
    hurried = LeftOut(question, {}, [], lambda: True).explanation(0)
    assert [blocker.code for blocker in hurried.blockers] == ["not_known"]
    patient = assign(question, seconds=1e-9)
    assert all(item.explanation.blockers[0].code != "not_known" for item in patient.assignments)
    assert Effort(sharing=len(late)).left == Effort().left // len(late)


def test_whom_an_answer_that_was_cut_short_leaves_out_is_not_said_to_be_impossible():
    question = many(candidate("Ann"), candidate("Eve"), people=[person("Ada", "coding")])
    why = LeftOut(question, {}, possible=[0, 1]).explanation(0)
    assert [blocker.code for blocker in why.blockers] == ["not_known"]
    assert why.summary.startswith("No time could be found for “Plan”")


def test_an_option_tells_why_these_people_and_who_could_stand_in():
    nine = [("09:00", "10:00")]
    people = [
        person("Ada", "coding", load=0),
        person("Bob", "coding", load=3),
        person("Cat", "coding", load=9),
    ]

    def told(*names):
        question = many(*(candidate(n, offered=nine) for n in names), people=people, weights={"load": 1})
        options = assign(question).options
        return sorted(r.text for o in options.values() for r in o.reasons if r.code in ("people", "cover"))

    assert told("Ann") == [
        "Ada for Coding; Bob would cost 3 more: 3 more recent interviews",
        "Could stand in for Coding: Bob and Cat",
    ]
    assert told("Ann", "Ben", "Cem") == [
        f"{n} for Coding: nobody else could then" for n in ("Ada", "Bob", "Cat")
    ]


def test_the_judge_names_what_two_candidates_do_to_each_other():
    two = [candidate(name, offered=[("09:00", "10:00")]) for name in ("Ann", "Ben")]
    question = many(*two, people=[person("Ada", "coding")])
    alone = assign(question.evolve(candidates=question.candidates[:1])).options["ann"]
    assert violations_of_all(question, {0: alone}) == {}
    wrong = violations_of_all(question, {0: alone, 1: alone})
    assert {index: [item.code for item in found] for index, found in wrong.items()} == {
        0: ["busy"],
        1: ["busy"],
    }
