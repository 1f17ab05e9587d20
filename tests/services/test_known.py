# SPDX-License-Identifier: Apache-2.0
"""What is known of calendars from earlier, and how it stays fresh."""

from __future__ import annotations

import functools
from datetime import timedelta

from calendars.values import Blocks, Busy, CalendarKey, Unreadable
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.domain.people import CalendarAddress
from scheduler.services import known, organizations, syncing
from scheduler.services.known import Known
from tests.fakes.faults import answer
from tests.services.networks import ADA, WINDOW


def test_what_is_kept_of_a_calendar_is_times_and_nothing_else(networks):
    networks.hire("Ada", "google", "python")
    start = parse_instant(WINDOW["start"]) + timedelta(hours=10)
    networks.google.add_event(ADA, start, start + timedelta(hours=1), summary="Dentist")

    syncing.refresh(networks.town.parts, networks.town.organization_id)

    state = networks.state(ADA)
    (stretch,) = state.stretches
    assert set(stretch) == {"start", "end", "read_at", "busy"}
    assert stretch["busy"] == [["2026-12-02T10:00:00Z", "2026-12-02T11:00:00Z", "busy", None]]


def test_a_run_goes_on_from_what_the_run_before_it_read(networks):
    """Ada was added just now: nobody but the run has read her calendar, and the next one reaches further."""
    networks.hire("Ada", "google", "python")
    networks.town.offer(networks.plan("python"))
    networks.google.faults.add(answer(503), times=None)
    networks.town.clock.forward(minutes=90)

    run = networks.town.offer(networks.plan("python"))

    assert run["candidates"][0]["options"]


def test_a_short_look_takes_nothing_from_what_is_known(networks):
    networks.hire("Ada", "google", "python")
    syncing.refresh(networks.town.parts, networks.town.organization_id)
    networks.town.clock.forward(minutes=30)
    networks.town.offer(networks.plan("python"), window=WINDOW)
    networks.google.faults.add(answer(503), times=None)

    in_six_weeks = {"start": "2027-01-04T00:00:00Z", "end": "2027-01-09T00:00:00Z"}
    run = networks.town.offer(networks.town.plan(horizon_days=60), window=in_six_weeks)

    assert run["candidates"][0]["options"]


def test_a_look_that_comes_back_late_takes_nothing_from_one_that_was_begun_after_it(networks):
    networks.hire("Ada", "google", "python")
    google, looks = networks.town.parts.granted("")["google"], 0
    read_busy, ours = google.read_busy, (networks.town.parts, networks.town.organization_id)

    def overtaken(*asked, **how):
        nonlocal looks
        looks += 1
        told = read_busy(*asked, **how)
        if looks == 1:
            networks.town.clock.forward(minutes=1)
            start = parse_instant(WINDOW["start"]) + timedelta(hours=10)
            networks.google.add_event(ADA, start, start + timedelta(hours=1))
            syncing.refresh(*ours)
        return told

    google.read_busy = overtaken
    syncing.refresh(*ours)

    blocks = [block for stretch in networks.state(ADA).stretches for block in stretch["busy"]]
    assert (looks, blocks) == (2, [["2026-12-02T10:00:00Z", "2026-12-02T11:00:00Z", "busy", None]])


def test_a_failure_that_comes_back_late_says_nothing_of_a_calendar_that_was_read_after_it(networks):
    networks.hire("Ada", "google", "python")
    parts, town = networks.town.parts, networks.town.organization_id
    begun = networks.town.clock()
    networks.town.clock.forward(minutes=1)
    syncing.refresh(parts, town)

    closed = Unreadable(reason="Not shared.", code="forbidden", read_at=begun)
    told = {CalendarAddress("google", ADA): (CalendarKey(ADA, "Europe/London"), closed)}
    known.remember(parts, town, told, Interval(begun, begun + timedelta(days=1)), begun=begun)

    assert networks.state(ADA).unreadable_since is None


def test_time_that_nobody_has_looked_at_counts_as_busy(networks):
    networks.hire("Ada", "google", "python")
    ada = CalendarAddress("google", ADA)
    parts, town = networks.town.parts, networks.town.organization_id
    now = networks.town.clock()
    read = Interval(now, now + timedelta(days=2))
    known.remember(parts, town, {ada: (CalendarKey(ADA, "Europe/London"), Blocks((), now))}, read, begun=now)

    hour = timedelta(hours=1)
    with parts.database.transaction(town) as session:
        wider = known.recall(session, ada, read.padded(timedelta(), hour), now=now, oldest=2 * hour)
        too_wide = known.recall(session, ada, read.padded(timedelta(), 3 * hour), now=now, oldest=2 * hour)
        too_old = known.recall(session, ada, read, now=now + 3 * hour, oldest=2 * hour)
    assert wider == Known(busy=(Busy(read.end, read.end + hour),), read_at=now)
    assert too_wide is too_old is None


def test_calendars_are_read_again_every_ten_minutes_and_soon_after_a_failure(networks):
    networks.hire("Ada", "google", "python")
    refresh = functools.partial(syncing.refresh, networks.town.parts, networks.town.organization_id)

    def looks() -> int:
        return sum(request.path.endswith("/freeBusy") for request in networks.google.requests)

    refresh()
    networks.town.clock.forward(minutes=9)
    refresh()
    assert looks() == 1

    networks.town.clock.forward(minutes=1)
    networks.google.faults.add(answer(503), times=4)
    refresh()
    networks.town.clock.forward(minutes=2)
    before = looks()
    refresh()
    refresh()
    assert looks() == before + 1


def test_a_further_calendar_at_a_network_is_read_again_too(networks):
    networks.google.add_person(ADA)
    networks.town.hire("Ada", busy_calendars=[{"provider": "google", "address": ADA}])

    syncing.refresh(networks.town.parts, networks.town.organization_id)

    assert networks.state(ADA).stretches


def test_offers_go_on_from_what_is_known_while_a_vendor_is_down_and_end_when_it_is_too_old(networks):
    networks.hire("Ada", "google", "python")
    start = parse_instant(WINDOW["start"]) + timedelta(hours=9)
    networks.google.add_event(ADA, start, start + timedelta(hours=7))
    syncing.refresh(networks.town.parts, networks.town.organization_id)
    plan = networks.plan("python")

    networks.google.faults.add(answer(503), times=None)
    networks.town.clock.forward(minutes=59)
    within = networks.town.offer(plan, window=WINDOW, options=50)
    networks.town.clock.forward(minutes=62)
    beyond = networks.town.offer(plan, window=WINDOW)

    starts = [option["start"] for option in within["candidates"][0]["options"]]
    assert starts
    assert not any("2026-12-02T09" <= start < "2026-12-02T16" for start in starts)
    assert beyond["status"] == "failed"


def test_a_calendar_that_lost_its_owner_is_not_answered_from_memory(networks):
    networks.hire("Ada", "google", "python")
    syncing.refresh(networks.town.parts, networks.town.organization_id)
    networks.google.no_access(ADA)

    run = networks.town.offer(networks.plan("python"), window=WINDOW)

    assert run["status"] == "failed"


def test_the_organisations_wish_reads_event_by_event(networks):
    organizations.update(
        networks.town.parts, networks.town.organization_id, {"calendars": {"detail": "events"}}
    )
    networks.hire("Ada", "google", "python")

    networks.town.offer(networks.plan("python"), window=WINDOW)

    assert [r.path for r in networks.google.requests if r.path.endswith("/freeBusy")] == []
