# SPDX-License-Identifier: Apache-2.0
"""The services over Google and Microsoft: staying fresh, outages, and what people change by hand."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from calendars.google import GoogleCalendars, ServiceAccount
from calendars.microsoft import Credential, EntraApplication, MicrosoftCalendars
from calendars.retry import Breaker
from calendars.values import Blocks, Busy, CalendarKey, EventDraft
from scheduler.app import create_app
from scheduler.db import rows
from scheduler.domain.errors import Unavailable
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.domain.people import CalendarAddress
from scheduler.services import (
    bookings,
    fresh_options,
    hearing,
    known,
    moving,
    organizations,
    rooms,
    runs,
    syncing,
    upkeep,
)
from scheduler.services.hearing import Notice
from scheduler.services.known import Known
from tests.fakes.faults import answer
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft
from tests.services.conftest import CONTACT, RECRUITER, Town

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-04T00:00:00Z"}
ADA, BOB, BLUE = "ada@acme.example", "bob@acme.example", "blue@acme.example"


@dataclass
class Networks:
    """A town whose people are at the two vendors."""

    town: Town
    google: FakeGoogle
    microsoft: FakeMicrosoft

    def hire(self, name: str, house: str, skill: str, **fields) -> str:
        email = f"{name.lower()}@acme.example"
        getattr(self, house).add_person(email, time_zone="Europe/London")
        calendar = {"provider": house, "address": email}
        return self.town.hire(name, skills=(skill,), calendar=calendar, **fields)

    def plan(self, *skills: str, **session) -> dict:
        seats = [{"skill": skill} for skill in skills]
        sessions = [
            {"key": "talk", "title": "A talk", "minutes": 60, "seats": seats, "conference": "none", **session}
        ]
        return self.town.plan(sessions=sessions)

    def booked(self, *skills: str, window: dict | None = None, **session) -> dict:
        run = self.town.offer(self.plan(*skills, **session), window=window or WINDOW)
        booking = self.town.book(run)
        self.town.run_jobs()
        return self.booking(booking)

    def booking(self, booking: dict) -> dict:
        return bookings.get(self.town.parts, self.town.organization_id, booking["id"])

    def later(self, **by: float) -> None:
        """Time passes, and the clock has everything looked at that is due."""
        self.town.clock.forward(**by)
        upkeep.sweep(self.town.parts)
        self.town.run_jobs()

    def state(self, address: str) -> rows.CalendarState:
        with self.town.parts.database.transaction(self.town.organization_id) as session:
            return session.scalars(
                sa.select(rows.CalendarState).where(rows.CalendarState.address == address)
            ).one()

    def differences(self) -> list[tuple[str, bool]]:
        with self.town.parts.database.transaction(self.town.organization_id) as session:
            found = session.scalars(sa.select(rows.Discrepancy).order_by(rows.Discrepancy.found_at))
            return [(row.kind, row.resolved_at is None) for row in found]


@pytest.fixture
def networks(town) -> Iterator[Networks]:
    with FakeGoogle() as google, FakeMicrosoft() as microsoft:
        google.now = microsoft.now = town.clock
        asleep: list[float] = []
        providers = {
            "google": GoogleCalendars(
                ServiceAccount(google.service_account()),
                endpoint=google.api_endpoint,
                breaker=Breaker("Google Calendar", rest=0.01),
                now=town.clock,
                sleep=asleep.append,
            ),
            "microsoft": MicrosoftCalendars(
                EntraApplication(
                    microsoft.tenant_id,
                    microsoft.client_id,
                    Credential(secret=microsoft.client_secret),
                    authority=microsoft.authority,
                ),
                endpoint=microsoft.graph_endpoint,
                breaker=Breaker("Microsoft 365", rest=0.01),
                now=town.clock,
                sleep=asleep.append,
            ),
        }
        town.parts = replace(town.parts, granted=lambda _: providers)
        yield Networks(town, google, microsoft)


def event_of(networks, house="google", address=ADA) -> dict:
    (event,) = getattr(networks, house).events(address)
    return event


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_an_event_that_somebody_deletes_goes_to_a_person_and_is_not_written_again(networks, house):
    """Case 58: a hint is looked at twice before it is believed."""
    networks.hire("Ada", house, "python")
    booking = networks.booked("python")
    networks.later(minutes=2)
    fake = getattr(networks, house)
    fake.delete_event(ADA, event_of(networks, house)["id"])

    networks.later(minutes=2)
    seen_once = networks.booking(booking)["status"]
    networks.later(seconds=6)

    after = networks.booking(booking)
    assert (seen_once, after["status"]) == ("confirmed", "needs_attention")
    assert "was deleted from the calendar ada@acme.example by somebody" in after["attention"]
    assert after["sessions"][0]["calendar_events"][0]["status"] == "missing"
    assert fake.events(ADA) == []
    assert networks.differences() == [("missing", True)]


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_an_event_that_somebody_moves_is_reported_and_not_moved_back(networks, house):
    """Case 59. Moved back by them, the difference is gone."""
    networks.hire("Ada", house, "python")
    booking = networks.booked("python")
    networks.later(minutes=2)
    fake, event = getattr(networks, house), event_of(networks, house)
    start, end = parse_instant(booking["start"]), parse_instant(booking["end"])
    fake.move_event(ADA, event["id"], start + timedelta(hours=1), end + timedelta(hours=1))

    networks.later(minutes=2)
    after = networks.booking(booking)
    fake.move_event(ADA, event["id"], start, end)
    networks.later(minutes=2)

    assert "was moved in the calendar ada@acme.example" in after["attention"]
    assert after["start"] == booking["start"]
    assert networks.differences() == [("moved", False)]


def attention_mails(networks) -> list[str]:
    """What the contact has read of what needs a look, each mail in one line."""
    return [
        " ".join(mail.get_body(("plain",)).get_content().split())
        for mail in networks.town.post.mails
        if CONTACT["email"] in str(mail["To"]) and str(mail["Subject"]).startswith("Needs a look")
    ]


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_the_contact_reads_once_of_an_event_that_was_deleted_and_a_move_writes_it_again(networks, house):
    networks.hire("Ada", house, "python")
    booking = networks.booked("python")
    networks.later(minutes=2)
    fake = getattr(networks, house)
    fake.delete_event(ADA, event_of(networks, house)["id"])

    networks.later(minutes=2)
    before = attention_mails(networks)
    networks.later(seconds=6)
    networks.later(hours=7)

    (told,) = attention_mails(networks)
    assert before == []
    assert "The event of A talk was deleted from the calendar ada@acme.example by somebody" in told
    assert f"Booking {booking['id']}" in told
    assert "You can move the interview, or cancel it; its events in calendars follow." in told
    town = networks.town
    option = fresh_options.find(town.parts, town.organization_id, booking["id"], actor=RECRUITER)["data"][0]
    moving.reschedule(town.parts, town.organization_id, booking["id"], option["id"], actor=RECRUITER)
    town.run_jobs()
    assert (len(fake.events(ADA)), networks.booking(booking)["attention"]) == (1, None)


def test_nobody_is_written_to_of_an_event_that_was_deleted_while_the_interview_is_held(networks):
    networks.hire("Ada", "google", "python")
    booking = networks.booked("python")
    networks.town.clock.instant = parse_instant(booking["start"]) + timedelta(minutes=10)
    networks.later(minutes=2)
    networks.google.delete_event(ADA, event_of(networks)["id"])

    networks.later(minutes=2)
    networks.later(seconds=6)

    assert "was deleted from the calendar ada@acme.example" in networks.booking(booking)["attention"]
    assert attention_mails(networks) == []


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_the_contact_reads_on_their_own_clock_where_an_event_was_moved_to(networks, house):
    networks.hire("Ada", house, "python")
    booking = networks.booked("python")
    networks.later(minutes=2)
    fake, event = getattr(networks, house), event_of(networks, house)
    start, end = parse_instant(booking["start"]), parse_instant(booking["end"])

    for hours in (1, 1, 2):
        by = timedelta(hours=hours)
        fake.move_event(ADA, event["id"], start + by, end + by)
        networks.later(minutes=2)

    first, second = attention_mails(networks)
    assert "The event of A talk was moved in the calendar ada@acme.example by somebody" in first
    assert [f"{start + timedelta(hours=h):%H:%M}–" in said for h, said in ((1, first), (2, second))] == [
        True
    ] * 2
    assert "London time (GMT)" in first.partition("Moved to")[2]
    assert booking["start"] not in first


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_a_room_that_declines_is_no_silent_success(networks, house):
    """Case 55."""
    networks.hire("Ada", house, "python")
    getattr(networks, house).add_room(BLUE, answers="declined")
    rooms.create(
        networks.town.parts,
        networks.town.organization_id,
        {
            "name": "Blue",
            "capacity": 4,
            "time_zone": "Europe/London",
            "calendar": {"provider": house, "address": BLUE},
        },
    )
    booking = networks.booked("python", room={"capacity": 2})

    getattr(networks, house).tick()
    networks.later(minutes=2)
    networks.later(minutes=2)

    assert "The room Blue has declined A talk." in networks.booking(booking)["attention"]


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_an_event_whose_organiser_is_gone_is_not_taken_for_removed(networks, house):
    """Bob was invited, and his copy stays."""
    networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "go")
    booking = networks.booked("python", "go")
    getattr(networks, house).forget_person(ADA)

    bookings.cancel(networks.town.parts, networks.town.organization_id, booking["id"], actor=RECRUITER)
    networks.town.run_jobs()

    after = networks.booking(booking)
    assert after["status"] == "cancelled"
    assert f"cannot be taken out of the calendar {ADA}" in after["attention"]
    assert any("cancelled" in subject.lower() for subject in networks.town.post.subjects_to(BOB))


def test_an_interview_that_goes_well_is_looked_at_and_nothing_is_said(networks):
    networks.hire("Ada", "google", "python")
    booking = networks.booked("python")
    networks.later(hours=7)

    after = networks.booking(booking)
    assert (after["status"], after["attention"]) == ("confirmed", None)
    assert networks.differences() == []


def test_a_removed_event_that_comes_back_is_taken_out_again(networks):
    """A write whose answer was lost may arrive late."""
    networks.hire("Ada", "google", "python")
    booking = networks.booked("python")
    bookings.cancel(networks.town.parts, networks.town.organization_id, booking["id"], actor=RECRUITER)
    networks.town.run_jobs()
    provider = networks.town.parts.granted("")["google"]
    start = parse_instant(booking["start"])
    late = EventDraft(
        uid=f"{booking['id']}.talk@convene",
        start=start,
        end=start + timedelta(hours=1),
        time_zone="UTC",
        summary="Late",
    )
    provider.create_event(ADA, late)

    networks.later(minutes=11)

    assert networks.google.events(ADA) == []


BUSY_FOR_A_DAY = answer(429, {}, {"Retry-After": "86400"})


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_a_wait_of_a_day_is_waited_for_by_a_parked_job_and_told(networks, house):
    """Case 80, its end: nobody asks meanwhile, and a person knows why the calendar shows nothing."""
    fake = getattr(networks, house)
    networks.hire("Ada", house, "python")
    run = networks.town.offer(networks.plan("python"), window={**WINDOW, "end": "2026-12-10T00:00:00Z"})
    option = max(range(5), key=lambda number: run["candidates"][0]["options"][number]["start"])
    fake.faults.add(BUSY_FOR_A_DAY, path="/events$", times=None)

    booking = networks.town.book(run, option)
    networks.town.run_jobs()
    fake.requests.clear()
    for _ in range(23):
        networks.later(hours=1)

    assert [r.path for r in fake.requests if r.path.endswith("/events")] == []
    assert "could not be brought up to date yet" in networks.booking(booking)["attention"]
    fake.faults.clear()
    networks.later(hours=2)
    assert networks.booking(booking)["sessions"][0]["calendar_events"][0]["status"] == "written"


@pytest.mark.parametrize("job", ["verify", "sync", "watch"])
def test_a_wait_that_a_provider_names_is_kept_by_every_look_at_its_calendars(networks, job):
    """Case 80."""
    hooked(networks)
    networks.google.notify = False
    networks.hire("Ada", "google", "python")
    networks.booked("python", window=FAR)
    path = {"verify": "/events/[^/]*$", "sync": "/events$", "watch": "/watch$"}[job]
    networks.google.faults.add(BUSY_FOR_A_DAY, path=path, times=None)

    networks.later(hours=7)
    asked = [r.path for r in networks.google.requests]
    for _ in range(12):
        networks.later(hours=1)

    again = [r.path for r in networks.google.requests[len(asked) :]]
    assert [path_ for path_ in again if re.search(path, path_)] == []


# Told of changes


def hooked(networks) -> None:
    networks.town.parts = replace(networks.town.parts, hook_url="https://interviews.acme.example/hooks")


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


FAR = {"start": "2026-12-08T00:00:00Z", "end": "2026-12-10T00:00:00Z"}


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


# Known from earlier


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


def test_time_that_nobody_has_looked_at_counts_as_busy(networks):
    networks.hire("Ada", "google", "python")
    ada = CalendarAddress("google", ADA)
    parts, town = networks.town.parts, networks.town.organization_id
    now = networks.town.clock()
    read = Interval(now, now + timedelta(days=2))
    known.remember(parts, town, {ada: (CalendarKey(ADA, "Europe/London"), Blocks((), now))}, read)

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


def test_a_booking_waits_for_a_vendor_that_is_down_where_the_organisation_says_so(networks):
    networks.hire("Ada", "google", "python")
    run = networks.town.offer(networks.plan("python"), window=WINDOW)
    networks.google.faults.add(answer(503), times=None)

    with pytest.raises(Unavailable):
        networks.town.book(run)


@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_an_hour_without_a_vendor_is_bridged_and_everything_owed_follows_once(networks, house, cancelled):
    """Offers from what is known, a booking where that is wished; then event and mail, each once."""
    fake = getattr(networks, house)
    organizations.update(
        networks.town.parts, networks.town.organization_id, {"policies": {"provider_down": "book_pending"}}
    )
    networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "java")
    start = parse_instant(WINDOW["start"]) + timedelta(hours=9)
    fake.add_event(ADA, start, start + timedelta(hours=7))
    syncing.refresh(networks.town.parts, networks.town.organization_id)
    fake.faults.add(answer(503), times=None)

    run = networks.town.offer(networks.plan("python", "java"), window=WINDOW)
    booking = networks.town.book(run)
    networks.town.run_jobs()
    during = networks.booking(booking)
    for _ in range(6):
        networks.later(minutes=10)
    if cancelled:
        bookings.cancel(networks.town.parts, networks.town.organization_id, booking["id"], actor=RECRUITER)
    fake.faults.clear()
    networks.later(hours=1)
    networks.later(hours=1)

    assert not "2026-12-02T09" <= booking["start"] < "2026-12-02T16"
    assert during["status"] == "needs_attention"
    assert during["sessions"][0]["calendar_events"][0]["status"] == "pending"
    after = networks.booking(booking)
    expected = "removed" if cancelled else "written"
    assert after["sessions"][0]["calendar_events"][0]["status"] == expected
    assert len(fake.events(BOB)) == (0 if cancelled else 1)
    invitations = [] if cancelled else [BOB]
    assert [mail.to for mail in fake.sent if mail.kind == "invitation"] == invitations
    candidates = networks.town.post.subjects_to("candy@example.net")
    assert len(candidates) == len(set(candidates)) == (3 if cancelled else 2)


def test_one_vendors_outage_leaves_the_other_alone(networks):
    networks.hire("Ada", "google", "python")
    networks.hire("Cid", "microsoft", "python")
    networks.google.faults.add(answer(503), times=None)

    run = networks.town.offer(networks.plan("python"), window=WINDOW)

    people = {
        person["name"]
        for option in run["candidates"][0]["options"]
        for item in option["sessions"]
        for person in item["interviewers"]
    }
    assert people == {"Cid"}
    assert run["candidates"][0]["explanation"]["unreadable"][0]["reason"]


def test_a_change_that_somebody_elses_always_crosses_goes_to_a_person(networks):
    """Case 52, its end: three looks in a call, and a call a tick, are enough."""
    networks.google.conferences.after = 2
    networks.hire("Ada", "google", "python")
    networks.hire("Bob", "microsoft", "java")
    crossed = answer(412, {"error": {"code": "ErrorIrresolvableConflict"}})
    networks.microsoft.faults.add(crossed, method="PATCH", times=None)

    booking = networks.booked("python", "java", conference="google_meet")
    for _ in range(8):
        networks.later(seconds=4)

    assert "could not be brought up to date yet" in networks.booking(booking)["attention"]
    assert "somebody else" in networks.booking(booking)["history"][-1]["error"]
    networks.microsoft.faults.clear()
    networks.later(hours=1)
    (event,) = networks.microsoft.events(BOB)
    assert networks.booking(booking)["sessions"][0]["conference_url"] in event["body"]["content"]


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_nobody_is_asked_to_mend_what_ends_by_itself(networks, house):
    """A vendor that is down is no business of its calendars' owners; a calendar that is closed is."""
    fake = getattr(networks, house)
    networks.hire("Ada", house, "python")
    networks.town.hire("Dan", skills=("python",))
    fake.faults.add(answer(503), times=None)
    during = networks.town.offer(networks.plan("python"), window=WINDOW)
    told_during = networks.town.post.subjects_to(ADA)

    fake.faults.clear()
    fake.no_access(ADA)
    networks.town.offer(networks.plan("python"), window=WINDOW)

    assert during["candidates"][0]["explanation"]["unreadable"][0]["reason"]
    assert told_during == []
    assert len(networks.town.post.subjects_to(ADA)) == 1


def test_a_link_that_google_makes_later_reaches_the_candidate(networks):
    """Case 47, through to the mailbox."""
    networks.google.conferences.after = 2
    networks.hire("Ada", "google", "python")
    booking = networks.booked("python", conference="google_meet")
    assert booking["sessions"][0]["conference_url"] is None

    networks.later(seconds=4)
    networks.later(seconds=4)

    link = networks.booking(booking)["sessions"][0]["conference_url"]
    assert link.startswith("https://meet.google.com/")
    confirmed = networks.town.post.mails[-1]
    assert link in confirmed.get_body(("plain",)).get_content()
    assert (
        runs.get(networks.town.parts, networks.town.organization_id, booking["run_id"])["contact"] == CONTACT
    )


def test_the_organisations_wish_reads_event_by_event(networks):
    organizations.update(
        networks.town.parts, networks.town.organization_id, {"calendars": {"detail": "events"}}
    )
    networks.hire("Ada", "google", "python")

    networks.town.offer(networks.plan("python"), window=WINDOW)

    assert [r.path for r in networks.google.requests if r.path.endswith("/freeBusy")] == []


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


def test_when_no_calendar_can_be_read_the_run_fails_and_says_so(networks):
    """Case 14: that is not the same as no times."""
    networks.hire("Ada", "google", "python")
    networks.hire("Cid", "microsoft", "python")
    networks.google.no_access(ADA)
    networks.microsoft.no_access("cid@acme.example")

    run = networks.town.offer(networks.plan("python"), window=WINDOW)

    assert run["status"] == "failed"
    assert "could be read" in str(run)
