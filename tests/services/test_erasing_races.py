# SPDX-License-Identifier: Apache-2.0
"""Erasing a candidate beside whatever else happens to them at the same moment."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.errors import Gone
from scheduler.domain.intervals import Interval
from scheduler.services import (
    bookings,
    candidate_link,
    erasing,
    events,
    fresh_options,
    interviewers,
    runs,
    solving,
)
from tests.races import Beside, at_once, wait_until_somebody_waits
from tests.services.candy import CANDY, PERSONAL, booked, erase, offer, person
from tests.services.town import NOW, RECRUITER
from tests.services.traces import traces_of

A_MORNING = Interval(NOW + timedelta(days=2), NOW + timedelta(days=2, hours=3))


@pytest.mark.parametrize(
    ("mode", "point"), [("offer", "solve.taken"), ("offer", "solve.solved"), ("assign", "solve.solved")]
)
def test_a_solve_under_way_stores_nothing_for_them(town, mode, point):
    town.hire("Ada", skills=("python",))
    run = offer(town, mode=mode, solve=False)
    parts = town.parts.evolve(reach=lambda at: at == point and erase(town, person(run)))

    solving.solve(parts, town.organization_id, run["id"])

    after = runs.get(town.parts, town.organization_id, run["id"])
    assert (after["status"], after["candidates"][0]["status"]) == ("finished", "cancelled")
    assert (after["candidates"][0]["options"], after["candidates"][0]["invitation"]) == ([], None)


@pytest.mark.parametrize("mode", ["offer", "assign"])
def test_a_run_that_has_nobody_left_ends(town, mode):
    town.hire("Ada", skills=("python",))
    run = offer(town, mode=mode, solve=False)
    erase(town, person(run))

    town.run_jobs()

    assert runs.get(town.parts, town.organization_id, run["id"])["status"] == "finished"


def test_a_run_that_waits_for_approval_can_be_approved_with_nobody_left(town):
    town.hire("Ada", skills=("python",))
    run = offer(town, town.plan(approval="before_offer", holds=True))
    erase(town, person(run))

    after = runs.approve(town.parts, town.organization_id, run["id"], actor=RECRUITER)
    town.run_jobs()

    assert run["status"] == "awaiting_approval"
    assert (after["status"], after["candidates"][0]["status"]) == ("finished", "cancelled")
    assert after["candidates"][0]["invitation"] is None


def test_a_click_at_the_same_moment_is_one_or_the_other(town):
    town.hire("Ada", skills=("python",))
    for number in range(4):
        run = offer(town, candidates=[CANDY | {"external_id": f"ats-{number}"}])
        option = run["candidates"][0]["options"][0]["id"]

        clicked, erasure = at_once(
            lambda run=run, option=option: candidate_link.book(town.parts, town.token(run), option),
            lambda run=run: erase(town, person(run)),
        )

        assert isinstance(erasure, dict)
        if isinstance(clicked, dict):
            assert erasure["bookings_kept"] == [clicked["id"]]
        else:
            assert clicked in ("not_offered", "revoked")
            assert erasure["bookings_kept"] == []


def test_a_move_by_the_candidate_comes_to_nothing_afterwards(town):
    run, booking = booked(town)
    [fresh, *_] = fresh_options.find(town.parts, town.organization_id, booking["id"], actor=RECRUITER)["data"]
    parts = town.parts.evolve(reach=lambda at: at == "pick.looked" and erase(town, person(run)))

    with pytest.raises(Gone):
        candidate_link.reschedule(parts, town.token(run), fresh["id"])

    after = bookings.get(town.parts, town.organization_id, booking["id"])
    assert (after["start"], after["attention"]) == (booking["start"], erasing.LEFT_TO_A_PERSON)


def test_a_move_at_the_same_moment_is_made_before_or_not_at_all(town):
    run, booking = booked(town)
    [fresh, *_] = fresh_options.find(town.parts, town.organization_id, booking["id"], actor=RECRUITER)["data"]

    moved, erasure = at_once(
        lambda: candidate_link.reschedule(town.parts, town.token(run), fresh["id"]),
        lambda: erase(town, person(run)),
    )

    after = bookings.get(town.parts, town.organization_id, booking["id"])
    assert isinstance(erasure, dict)
    assert after["start"] == (fresh["start"] if isinstance(moved, dict) else booking["start"])
    assert isinstance(moved, dict) or moved == "revoked"
    assert after["attention"] == erasing.LEFT_TO_A_PERSON


def opened_before(town, run, monkeypatch):
    """A link that was opened just before its holder was erased."""
    link = candidate_link.open(town.parts, town.token(run))
    erase(town, person(run))
    monkeypatch.setattr(candidate_link, "open", lambda *_: link)


@pytest.mark.parametrize("verb", ["cancel", "ask", "say when", "keep zone"])
def test_words_that_come_too_late_are_not_kept(town, monkeypatch, verb):
    run, _ = booked(town)
    opened_before(town, run, monkeypatch)
    verbs = {
        "cancel": lambda: candidate_link.cancel(town.parts, town.token(run), "I have a cold."),
        "ask": lambda: candidate_link.ask(town.parts, town.token(run), "Is there a lift?"),
        "say when": lambda: candidate_link.find_options(town.parts, town.token(run), [A_MORNING]),
        "keep zone": lambda: candidate_link.keep_zone(town.parts, town.token(run), "Asia/Tokyo"),
    }

    with pytest.raises(Gone):
        verbs[verb]()

    assert traces_of(town.parts.database.url, *PERSONAL) == set()


def test_times_that_they_name_while_they_are_erased_are_not_offered(town):
    """Nothing fitted, so somebody is still looking; then Ada could, and calendars are read for her times."""
    ada = town.hire("Ada")
    run = offer(town)
    python = [{"skill": "python", "level": "qualified"}]
    interviewers.update(town.parts, town.organization_id, ada, {"qualifications": python})
    with town.parts.database.transaction(town.organization_id) as session:
        id_ = session.scalars(sa.select(rows.RunCandidate.id)).one()
    town.calendars.meanwhile = lambda _looks: erase(town, person(run))

    with pytest.raises(Gone):
        fresh_options.find_within(town.parts, town.organization_id, id_, [A_MORNING])

    [after] = runs.get(town.parts, town.organization_id, run["id"])["candidates"]
    assert (after["status"], after["options"]) == ("infeasible", [])


def test_a_run_that_is_asked_for_meanwhile_is_erased_too(town):
    """It is written down while the erasure waits for it."""
    town.hire("Ada", skills=("python",))
    run = offer(town)
    erasures = []

    def erase_her(point):
        if point == "run.written":
            erasures.append(Beside(town, lambda: erase(town, person(run))))  # it cannot end before us

    again = runs.request(
        town.parts.evolve(reach=erase_her),
        town.organization_id,
        {"plan_id": town.plan()["id"], "candidates": [{"id": person(run)}]},
        actor=RECRUITER,
    )

    assert [erasure.end() for erasure in erasures] == [None]
    after = runs.get(town.parts, town.organization_id, again["id"])
    assert after["candidates"][0]["status"] == "cancelled"
    town.run_jobs()


def test_whoever_publishes_events_and_who_erases_do_not_wait_for_each_other(town):
    """Both change events: one after the other, whichever events they come to first."""
    town.hire("Ada", skills=("python",))
    run = offer(town)
    booking = town.book(run)
    bookings.cancel(town.parts, town.organization_id, booking["id"], reason="A cold", actor=RECRUITER)
    with town.parts.database.transaction(town.organization_id) as publishing:
        events.lock(publishing, town.organization_id)
        taken = publishing.scalar(sa.select(sa.func.max(rows.Event.feed_position)))
        unpublished = sa.select(rows.Event).where(rows.Event.feed_position.is_(None))
        first, last = publishing.scalars(unpublished.order_by(rows.Event.position))
        last.feed_position = taken + 2
        publishing.flush()
        answer = []
        erasure = threading.Thread(target=lambda: answer.append(erase(town, person(run))))
        erasure.start()
        wait_until_somebody_waits(town)
        first.feed_position = taken + 1
    erasure.join()

    [erased] = answer
    assert erased["candidate_id"] == person(run)
    town.run_jobs()


def ask_for(town, plan, *asked):
    """A run for these, waiting to be solved."""
    body = {"plan_id": plan["id"], "candidates": list(asked)}
    return runs.request(town.parts, town.organization_id, body, actor=RECRUITER)


def test_who_is_asked_for_by_external_id_while_they_are_erased_is_somebody_new(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan()
    run = offer(town, plan)
    asked, asking = [], []

    def ask(point):
        if point == "erase.changed":
            asking.append(Beside(town, lambda: asked.append(ask_for(town, plan, CANDY))))  # it waits for us

    erasing.erase(town.parts.evolve(reach=ask), town.organization_id, person(run), actor=RECRUITER)
    assert [one.end() for one in asking] == [None]

    [again] = asked
    assert person(again) != person(run)
    assert again["candidates"][0]["candidate"]["name"] == "Candy Ray"
    town.run_jobs()


def test_asking_again_by_external_id_beside_the_erasure_makes_somebody_new_or_is_erased(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan()
    for number in range(4):
        her = CANDY | {"external_id": f"ats-{number}"}
        run = offer(town, plan, candidates=[her])
        again, erasure = at_once(
            lambda her=her: runs.request(
                town.parts,
                town.organization_id,
                {"plan_id": plan["id"], "candidates": [her]},
                actor=RECRUITER,
            ),
            lambda run=run: erase(town, person(run)),
        )

        assert isinstance(erasure, dict)
        assert isinstance(again, dict)
        now = runs.get(town.parts, town.organization_id, again["id"])["candidates"][0]
        assert now["status"] == ("cancelled" if person(again) == person(run) else "waiting")
    town.run_jobs()
