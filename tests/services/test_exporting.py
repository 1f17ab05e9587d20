# SPDX-License-Identifier: Apache-2.0
"""Everything that is kept about one candidate."""

from __future__ import annotations

from scheduler.services import candidate_link, exporting, webhooks
from tests.services.candy import CANDY, PERSONAL, booked, erase, offer, person


def test_an_export_is_everything_that_is_kept(town):
    run, booking = booked(town)
    candidate_link.ask(town.parts, town.token(run), "Is there a lift?")
    town.run_jobs()

    found = exporting.export(town.parts, town.organization_id, person(run))

    assert found["candidate"]["phone"] == CANDY["phone"]
    [asked] = found["runs"]
    assert (asked["id"], asked["status"], asked["external_refs"]) == (
        run["id"],
        "booked",
        CANDY["external_refs"],
    )
    assert [item["id"] for item in found["bookings"]] == [booking["id"]]
    kinds = {mail["kind"]: mail["details"] for mail in found["messages"]}
    assert kinds["asked_for_help"] == {"question": "Is there a lift?"}
    assert [e["type"] for e in found["events"]] == [
        "invitation.sent",
        "booking.confirmed",
        "candidate.asked_for_help",
    ]
    assert town.token(run) not in str(found)


def test_what_was_asked_where_nobody_is_named_is_in_it_too(town):
    town.hire("Ada", skills=("python",))
    run = offer(town, contact=None)
    webhooks.create(town.parts, town.organization_id, {"url": "https://ats.example/hook"})
    candidate_link.ask(town.parts, town.token(run), "Is there a lift?")

    [asked] = exporting.export(town.parts, town.organization_id, person(run))["runs"]

    assert [question["text"] for question in asked["questions"]] == ["Is there a lift?"]


def test_an_export_has_nobody_else_in_it(town):
    town.hire("Ada", skills=("python",))
    dora = {"name": "Dora", "email": "dora@example.net"}
    run = offer(town, candidates=[CANDY, dora])

    found = str(exporting.export(town.parts, town.organization_id, person(run)))

    assert "dora@example.net" not in found
    assert run["candidates"][1]["candidate"]["id"] not in found


def test_of_somebody_erased_the_tombstone_is_exported(town):
    run, _ = booked(town)
    answer = erase(town, person(run))

    found = exporting.export(town.parts, town.organization_id, person(run))

    assert (found["candidate"]["name"], found["erased_at"]) == ("Erased candidate", answer["erased_at"])
    assert [word for word in PERSONAL if word in str(found)] == []
