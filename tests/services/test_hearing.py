# SPDX-License-Identifier: Apache-2.0
"""Being told of changes in calendars at Google and Microsoft, and looking where nobody told."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from scheduler.app import create_app
from scheduler.db import rows
from scheduler.services import bookings, hearing, syncing
from scheduler.services.hearing import Notice
from tests.services.networks import ADA, FAR, event_of, hooked
from tests.services.town import RECRUITER


def test_a_calendar_with_our_event_is_watched_until_there_is_none(networks):
    hooked(networks)
    networks.google.notify = False
    networks.hire("Ada", "google", "python")
    booking = networks.booked("python", window=FAR)
    networks.later(seconds=1)
    (channel,) = networks.google.open_channels(ADA)
    assert networks.state(ADA).channel_id == channel.id

    networks.later(days=4)
    (renewed,) = networks.google.open_channels(ADA)
    assert renewed.id != channel.id

    bookings.cancel(networks.town.parts, networks.town.organization_id, booking["id"], actor=RECRUITER)
    networks.later(seconds=1)
    networks.later(hours=1)
    networks.later(seconds=1)
    assert networks.google.open_channels(ADA) == []
    assert networks.state(ADA).channel_id is None


def notice_of(networks, **changes) -> Notice:
    call = [r for r in networks.google.requests if r.path.endswith("/watch")][-1].json()
    (channel,) = networks.google.open_channels(ADA)
    facts = {"channel_id": call["id"], "token": call["token"], "resource": channel.resource_id}
    return Notice(**{"provider": "google", **facts, **changes})


def watched(networks, window: dict | None = None) -> None:
    hooked(networks)
    networks.google.notify = False
    networks.hire("Ada", "google", "python")
    networks.booked("python", window=window)
    networks.later(seconds=1)
    networks.later(minutes=1)


def jobs(networks, task: str) -> int:
    query = "select count(*) from procrastinate_jobs where task_name = :task and status = 'todo'"
    with networks.town.parts.database.lookup() as session:
        return session.scalar(sa.text(query), {"task": task})


def test_fifty_notices_of_one_change_are_one_look(networks):
    """Case 72."""
    watched(networks)

    hearing.heard(networks.town.parts, [notice_of(networks)] * 50)
    for _ in range(10):
        hearing.heard(networks.town.parts, [notice_of(networks)])

    assert jobs(networks, "sync_calendar") == 1


@pytest.mark.parametrize(
    "lie",
    [{"token": "guessed"}, {"resource": "another"}, {"channel_id": "unknown"}, {"provider": "microsoft"}],
)
def test_a_notice_that_is_not_theirs_does_nothing(networks, lie):
    """Case 71."""
    watched(networks)
    notice = notice_of(networks, **lie)

    hearing.heard(networks.town.parts, [notice])

    assert not hearing.is_ours(networks.town.parts, notice)
    assert jobs(networks, "sync_calendar") == 0


@pytest.mark.parametrize("minutes", [1, 10])
def test_a_channel_of_ours_that_nobody_knows_is_ended(networks, minutes):
    """Case 71: its answer was lost. One that is new may just be about to be kept."""
    watched(networks)
    notice = notice_of(networks)
    with networks.town.parts.database.transaction(networks.town.organization_id) as session:
        session.scalars(sa.select(rows.CalendarState)).one().channel_id = "another"
    networks.town.clock.forward(minutes=minutes - 1)

    hearing.heard(networks.town.parts, [notice])
    networks.town.run_jobs()

    assert len(networks.google.open_channels(ADA)) == (1 if minutes == 1 else 0)
    assert jobs(networks, "sync_calendar") == 0


@pytest.mark.parametrize("token", ["guessed", "a.b.1.guessed", ""])
def test_a_channel_that_was_never_ours_is_left_alone(networks, token):
    """Case 71."""
    watched(networks)
    hearing.heard(networks.town.parts, [notice_of(networks, channel_id="unknown", token=token)])

    assert jobs(networks, "end_channel") == 0


def test_the_channel_that_is_kept_is_not_ended(networks):
    watched(networks)
    notice, state = notice_of(networks), networks.state(ADA)

    syncing.end_channel(
        networks.town.parts, networks.town.organization_id, state.id, notice.channel_id, notice.resource
    )

    assert [channel.id for channel in networks.google.open_channels(ADA)] == [notice.channel_id]
    assert len(notice.token) < 128


def test_an_end_that_is_told_while_we_renew_is_not_forgotten(networks, monkeypatch):
    """Case 78: what is told in between stays due."""
    watched(networks, FAR)
    notice = replace(notice_of(networks), lifecycle="subscriptionRemoved")
    provider = networks.town.parts.granted("")["google"]
    renew = provider.renew

    def renew_meanwhile(channel, hook):
        hearing.heard(networks.town.parts, [notice])
        return renew(channel, hook)

    monkeypatch.setattr(provider, "renew", renew_meanwhile)
    networks.town.clock.forward(days=4)
    state = networks.state(ADA)
    syncing.watch(networks.town.parts, networks.town.organization_id, state.id)

    assert networks.state(ADA).channel_id != state.channel_id
    assert networks.state(ADA).watch_at <= networks.town.clock()


def test_a_change_that_is_told_while_we_look_is_looked_at_again(networks, monkeypatch):
    """Case 78: what was found may be from before it."""
    watched(networks)
    provider = networks.town.parts.granted("")["google"]
    find_event = provider.find_event

    def find_meanwhile(calendar, uid):
        found = find_event(calendar, uid)
        monkeypatch.setattr(provider, "find_event", find_event)
        networks.google.delete_event(ADA, found.ref.event_id)
        hearing.heard(networks.town.parts, [notice_of(networks)])
        syncing.sync(networks.town.parts, networks.town.organization_id, networks.state(ADA).id)
        return found

    monkeypatch.setattr(provider, "find_event", find_meanwhile)
    networks.later(hours=7)
    networks.later(seconds=6)

    assert networks.differences() == [("missing", True)]


def test_a_change_that_nobody_told_of_is_found_by_looking(networks):
    """Case 73: notices are an extra, never what is relied on."""
    watched(networks)
    networks.google.delete_event(ADA, event_of(networks)["id"])

    networks.later(minutes=31)
    networks.later(seconds=6)

    assert networks.differences() == [("missing", True)]


def test_a_subscription_that_missed_something_begins_anew(networks):
    """Case 77, and 78: twice is once."""
    watched(networks)
    with networks.town.parts.database.transaction(networks.town.organization_id) as session:
        state = session.scalars(sa.select(rows.CalendarState)).one()
        state.provider, state.channel_resource = "microsoft", None
        state.channel_token_hash = hearing.token_hash("t")
        channel = state.channel_id
    notice = Notice(provider="microsoft", channel_id=channel, token="t", lifecycle="missed")

    hearing.heard(networks.town.parts, [notice, notice])

    state = networks.state(ADA)
    assert state.cursor is None
    assert state.watch_at == state.sync_at == networks.town.clock()


def test_the_first_notice_of_a_channel_is_only_heard(networks):
    """Case 70: it says that the channel is open, and no look follows."""
    watched(networks)
    notice = notice_of(networks)
    headers = {
        "X-Goog-Channel-ID": notice.channel_id,
        "X-Goog-Channel-Token": notice.token,
        "X-Goog-Resource-ID": notice.resource,
    }
    browser = create_app(networks.town.parts).test_client()

    first = browser.post("/hooks/google", headers={**headers, "X-Goog-Resource-State": "sync"})
    after_first = jobs(networks, "sync_calendar")
    second = browser.post("/hooks/google", headers={**headers, "X-Goog-Resource-State": "exists"})

    assert (first.status_code, second.status_code) == (204, 204)
    assert (after_first, jobs(networks, "sync_calendar")) == (0, 1)


def test_one_lie_among_three_notices_spoils_no_other(networks):
    """Cases 75 and 76: the answer says that it was heard, and the work is left to jobs."""
    watched(networks)
    with networks.town.parts.database.transaction(networks.town.organization_id) as session:
        state = session.scalars(sa.select(rows.CalendarState)).one()
        state.provider, state.channel_resource = "microsoft", None
        state.channel_token_hash = hearing.token_hash("right")
        channel = state.channel_id
    items = [
        {"subscriptionId": channel, "clientState": state, "changeType": "updated"}
        for state in ("wrong", "right", "right")
    ]

    answer_ = create_app(networks.town.parts).test_client().post("/hooks/microsoft", json={"value": items})

    assert answer_.status_code == 202
    assert jobs(networks, "sync_calendar") == 1


def test_a_notice_that_is_nested_without_end_is_none(networks):
    client = create_app(networks.town.parts).test_client()

    told = client.post("/hooks/microsoft", data="[" * 100_000, content_type="application/json")

    assert told.status_code == 400
