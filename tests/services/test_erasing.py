# SPDX-License-Identifier: Apache-2.0
"""Erasing a candidate: nothing personal is left, whatever was under way; what happened stays."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from scheduler import replay
from scheduler.domain.errors import Conflict, Gone, Invalid, NotFound
from scheduler.domain.intervals import parse_instant
from scheduler.messages.errors import TryLater
from scheduler.services import (
    bookings,
    candidate_link,
    candidates,
    erasing,
    exporting,
    fresh_options,
    idempotency,
    invitations,
    keys,
    mails,
    moving,
    organizations,
    runs,
    upkeep,
    webhooks,
)
from scheduler.services.keys import Principal
from tests.services.candy import CANDY, PERSONAL, booked, erase, happened, offer, person
from tests.services.town import RECRUITER
from tests.services.traces import traces_of


def entry_of(town, booking):
    return town.calendars._calendar("ada@acme.example").events.get(f"{booking['id']}.talk@convene")


def text_of(mail) -> str:
    return " ".join(mail.get_body(("plain",)).get_content().split())


def mails_to(town, role, run):
    found = mails.find(town.parts, town.organization_id, candidate_id=person(run), limit=200).data
    return [mail for mail in found if mail["recipient_role"] == role]


#: asked where the run names nobody who reads it
UNREAD = "Is there parking?"


def test_of_somebody_erased_nothing_is_found_in_the_whole_database(town):
    """Two runs, one with a cancelled booking and her reason, one booked; a question, and an answer kept."""
    run, booking = booked(town)
    candidate_link.ask(town.parts, town.token(run), "Is there a lift?")
    candidate_link.cancel(town.parts, town.token(run), "I have a cold.")
    other, unread = offer(town), offer(town, contact=None)
    kept = town.book(other)
    town.run_jobs()
    hook = webhooks.create(town.parts, town.organization_id, {"url": "https://ats.example/hook"})
    candidate_link.ask(town.parts, town.token(unread), UNREAD)
    webhooks.delete(town.parts, town.organization_id, hook["id"])
    key_id, _ = keys.create(town.parts, town.organization_id, name="ATS", scopes=("read",))
    principal = Principal(key_id=key_id, organization_id=town.organization_id, scopes=frozenset())
    claim = idempotency.claim(town.parts, principal, "k", b"x")
    answer = idempotency.Answer(200, {}, str({"id": person(run), "name": "Candy Ray"}).encode())
    idempotency.settle(town.parts, principal, claim, answer)
    everywhere = {word for _, word in traces_of(town.parts.database.url, *PERSONAL, UNREAD)}

    erase(town, person(run))
    town.run_jobs()

    assert everywhere == {*PERSONAL, UNREAD}
    assert traces_of(town.parts.database.url, *PERSONAL, UNREAD) == set()
    history = bookings.get(town.parts, town.organization_id, booking["id"])["history"]
    assert [entry["event"] for entry in history] == ["booking.confirmed", "booking.cancelled"]
    assert entry_of(town, kept) is not None


def test_what_happened_is_counted_as_before(town):
    run, booking = booked(town)

    erase(town, person(run))

    after = runs.get(town.parts, town.organization_id, run["id"])
    assert after["candidates"][0]["status"] == "booked"
    assert len(after["candidates"][0]["options"]) == len(run["candidates"][0]["options"])
    still = bookings.get(town.parts, town.organization_id, booking["id"])
    assert (still["start"], still["version"]) == (booking["start"], 2)
    assert replay.run(town.parts, run["id"]) == 0


def test_a_tombstone_takes_their_place(town):
    run, _ = booked(town)

    erase(town, person(run))

    shown = runs.get(town.parts, town.organization_id, run["id"])["candidates"][0]["candidate"]
    assert (shown["name"], shown["email"]) == ("Erased candidate", "erased@candidate.invalid")
    assert candidates.find(town.parts, town.organization_id).data == []
    with pytest.raises(NotFound):
        candidates.get(town.parts, town.organization_id, person(run))
    with pytest.raises(NotFound):
        candidates.update(town.parts, town.organization_id, person(run), {"name": "Candy"})


def test_a_booking_ahead_stays_and_is_left_to_a_person(town):
    run, booking = booked(town)

    answer = erase(town, person(run))
    town.run_jobs()

    still = bookings.get(town.parts, town.organization_id, booking["id"])
    assert (answer["bookings_cancelled"], answer["bookings_kept"]) == ([], [booking["id"]])
    assert (still["status"], still["attention"]) == ("needs_attention", erasing.LEFT_TO_A_PERSON)
    assert still["history"][-1]["event"] == "booking.needs_attention"
    [mail] = [m for m in town.post.mails if "Needs a look" in m["Subject"]]
    assert (mail["To"], mail["Reply-To"]) == ("Rosa <rosa@acme.example>", None)
    assert erasing.LEFT_TO_A_PERSON in text_of(mail)


def test_calendars_name_them_no_longer(town):
    run, booking = booked(town)
    before = entry_of(town, booking)

    erase(town, person(run))
    town.run_jobs()

    after = entry_of(town, booking)
    assert "Candy Ray" in before.summary
    assert "candy@example.net" in before.description
    assert (after.start, after.summary) == (before.start, "A talk: Erased candidate")
    assert "@" not in after.description.partition("Arranged")[0]


def test_an_entry_that_is_being_written_is_written_once_more(town):
    town.hire("Ada", skills=("python",))
    run = offer(town)
    booking = town.book(run)

    def meanwhile(point):
        if point == "entry.claimed" and not happened(town, "candidate.erased"):
            erase(town, person(run))

    town.parts = town.parts.evolve(reach=meanwhile)
    town.run_jobs()

    assert entry_of(town, booking).summary == "A talk: Erased candidate"


def test_bookings_ahead_are_cancelled_when_that_is_asked_for(town):
    run, booking = booked(town)

    answer = erase(town, person(run), cancel_bookings=True)
    town.run_jobs()

    gone = bookings.get(town.parts, town.organization_id, booking["id"])
    assert (answer["bookings_cancelled"], answer["bookings_kept"]) == ([booking["id"]], [])
    assert gone["status"] == "cancelled"
    assert entry_of(town, booking) is None
    assert erasing.UNTOLD in answer["out_of_reach"]
    [mail] = [m for m in town.post.mails if str(m["Subject"]).startswith("Cancelled")]
    assert "rosa@acme.example" in mail["To"]
    assert "cannot be told: their data was erased" in text_of(mail)


def test_an_interview_that_has_begun_is_not_cancelled(town):
    run, booking = booked(town)
    town.clock.instant = parse_instant(booking["start"])

    answer = erase(town, person(run), cancel_bookings=True)

    assert (answer["bookings_cancelled"], answer["bookings_kept"]) == ([], [booking["id"]])


def test_what_is_over_is_left_as_it_was(town):
    run, booking = booked(town)
    town.clock.instant = parse_instant(booking["end"])
    upkeep.sweep(town.parts)

    answer = erase(town, person(run), cancel_bookings=True)

    assert (answer["bookings_cancelled"], answer["bookings_kept"]) == ([], [])
    assert erasing.OVER in answer["out_of_reach"]
    assert bookings.get(town.parts, town.organization_id, booking["id"])["status"] == "completed"


def test_they_hear_nothing_more(town):
    run, booking = booked(town)
    erase(town, person(run))
    heard = len(town.post.subjects_to("candy@example.net"))
    fresh = fresh_options.find(town.parts, town.organization_id, booking["id"], actor=RECRUITER)["data"]

    moving.reschedule(town.parts, town.organization_id, booking["id"], fresh[0]["id"], actor=RECRUITER)
    town.run_jobs()
    town.clock.forward(days=3)
    upkeep.sweep(town.parts)
    town.run_jobs()

    assert len(town.post.subjects_to("candy@example.net")) == heard
    assert town.post.subjects_to("invalid") == []
    assert {mail["status"] for mail in mails_to(town, "candidate", run)} == {"sent", "cancelled"}
    assert [s for s in town.post.subjects_to("rosa@") if "new time" in s] != []


def test_mail_that_failed_on_its_way_is_not_tried_again(town):
    town.hire("Ada", skills=("python",))
    run = offer(town, solve=False)

    def meanwhile(point):
        if point == "mail.claimed":
            town.post.failure = TryLater("451 candy@example.net is over quota")
            erase(town, person(run))

    town.parts = town.parts.evolve(reach=meanwhile)
    town.run_jobs()

    [mail] = mails_to(town, "candidate", run)
    assert (mail["status"], mail["error"]) == ("skipped", "candidate_erased")
    with pytest.raises(Conflict) as refused:
        invitations.resend(
            town.parts,
            town.organization_id,
            runs.get(town.parts, town.organization_id, run["id"])["candidates"][0]["invitation"]["id"],
            actor=RECRUITER,
        )
    assert "cancelled" in str(refused.value)


def test_a_mail_that_was_stopped_cannot_be_sent_by_hand(town):
    run, _ = booked(town)
    erase(town, person(run))
    stopped = [mail for mail in mails_to(town, "candidate", run) if mail["status"] == "cancelled"]

    with pytest.raises(Conflict) as refused:
        mails.send_now(town.parts, town.organization_id, stopped[0]["id"], actor=RECRUITER)
    assert refused.value.reason == "out_of_date"


def test_why_an_interview_is_cancelled_later_is_not_kept(town):
    run, booking = booked(town)
    erase(town, person(run))

    bookings.cancel(
        town.parts, town.organization_id, booking["id"], reason="Candy Ray withdrew.", actor=RECRUITER
    )
    town.run_jobs()

    assert traces_of(town.parts.database.url, "Candy Ray") == set()
    assert happened(town, "booking.cancelled") == [{}]


@pytest.mark.parametrize("chosen", [False, True])
def test_their_link_is_dead(town, chosen):
    town.hire("Ada", skills=("python",))
    run = offer(town)
    if chosen:
        town.book(run)

    erase(town, person(run))

    with pytest.raises(Gone) as refused:
        candidate_link.open(town.parts, town.token(run))
    assert refused.value.reason == "revoked"


def test_what_was_offered_and_held_is_free(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan(holds=True)
    run = offer(town, plan)
    upkeep.sweep(town.parts)
    town.run_jobs()
    shown = dict(town.calendars._calendar("ada@acme.example").events)

    erase(town, person(run))
    upkeep.sweep(town.parts)
    town.run_jobs()

    [after] = runs.get(town.parts, town.organization_id, run["id"])["candidates"]
    assert shown != {}
    assert town.calendars._calendar("ada@acme.example").events == {}
    assert after["status"] == "cancelled"
    assert {option["status"] for option in after["options"]} == {"withdrawn"}
    dora = {"name": "Dora", "email": "dora@example.net"}
    again = offer(town, plan, candidates=[dora])["candidates"][0]["options"]
    assert [option["start"] for option in again] == [o["start"] for o in run["candidates"][0]["options"]]


def test_why_nothing_fitted_is_forgotten_as_it_tells_when_they_could_be_there(town):
    town.hire("Ada", skills=("python",))
    at_night = [{"start": "2026-12-03T01:00:00Z", "end": "2026-12-03T03:00:00Z"}]
    run = offer(town, candidates=[CANDY | {"availability": at_night}])
    assert "01:00" in str(run["candidates"][0]["explanation"])

    erase(town, person(run))

    [asked] = runs.get(town.parts, town.organization_id, run["id"])["candidates"]
    assert (asked["status"], asked["explanation"]) == ("infeasible", None)


def test_there_is_one_event_however_often_it_is_asked_for(town):
    run, booking = booked(town)

    answers = [erase(town, person(run)), erase(town, person(run), cancel_bookings=True)]

    assert answers[0] == answers[1]
    assert happened(town, "candidate.erased") == [{"candidate_id": person(run)}]
    assert bookings.get(town.parts, town.organization_id, booking["id"])["version"] == 2


def test_a_deleted_candidate_can_be_erased(town):
    run, _ = booked(town)
    bookings.cancel(
        town.parts, town.organization_id, run["candidates"][0]["booking_id"] or _id(town), actor=RECRUITER
    )
    candidates.delete(town.parts, town.organization_id, person(run))

    erase(town, person(run))

    assert traces_of(town.parts.database.url, "Candy Ray") == set()


def _id(town) -> str:
    return bookings.find(town.parts, town.organization_id).data[0]["id"]


def test_nobody_can_erase_whom_they_do_not_have(town):
    run, _ = booked(town)
    other = organizations.create(town.parts, name="Other")

    for organization_id, id_ in ((other, person(run)), (town.organization_id, "cand_0")):
        with pytest.raises(NotFound):
            erasing.erase(town.parts, organization_id, id_, actor=RECRUITER)
        with pytest.raises(NotFound):
            exporting.export(town.parts, organization_id, id_)
    assert candidates.get(town.parts, town.organization_id, person(run))["name"] == "Candy Ray"


def test_facts_of_somebody_who_is_not_erased_cannot_be_changed(town):
    run, _ = booked(town)
    candidate_link.cancel(town.parts, town.token(run), "I have a cold.")

    with town.parts.database.transaction(town.organization_id) as session:
        session.execute(sa.text("select forget_words(:id)"), {"id": person(run)})

    assert happened(town, "booking.cancelled") == [{"reason": "I have a cold."}]


def test_the_same_external_id_is_somebody_new_afterwards(town):
    run, _ = booked(town)
    erase(town, person(run))

    again = offer(town)

    assert person(again) != person(run)
    with pytest.raises(Invalid):
        offer(town, candidates=[{"id": person(run)}])


def test_others_of_the_same_run_are_not_touched(town):
    town.hire("Ada", skills=("python",))
    dora = {"name": "Dora", "email": "dora@example.net"}
    run = offer(town, candidates=[CANDY, dora])

    erase(town, person(run))

    _, other = runs.get(town.parts, town.organization_id, run["id"])["candidates"]
    assert (other["status"], other["candidate"]["name"]) == ("offered", "Dora")
    assert candidate_link.open(town.parts, town.token(run, 1)).status == "offered"
