# SPDX-License-Identifier: Apache-2.0
"""What calendars say at the click: nothing, or focus time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calendars.errors import Outage
from scheduler.domain.errors import Unavailable
from scheduler.domain.intervals import parse_instant
from scheduler.services import organizations
from scheduler.services.picks import TakenWithOthers
from tests.services.town import CONTACT

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-03T00:00:00Z"}


def test_a_calendar_that_cannot_be_checked_books_nothing_by_default(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    town.calendars.make_unreadable("ada@acme.example", "The server is down.")

    with pytest.raises(Unavailable) as refusal:
        town.book(run)
    town.calendars.make_readable("ada@acme.example")

    assert refusal.value.reason == "calendars_unreadable"
    assert town.book(run)["status"] == "confirmed"


def test_a_calendar_that_is_closed_for_good_is_told_to_those_who_can_mend_it(town):
    """Once, however often the candidate tries."""
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    town.calendars.make_unreadable("ada@acme.example", "Share it again.")

    for option in (0, 1, 0):
        with pytest.raises(Unavailable, match="choose another time"):
            town.book(run, option)
    town.run_jobs()

    told = "We cannot read the calendar of Ada"
    assert [told in subject for subject in town.post.subjects_to(CONTACT["email"])].count(True) == 1
    assert len(town.post.subjects_to("ada@acme.example")) == 1


def test_a_calendar_that_does_not_answer_just_now_is_nobodys_to_mend(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)

    def down(_: int) -> None:
        raise Outage

    town.calendars.meanwhile = down
    with pytest.raises(Unavailable, match="in a moment"):
        town.book(run)
    town.run_jobs()

    assert not [mail for mail in town.post.mails if "calendar" in str(mail["Subject"])]


def test_the_policy_may_be_to_book_from_what_is_known_and_let_a_person_check(town):
    town.hire("Ada", skills=("python",))
    organizations.update(town.parts, town.organization_id, {"policies": {"provider_down": "book_pending"}})
    run = town.offer(window=WINDOW)
    town.calendars.make_unreadable("ada@acme.example", "The server is down.")

    booking = town.book(run)

    assert booking["status"] == "needs_attention"
    assert "could not be read" in booking["attention"]


@pytest.fixture
def focused(town):
    """Ada, whose Wednesday is focus time but for an hour that is busy, and an organisation that allows
    interviews over focus time.
    """
    town.hire("Ada", skills=("python",))
    start = parse_instant(WINDOW["start"])
    town.calendars.add_busy("ada@acme.example", start, start + timedelta(hours=16), "focus")
    town.calendars.add_busy("ada@acme.example", start + timedelta(hours=16), start + timedelta(hours=24))
    organizations.update(town.parts, town.organization_id, {"calendars": {"overbook": ["focus"]}})
    return town


def test_nothing_is_put_over_focus_time_unless_the_organisation_says_so(focused):
    organizations.update(focused.parts, focused.organization_id, {"calendars": None})

    run = focused.offer(window=WINDOW)

    assert run["candidates"][0]["status"] == "infeasible"


def test_what_was_offered_over_focus_time_can_be_booked(focused):
    run = focused.offer(window=WINDOW)

    assert focused.book(run)["status"] == "confirmed"


def test_an_offer_over_focus_time_outlives_the_policy_it_was_made_under(focused):
    run = focused.offer(window=WINDOW)
    organizations.update(focused.parts, focused.organization_id, {"calendars": None})

    assert focused.book(run)["status"] == "confirmed"


def test_an_offer_over_focus_time_is_refused_for_what_came_into_the_calendar_since(focused):
    run = focused.offer(window=WINDOW)
    start = parse_instant(WINDOW["start"])
    focused.calendars.add_busy("ada@acme.example", start, start + timedelta(hours=24), "out_of_office")

    with pytest.raises(TakenWithOthers):
        focused.book(run)


def test_focus_time_is_still_known_as_such_while_calendars_cannot_be_checked(focused):
    organizations.update(
        focused.parts, focused.organization_id, {"policies": {"provider_down": "book_pending"}}
    )
    run = focused.offer(window=WINDOW)
    focused.calendars.make_unreadable("ada@acme.example", "The server is down.")

    assert focused.book(run)["status"] == "needs_attention"
