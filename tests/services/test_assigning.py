# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
import sqlalchemy as sa

from calendars.errors import Outage
from calendars.values import CalendarKey
from scheduler import replay
from scheduler.db import rows
from scheduler.domain.errors import Conflict, Gone
from scheduler.services import bookings, candidate_link, runs, solving, upkeep
from tests.services.town import CONTACT, RECRUITER

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-03T00:00:00Z"}
CROWD = [
    {"name": f"Candidate {letter}", "email": f"{letter}@example.net", "time_zone": "Europe/London"}
    for letter in "abcd"
]


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, 2, hour, minute, tzinfo=UTC)


def assign(town, plan=None, *, candidates=CROWD[:3], **fields):
    return town.offer(plan, mode="assign", window=WINDOW, candidates=candidates, **fields)


def statuses(run):
    return [item["status"] for item in run["candidates"]]


def times(run):
    return sorted(
        (option["start"], option["end"])
        for item in run["candidates"]
        for option in item["options"]
        if option["status"] != "withdrawn"
    )


def mails_to(town, letter):
    return town.post.subjects_to(f"{letter}@example.net")


def test_each_run_draws_a_seed_of_its_own_and_keeps_it_with_the_problem(town):
    town.hire("Ada", skills=("python",))

    ids = [assign(town)["id"], town.offer()["id"], assign(town)["id"]]

    with town.parts.database.transaction(town.organization_id) as session:
        kept = [session.get_one(rows.Run, id_) for id_ in ids]
        seeds = [run.solver["seed"] for run in kept]
        offered = session.scalars(sa.select(rows.RunCandidate.problem).filter_by(run_id=ids[1])).one()
        stated = [kept[0].problem["seed"], offered["seed"], kept[2].problem["seed"]]
    assert seeds == stated
    assert len(set(seeds)) == 3
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert [replay.run(town.parts, id_) for id_ in ids] == [0, 0, 0]


def test_everybody_is_offered_one_time_and_no_two_the_same_interviewer_at_once(town):
    town.hire("Ada", skills=("python",))

    run = assign(town)

    assert (run["status"], run["mode"], run["confirm"]) == ("finished", "assign", False)
    assert statuses(run) == ["offered"] * 3
    assert [len(item["options"]) for item in run["candidates"]] == [1, 1, 1]
    assert all(end <= start for (_, end), (start, _) in pairwise(times(run)))
    assert [len(mails_to(town, letter)) for letter in "abc"] == [1, 1, 1]


def test_who_is_left_out_goes_to_a_person_with_what_stands_in_the_way(town):
    town.hire("Ada", skills=("python",))
    town.calendars.add_busy("ada@acme.example", at(0), at(15))

    run = assign(town)

    assert sorted(statuses(run)) == ["infeasible", "offered", "offered"]
    [left_out] = [item for item in run["candidates"] if item["status"] == "infeasible"]
    assert left_out["explanation"]["blockers"]
    assert left_out["invitation"] is None
    assert len(town.post.subjects_to(CONTACT["email"])) == 1


def test_to_confirm_is_to_book_everybody_at_once_with_one_mail_each(town):
    town.hire("Ada", skills=("python",))

    run = assign(town, confirm=True)

    assert (run["status"], run["confirm"], statuses(run)) == ("finished", True, ["booked"] * 3)
    booked = [bookings.get(town.parts, town.organization_id, c["booking_id"]) for c in run["candidates"]]
    assert [booking["status"] for booking in booked] == ["confirmed"] * 3
    assert all(len(mails_to(town, letter)) == 1 for letter in "abc")
    assert "invitation.sent" not in {event["event"] for b in booked for event in b["history"]}
    looked_at = town.calendars.read_busy([CalendarKey("ada@acme.example", "UTC")], at(0), at(23))
    assert len(looked_at["ada@acme.example"].blocks) == 3


def test_nobody_is_said_to_have_chosen_the_time_they_were_given(town):
    town.hire("Ada", skills=("python",))

    assign(town, candidates=CROWD[:1], confirm=True)

    assert town.post.subjects_to(CONTACT["email"]) == ["Candidate a has been given Wed 2 Dec, 09:00 GMT"]
    texts = [mail.get_body(("plain",)).get_content() for mail in town.post.mails]
    assert len(texts) == 2
    assert not [text for text in texts if "chose" in text]


def test_who_confirms_the_time_they_were_offered_has_chosen_it(town):
    town.hire("Ada", skills=("python",))

    run = assign(town, candidates=CROWD[:1])
    candidate_link.book(town.parts, town.token(run), run["candidates"][0]["options"][0]["id"])
    town.run_jobs()

    assert town.post.subjects_to(CONTACT["email"]) == ["Candidate a has chosen Wed 2 Dec, 09:00 GMT"]


def test_nobody_is_said_to_have_chosen_what_a_recruiter_has_booked(town):
    town.hire("Ada", skills=("python",))

    town.book(assign(town, candidates=CROWD[:1]))
    town.run_jobs()

    assert town.post.subjects_to(CONTACT["email"]) == ["Candidate a has been given Wed 2 Dec, 09:00 GMT"]


def test_what_was_confirmed_can_be_called_off_from_the_candidates_link(town):
    town.hire("Ada", skills=("python",))
    run = assign(town, candidates=CROWD[:1], confirm=True)

    candidate_link.cancel(town.parts, town.token(run), "I have taken another offer.")

    assert statuses(runs.get(town.parts, town.organization_id, run["id"])) == ["cancelled"]


def test_a_time_that_goes_before_it_is_booked_is_left_to_a_person_and_the_others_are_booked(town):
    town.hire("Ada", skills=("python",))
    run = assign(town, town.plan(approval="before_offer"), confirm=True)
    assert (run["status"], statuses(run)) == ("awaiting_approval", ["waiting"] * 3)
    first = min(times(run))
    start, end = (datetime.fromisoformat(moment) for moment in first)
    town.calendars.add_busy("ada@acme.example", start, end)

    runs.approve(town.parts, town.organization_id, run["id"], actor=RECRUITER)
    town.run_jobs()

    run = runs.get(town.parts, town.organization_id, run["id"])
    assert (run["status"], sorted(statuses(run))) == ("finished", ["booked", "booked", "infeasible"])
    [lost] = [item for item in run["candidates"] if item["status"] == "infeasible"]
    assert [blocker["code"] for blocker in lost["explanation"]["blockers"]] == ["not_booked"]
    assert town.post.subjects_to(lost["candidate"]["email"]) == []
    assert len(town.post.subjects_to(CONTACT["email"])) == 3  # two confirmations, one to look after
    with pytest.raises(Gone):
        candidate_link.open(town.parts, _token(town, lost))


def _token(town, candidate):
    """Of a link that nobody was sent."""
    with town.parts.database.transaction(town.organization_id) as session:
        invitation = session.scalars(
            sa.select(rows.Invitation).where(rows.Invitation.id == candidate["invitation"]["id"])
        ).one()
        return town.parts.links.token(invitation.id, invitation.generation, invitation.key_fingerprint)


def test_a_person_may_drop_somebodys_time_before_the_others_are_booked(town):
    town.hire("Ada", skills=("python",))
    run = assign(town, town.plan(approval="before_offer"), confirm=True)
    dropped = run["candidates"][1]["options"][0]["id"]

    runs.approve(town.parts, town.organization_id, run["id"], drop=[dropped], actor=RECRUITER)
    with pytest.raises(Conflict):
        runs.approve(town.parts, town.organization_id, run["id"], actor=RECRUITER)
    town.run_jobs()

    run = runs.get(town.parts, town.organization_id, run["id"])
    assert (run["status"], statuses(run)) == ("finished", ["booked", "cancelled", "booked"])
    assert mails_to(town, "b") == []


def test_booking_goes_on_where_a_worker_died_and_nobody_is_booked_twice(town):
    town.hire("Ada", skills=("python",))
    run = assign(town, confirm=True, solve=False)

    def die(looks):
        if looks == 3:  # the first is the solver's, the second the first candidate's
            raise SystemExit("killed")

    town.calendars.meanwhile = die
    with pytest.raises(SystemExit):
        solving.solve(town.parts, town.organization_id, run["id"])
    solved = runs.get(town.parts, town.organization_id, run["id"])
    assert (solved["status"], statuses(solved)) == ("solving", ["booked", "offered", "waiting"])

    town.run_jobs()

    run = runs.get(town.parts, town.organization_id, run["id"])
    assert (run["status"], statuses(run)) == ("finished", ["booked"] * 3)
    assert times(run) == times(solved)


def test_nobody_is_said_to_have_been_silent_whose_time_was_to_be_booked_for_them(town):
    """The worker died, and the next one came too late for the plan's notice."""
    town.hire("Ada", skills=("python",))
    run = assign(town, candidates=CROWD[:1], confirm=True, solve=False)

    def die(looks):
        if looks == 2:  # the first is the solver's
            raise SystemExit("killed")

    town.calendars.meanwhile = die
    with pytest.raises(SystemExit):
        solving.solve(town.parts, town.organization_id, run["id"])
    town.clock.instant = at(17)
    upkeep.sweep(town.parts)
    town.run_jobs()

    assert statuses(runs.get(town.parts, town.organization_id, run["id"])) == ["infeasible"]
    [said] = town.post.subjects_to(CONTACT["email"])
    assert said.startswith("Nothing fits for Candidate a yet")


def test_a_run_called_off_while_it_books_books_nobody_else(town):
    town.hire("Ada", skills=("python",))
    run = assign(town, confirm=True, solve=False)

    def call_off(looks):
        if looks == 3:
            runs.cancel(town.parts, town.organization_id, run["id"], actor=RECRUITER)

    town.calendars.meanwhile = call_off
    town.run_jobs()

    run = runs.get(town.parts, town.organization_id, run["id"])
    assert (run["status"], statuses(run)) == ("cancelled", ["booked", "cancelled", "cancelled"])


def test_a_stored_assignment_is_replayed_to_the_same_answer(town, capsys):
    town.hire("Ada", skills=("python",))
    run = assign(town)

    assert replay.run(town.parts, run["id"]) == 0
    assert capsys.readouterr().out == "all candidates: the same\n"

    with town.parts.database.transaction(town.organization_id) as session:
        row = session.get_one(rows.Run, run["id"])
        row.outcome = {**row.outcome, "proof": "feasible"}
    assert replay.run(town.parts, run["id"]) == 1


def test_nobody_is_given_a_time_of_somebody_they_have_met(town):
    town.hire("Ada", skills=("python",))
    town.hire("Ben", skills=("python",))
    first = assign(town, candidates=CROWD[:1], confirm=True)
    met = first["candidates"][0]["options"][0]["sessions"][0]["interviewers"][0]["id"]
    candidate = {"id": first["candidates"][0]["candidate"]["id"]}

    again = assign(town, candidates=[candidate])

    [person] = again["candidates"][0]["options"][0]["sessions"][0]["interviewers"]
    assert person["id"] != met


def test_an_assigned_time_is_offered_again_with_others_when_it_is_taken(town):
    ada = town.hire("Ada", skills=("python",))
    run = assign(town, candidates=CROWD[:1])
    option = run["candidates"][0]["options"][0]
    start, end = datetime.fromisoformat(option["start"]), datetime.fromisoformat(option["end"])
    town.calendars.add_busy("ada@acme.example", start, end)

    with pytest.raises(Conflict) as taken:
        candidate_link.book(town.parts, town.token(run), option["id"])
    assert taken.value.options == []
    town.run_jobs()

    link = candidate_link.open(town.parts, town.token(run))
    assert link.status == "offered"
    assert {person.id for option in link.options for person in option.sessions[0].interviewers} == {ada}


def test_while_a_vendor_is_down_and_the_organisation_refuses_nobody_is_booked_unseen(town):
    town.hire("Ada", skills=("python",))
    run = assign(town, town.plan(approval="before_offer"), confirm=True)
    town.calendars.make_unreadable("ada@acme.example", str(Outage()))

    runs.approve(town.parts, town.organization_id, run["id"], actor=RECRUITER)
    town.run_jobs()

    assert statuses(runs.get(town.parts, town.organization_id, run["id"])) == ["infeasible"] * 3
