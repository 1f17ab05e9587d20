# SPDX-License-Identifier: Apache-2.0
"""What candidates ask through their link: whom it reaches, and how often."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from scheduler.domain.errors import Conflict, TooMany
from scheduler.services import candidate_link, feed, mails, runs, webhooks
from tests.services.town import CONTACT

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-12T00:00:00Z"}


@pytest.fixture
def run(town):
    town.hire("Ada", skills=("python",))
    return town.offer(window=WINDOW)


@pytest.fixture
def unread(town):
    """A run that names nobody who would read a message."""
    town.hire("Ada", skills=("python",))
    return town.offer(window=WINDOW, contact=None)


def ask(town, run, words="I need step-free access.") -> None:
    candidate_link.ask(town.parts, town.token(run), words)


def hook(town, **fields) -> str:
    made = webhooks.create(town.parts, town.organization_id, {"url": "https://ats.example/hook", **fields})
    return made["id"]


def mailed(town) -> int:
    found = mails.find(town.parts, town.organization_id, limit=200).data
    return sum(mail["kind"] == "asked_for_help" for mail in found)


def told(town) -> list[dict]:
    feed.publish(town.parts, town.organization_id)
    return feed.find(town.parts, town.organization_id, type="candidate.asked_for_help").data


def asked(town, run) -> list[dict]:
    return runs.get(town.parts, town.organization_id, run["id"])["candidates"][0]["questions"]


def test_a_question_reaches_the_contact_by_mail(town, run):
    ask(town, run)
    town.run_jobs()

    (mail,) = [m for m in town.post.mails if CONTACT["email"] in m["To"]]
    assert "step-free access" in mail.get_body(("plain",)).get_content()


def test_a_question_that_nobody_would_hear_of_is_refused(town, unread):
    with pytest.raises(Conflict) as refusal:
        ask(town, unread)

    assert refusal.value.reason == "no_contact"
    link = candidate_link.open(town.parts, town.token(unread))
    assert (link.status, link.can_ask) == ("offered", False)


@pytest.mark.parametrize("events", [[], ["booking.confirmed", "candidate.asked_for_help"]])
def test_without_a_contact_a_web_hook_hears_that_somebody_asks(town, unread, events):
    hook(town, events=events)

    ask(town, unread)

    assert candidate_link.open(town.parts, town.token(unread)).can_ask
    (event,) = told(town)
    assert event["data"]["candidate_id"] == unread["candidates"][0]["candidate"]["id"]
    assert "step-free" not in str(event)
    assert mailed(town) == 0


def test_without_a_contact_words_stand_in_the_run_for_whoever_may_read_it(town, unread):
    hook(town)

    ask(town, unread)

    assert asked(town, unread) == [{"at": "2026-11-30T09:00:00Z", "text": "I need step-free access."}]


def test_a_contacts_mail_is_for_the_contact_alone(town, run):
    ask(town, run)

    assert asked(town, run) == []


def test_of_many_questions_that_nobody_was_sent_the_latest_twenty_are_kept(town, unread):
    hook(town)

    for number in range(22):
        ask(town, unread, f"Question {number}?")
        town.clock.forward(minutes=15)

    assert [one["text"] for one in asked(town, unread)] == [f"Question {n}?" for n in range(2, 22)]


def test_a_web_hook_of_other_things_or_one_that_is_stopped_hears_of_no_question(town, unread):
    hook(town, events=["booking.confirmed"])
    stopped = hook(town)
    webhooks.update(town.parts, town.organization_id, stopped, {"status": "disabled"})

    with pytest.raises(Conflict):
        ask(town, unread)

    assert not candidate_link.open(town.parts, town.token(unread)).can_ask


def test_the_same_words_within_ten_minutes_are_the_same_question(town, run):
    for minutes in (0, 0, 9):
        town.clock.forward(minutes=minutes)
        ask(town, run)
    assert (mailed(town), len(told(town))) == (1, 1)

    ask(town, run, "And parking.")
    town.clock.forward(minutes=2)
    ask(town, run)
    assert (mailed(town), len(told(town))) == (3, 3)


def test_a_double_click_is_one_question(town, run):
    both = [threading.Thread(target=ask, args=(town, run)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert mailed(town) == 1


def test_five_questions_an_hour_are_passed_on_and_the_next_has_to_wait(town, run):
    for number in range(5):
        ask(town, run, f"Question {number}?")
        town.clock.forward(minutes=5)

    with pytest.raises(TooMany) as refusal:
        ask(town, run, "One more?")

    assert refusal.value.retry_after == timedelta(minutes=35).total_seconds()
    assert "Please write again in 35 minutes." in refusal.value.detail
    assert (mailed(town), len(told(town))) == (5, 5)
    town.clock.forward(minutes=35)
    ask(town, run, "One more?")
    assert mailed(town) == 6


def test_what_was_asked_is_answered_as_the_first_time_also_where_no_more_is_taken(town, run):
    for number in range(5):
        ask(town, run, f"Question {number}?")
    ask(town, run, "Question 0?")
    assert mailed(town) == 5


def test_candidates_are_counted_each_for_themselves(town, run):
    other = town.offer(window=WINDOW, candidates=[{"name": "Robin Lee", "email": "robin@example.net"}])
    for number in range(5):
        ask(town, run, f"Question {number}?")
    ask(town, other)
    assert mailed(town) == 6


def test_the_same_words_are_the_same_question_without_a_contact_too(town, unread):
    hook(town)
    for words in ("Is there a lift?", "And parking?", "Is there a lift?"):
        ask(town, unread, words)
    assert (len(told(town)), len(asked(town, unread))) == (2, 2)

    town.clock.forward(minutes=10)
    ask(town, unread, "And parking?")
    assert (len(told(town)), len(asked(town, unread))) == (3, 3)
