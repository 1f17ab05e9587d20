# SPDX-License-Identifier: Apache-2.0
"""What a person is left with when no rule may decide: the choices, and a word when it has gone away."""

from __future__ import annotations

import pytest

from scheduler.messages.errors import Refused
from scheduler.services import bookings, losses, moving, repairing, replacing
from tests.services.interviews import (
    CANDY,
    PYTHON,
    ROSA,
    booked,
    busy,
    fresh,
    hire,
    looks,
    lose,
    note,
    now,
    panel,
    replace_person,
    talk,
    text_to,
    told,
)
from tests.services.town import RECRUITER

# Left to a person


def test_a_time_is_never_moved_by_itself(town):
    hire(town, "Ada")
    booking = booked(town)

    after = lose(town, booking, "Ada")

    assert (after["start"], after["sessions"]) == (booking["start"], booking["sessions"])
    assert (after["status"], after["attention"]) == ("needs_attention", "Ada has declined A talk.")
    (entry,) = told(after)
    assert (entry["not_replaced"], entry["replacements"]) == ("nobody_can", [])
    assert [set(time) for time in entry["times"]] == [{"start", "end"}] * len(entry["times"])
    assert booking["start"] not in [time["start"] for time in entry["times"]]
    said = text_to(town, ROSA)
    assert "Times that it could be moved to" in said
    assert "Wednesday 2 December, 10:00–11:00" in said
    assert "Candy Ray has had no mail about it" in said
    assert "Needs a look" not in str(town.post.subjects_to(CANDY))


def test_where_the_plan_suggests_a_person_gets_the_choices_and_one_call_does_it(town):
    hire(town, "Ada")
    booking = booked(town, on_decline="suggest")
    hire(town, "Ben", "Cleo")
    busy(town, "Cleo", booking)

    suggested = lose(town, booking, "Ada")

    assert (panel(suggested), suggested["status"]) == (["Ada"], "needs_attention")
    (entry,) = told(suggested)
    assert entry == {
        "at": "2026-11-30T09:00:00Z",
        "actor": "system",
        "event": "booking.needs_attention",
        "version": 2,
        "reason": "Ada has declined A talk.",
        "session_key": "talk",
        "interviewer_id": town.people["Ada"],
        "cause": "declined",
        "replacements": [town.people["Ben"]],
    }
    assert town.post.subjects_to(ROSA)[-1].startswith("Needs a look: Candy Ray")
    assert "A talk, instead of Ada: Ben" in text_to(town, ROSA)

    replaced = replacing.replace_interviewer(
        town.parts,
        town.organization_id,
        booking["id"],
        session_key="talk",
        interviewer_id=entry["interviewer_id"],
        replacement_id=entry["replacements"][0],
        actor=RECRUITER,
    )
    assert (panel(replaced), replaced["status"], replaced["attention"]) == (["Ben"], "confirmed", None)


def test_where_the_plan_says_none_a_person_is_only_told(town):
    hire(town, "Ada")
    booking = booked(town, on_decline="none")
    hire(town, "Ben")
    looks = town.calendars.looks

    after = lose(town, booking, "Ada")

    assert (panel(after), after["status"]) == (["Ada"], "needs_attention")
    assert "replacements" not in told(after)[0]
    assert town.calendars.looks == looks
    assert town.post.subjects_to(ROSA)[-1].startswith("Needs a look: Candy Ray")


def test_a_decline_that_is_taken_back_is_taken_back_here_too(town):
    hire(town, "Ada")
    booking = booked(town, on_decline="suggest")
    lose(town, booking, "Ada")
    with town.parts.database.transaction(town.organization_id) as session:
        row = bookings.locked(session, booking["id"])
        losses.gone(session, town.parts, row, "talk", town.people["Ada"], losses.DECLINED)

    after = now(town, booking)

    assert (after["status"], after["attention"]) == ("confirmed", None)
    assert after["history"][-1]["event"] == "booking.settled"


def take_back(town, booking, *names):
    """Those who declined come after all."""
    with town.parts.database.transaction(town.organization_id) as session:
        row = bookings.locked(session, booking["id"])
        for name in names:
            losses.gone(session, town.parts, row, "talk", town.people[name], losses.DECLINED)


def two_declined(town):
    """Ada's and Bob's talk, which both have declined, and the contact knows."""
    hire(town, "Ada")
    hire(town, "Bob", skills=("java",))
    booking = booked(town, sessions=[talk(seats=[*PYTHON, {"skill": "java"}])], on_decline="none")
    lose(town, booking, "Ada")
    lose(town, booking, "Bob")
    return booking


def test_what_goes_away_together_is_told_by_one_mail(town):
    booking = two_declined(town)

    take_back(town, booking, "Ada", "Bob")
    town.run_jobs()

    assert looks(town) == ["Needs a look", "Needs a look", "No longer needs a look"]
    assert "Settled Ada has declined A talk. Bob has declined A talk." in text_to(town, ROSA)


def test_what_is_left_when_something_has_gone_away_is_not_forgotten(town):
    booking = two_declined(town)

    take_back(town, booking, "Ada")
    town.run_jobs()
    said = text_to(town, ROSA)
    take_back(town, booking, "Bob")
    town.run_jobs()

    assert looks(town)[2:] == ["One thing less to look at", "No longer needs a look"]
    assert "Settled Ada has declined A talk." in said
    assert "Something else of it still needs a look." in said
    assert "Settled Bob has declined A talk." in text_to(town, ROSA)


NEEDED, SETTLED = "Needs a look", "No longer needs a look"


@pytest.mark.parametrize(
    ("then", "read"),
    [
        (("accepts", "declines", "mails go"), [NEEDED, NEEDED]),
        (("accepts", "declines", "accepts", "mails go"), [NEEDED, SETTLED]),
        (("accepts", "mails go", "declines", "accepts", "mails go"), [NEEDED, SETTLED]),
    ],
    ids=["the last word is a decline", "the last word is a yes", "the same yes as was read of"],
)
def test_of_a_change_of_mind_the_contact_reads_the_last_word_when_mails_go(town, then, read):
    """After a decline that the contact has read of."""
    hire(town, "Ada")
    booking = booked(town, on_decline="none")
    lose(town, booking, "Ada")
    steps = {
        "accepts": lambda: take_back(town, booking, "Ada"),
        "declines": lambda: note(town, booking, "Ada"),
        "mails go": town.run_jobs,
    }

    for step in then:
        steps[step]()

    assert looks(town) == read


def test_who_declines_twice_before_any_mail_has_gone_out_is_told_of_once(town):
    hire(town, "Ada")
    booking = booked(town, on_decline="none")

    note(town, booking, "Ada")
    take_back(town, booking, "Ada")
    note(town, booking, "Ada")
    town.run_jobs()

    assert looks(town) == ["Needs a look"]


def test_what_was_told_of_an_earlier_time_is_not_taken_back_for_the_present_one(town):
    hire(town, "Ada")
    booking = booked(town, on_decline="none")
    lose(town, booking, "Ada")
    option = fresh(town, booking)[0]
    moving.reschedule(town.parts, town.organization_id, booking["id"], option["id"], actor=RECRUITER)
    town.run_jobs()

    note(town, booking, "Ada")
    take_back(town, booking, "Ada")
    town.run_jobs()

    assert looks(town) == ["Needs a look"]


def test_a_mail_of_two_losses_says_only_what_is_still_lost_when_it_goes_out(town):
    hire(town, "Ada")
    hire(town, "Bob", skills=("java",))
    booking = booked(town, sessions=[talk(seats=[*PYTHON, {"skill": "java"}])], on_decline="suggest")
    note(town, booking, "Ada")
    note(town, booking, "Bob")
    repairing.repair(town.parts, town.organization_id)

    take_back(town, booking, "Ada")
    town.run_jobs()

    assert looks(town) == ["Needs a look"]
    assert "Bob has declined A talk." in text_to(town, ROSA)
    assert "Ada has declined" not in text_to(town, ROSA)


def test_of_what_goes_away_nobody_hears_whose_first_mail_could_not_be_sent(town):
    """It was on its way when the decline was taken back, and the mail server refused it."""
    hire(town, "Ada")
    booking = booked(town, on_decline="none")
    note(town, booking, "Ada")

    def taken_back_meanwhile(_mail):
        town.post.send = sending
        take_back(town, booking, "Ada")
        raise Refused("There is no such mailbox.")

    sending, town.post.send = town.post.send, taken_back_meanwhile
    town.run_jobs()

    assert now(town, booking)["status"] == "confirmed"
    assert looks(town) == []


def test_a_mail_about_what_was_seen_to_meanwhile_is_not_sent(town):
    hire(town, "Ada")
    booking = booked(town, on_decline="none")
    hire(town, "Ben")
    note(town, booking, "Ada")
    replacing.replace_interviewer(
        town.parts,
        town.organization_id,
        booking["id"],
        session_key="talk",
        interviewer_id=town.people["Ada"],
        actor=RECRUITER,
    )
    town.run_jobs()

    assert [s for s in town.post.subjects_to(ROSA) if s.startswith("Needs a look")] == []


def test_what_was_not_mailed_yet_of_one_is_not_forgotten_when_another_is_replaced(town):
    hire(town, "Ada")
    hire(town, "Bob", skills=("java",))
    booking = booked(town, sessions=[talk(seats=[*PYTHON, {"skill": "java"}])], on_decline="none")
    hire(town, "Ben")
    note(town, booking, "Bob")

    replace_person(town, booking, "Ada", "Ben")
    town.run_jobs()

    assert looks(town) == ["Needs a look"]
