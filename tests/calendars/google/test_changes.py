# SPDX-License-Identifier: Apache-2.0
"""Following changes at Google, and being told of them: cases 33 to 35 and 70 of the conformance list."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calendars import CalendarKey, NotAllowed, Outage
from calendars.google import ids
from calendars.values import Hook
from tests.calendars.google.conftest import ADA, NOW, at, draft
from tests.fakes.faults import answer, empty_page

KEY = CalendarKey(ADA, "Europe/Zurich")
HOOK = Hook(url="https://interviews.example/hooks/google", token="secret-token")


def test_a_first_look_goes_through_every_page_and_knows_nothing_of_what_was_before(desk):
    """Case 33: a page of nothing is not the last one."""
    desk.fake.add_event(ADA, at(9), at(10))
    desk.fake.faults.add(empty_page(), path="/events$")

    begun = desk.provider.changes_since(KEY, None)

    assert begun.event_ids is None
    assert len(desk.calls("/events")) == 2


def test_a_sync_token_that_is_too_old_begins_again(desk):
    """Case 34."""
    begun = desk.provider.changes_since(KEY, None)
    desk.fake.expire_sync_state()

    again = desk.provider.changes_since(KEY, begun.cursor)

    assert again.event_ids is None
    assert not desk.provider.changes_since(KEY, again.cursor).any


@pytest.mark.parametrize("status", [400, 410])
def test_a_sync_token_of_another_google_begins_again(desk, status):
    """Case 34, where the settings named another one when it was made."""
    reason = "invalid" if status == 400 else "fullSyncRequired"
    refusal = {"error": {"errors": [{"domain": "global", "reason": reason}], "code": status}}
    desk.fake.faults.add(answer(status, refusal), path="/events$")

    assert desk.provider.changes_since(KEY, '{"token": "theirs"}').event_ids is None


def test_a_sync_that_cannot_even_begin_is_for_another_time(desk):
    refusal = {"error": {"errors": [{"domain": "calendar", "reason": "fullSyncRequired"}], "code": 410}}
    desk.fake.faults.add(answer(410, refusal), path="/events$", times=None)

    with pytest.raises(Outage):
        desk.provider.changes_since(KEY, None)


def test_a_calendar_that_is_not_there_can_neither_be_followed_nor_watched(desk):
    refusal = {"error": {"errors": [{"domain": "global", "reason": "notFound"}], "code": 404}}
    desk.fake.faults.add(answer(404, refusal), path="/events(/watch)?$", times=None)

    with pytest.raises(NotAllowed, match="no such calendar"):
        desk.provider.changes_since(KEY, None)
    with pytest.raises(NotAllowed, match="no such calendar"):
        desk.provider.watch(ADA, HOOK)


def test_a_look_that_breaks_off_between_pages_gives_no_cursor(desk):
    """Case 35: the old one stays good."""
    begun = desk.provider.changes_since(KEY, None)
    desk.fake.add_event(ADA, at(9), at(10))
    desk.fake.faults.add(empty_page(), path="/events$")
    desk.fake.faults.add(answer(503), path="/events$", times=4)

    with pytest.raises(Outage):
        desk.provider.changes_since(KEY, begun.cursor)
    assert desk.provider.changes_since(KEY, begun.cursor).any


def test_a_sync_asks_with_nothing_that_a_token_forbids(desk):
    begun = desk.provider.changes_since(KEY, None)
    desk.provider.changes_since(KEY, begun.cursor)

    second = desk.calls("/events")[-1]
    assert second.parameter("syncToken")
    assert not {"timeMin", "timeMax", "q", "orderBy", "privateExtendedProperty"} & {
        k for k, _ in second.query
    }


def test_what_is_left_of_a_deleted_event_still_says_which_it_was(desk):
    ref = desk.provider.create_event(ADA, draft())
    begun = desk.provider.changes_since(KEY, None)
    desk.fake.delete_event(ADA, ref.event_id)

    changes = desk.provider.changes_since(KEY, begun.cursor)

    assert {ids.uid_of(id_) for id_ in changes.event_ids} == {draft().uid}


def test_a_channel_is_opened_replaced_and_stopped(desk):
    """No channel can be prolonged: the next one is open before the last one ends."""
    desk.fake.notify = False
    channel = desk.provider.watch(ADA, HOOK)
    assert channel.expires_at <= NOW + timedelta(days=7)
    assert [c.id for c in desk.fake.open_channels(ADA)] == [channel.id]

    renewed = desk.provider.renew(channel, HOOK)
    assert [c.id for c in desk.fake.open_channels(ADA)] == [renewed.id]
    assert renewed.id != channel.id

    desk.provider.unwatch(renewed)
    desk.provider.unwatch(renewed)
    assert desk.fake.open_channels(ADA) == []


def test_an_address_that_google_does_not_take_is_refused(desk):
    refusal = {
        "error": {"errors": [{"domain": "global", "reason": "push.webhookUrlUnauthorized"}], "code": 400}
    }
    desk.fake.faults.add(answer(400, refusal), path="/watch$")

    with pytest.raises(NotAllowed):
        desk.provider.watch(ADA, HOOK)
    assert "secret-token" not in repr(HOOK)
