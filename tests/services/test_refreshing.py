# SPDX-License-Identifier: Apache-2.0
"""Times looked for anew when all that were on offer are taken."""

import pytest

from scheduler.domain.intervals import parse_instant
from scheduler.services import candidate_link, picking, refreshing, runs
from scheduler.services.picks import TakenWithOthers
from tests.services.town import CONTACT, RECRUITER, candidates, one_hour

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-03T00:00:00Z"}


def test_when_all_options_are_taken_fresh_ones_are_looked_for(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(candidates=candidates("Candy", "Dora"), options=1, window=WINDOW)
    first, second = (item["options"][0] for item in run["candidates"])
    assert first["start"] == second["start"]
    town.book(run)
    with pytest.raises(TakenWithOthers):
        picking.book(town.parts, town.organization_id, second["id"], actor=RECRUITER)

    town.run_jobs()

    link = candidate_link.open(town.parts, town.token(run, candidate=1))
    assert link.status == "offered"
    assert [option.start for option in link.options] != [parse_instant(second["start"])]
    assert (
        candidate_link.book(town.parts, town.token(run, candidate=1), link.options[0].id)["status"]
        == "confirmed"
    )


def test_for_a_crowd_whose_options_are_all_taken_the_calendars_are_read_once(town):
    town.hire("Ada", skills=("python",))
    names = ["Candy", "Dora", "Emil", "Fay"]
    afternoon = {"availability": [{"start": "2026-12-02T12:00:00Z", "end": "2026-12-02T18:00:00Z"}]}
    crowd = candidates(*names)
    crowd[3] |= afternoon
    run = town.offer(candidates=crowd, options=1, window=WINDOW)
    first, *others, fay = (item["options"][0] for item in run["candidates"])
    picking.book(town.parts, town.organization_id, fay["id"], actor=RECRUITER)
    picking.book(town.parts, town.organization_id, first["id"], actor=RECRUITER)
    for option in others:
        with pytest.raises(TakenWithOthers):
            picking.book(town.parts, town.organization_id, option["id"], actor=RECRUITER)

    before = town.calendars.looks
    town.run_jobs()

    assert town.calendars.looks - before == 1
    again = runs.get(town.parts, town.organization_id, run["id"])["candidates"]
    fresh = [[o for o in item["options"] if o["status"] == "offered"] for item in again]
    assert [len(options) for options in fresh] == [0, 1, 1, 0]
    with town.parts.database.transaction(town.organization_id) as session:
        asked = [(item.candidate_id, item.problem) for item in runs.candidates_of(session, run["id"])]
        assert [problem["candidate"]["id"] for _, problem in asked] == [id_ for id_, _ in asked]
        assert [bool(problem["candidate"]["availability"]) for _, problem in asked] == [False] * 3 + [True]


def test_who_had_nothing_left_hears_of_fresh_times_by_mail(town):
    """Their page says so meanwhile."""
    town.hire("Ada", skills=("python",))
    run = town.offer(candidates=candidates("Candy", "Dora"), options=1, window=WINDOW)
    address = run["candidates"][1]["candidate"]["email"]
    before = len(town.post.subjects_to(address))
    town.book(run)
    with pytest.raises(TakenWithOthers):
        candidate_link.book(
            town.parts, town.token(run, candidate=1), run["candidates"][1]["options"][0]["id"]
        )
    assert candidate_link.open(town.parts, town.token(run, candidate=1)).status == "searching"

    town.run_jobs()

    (mail,) = [m for m in town.post.mails if address in str(m["To"])][before:]
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert str(mail["Subject"]).startswith("Does Wed 2 Dec, ")
    assert f"/c/{town.token(run, candidate=1)}" in text
    link = candidate_link.open(town.parts, town.token(run, candidate=1))
    assert (link.status, len(link.options)) == ("offered", 1)


def test_when_nothing_fits_any_more_a_person_hears(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(candidates=candidates("Candy", "Dora"), options=1, window=one_hour())
    town.book(run)
    with pytest.raises(TakenWithOthers):
        picking.book(
            town.parts, town.organization_id, run["candidates"][1]["options"][0]["id"], actor=RECRUITER
        )

    town.run_jobs()

    again = runs.get(town.parts, town.organization_id, run["id"])
    assert [item["status"] for item in again["candidates"]] == ["booked", "infeasible"]
    assert any("Dora" in subject for subject in town.post.subjects_to(CONTACT["email"]))
    assert candidate_link.open(town.parts, town.token(run, candidate=1)).status == "searching"


def test_refreshing_while_options_are_open_changes_nothing(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)

    refreshing.refresh(town.parts, town.organization_id, run["id"])

    assert runs.get(town.parts, town.organization_id, run["id"]) == run
