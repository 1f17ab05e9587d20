# SPDX-License-Identifier: Apache-2.0
"""Times on offer that are held in calendars at Google and Microsoft."""

from __future__ import annotations

import pytest

from scheduler.domain.intervals import parse_instant
from scheduler.services import organizations, picking, runs, syncing
from scheduler.services.picks import TakenWithOthers
from tests.fakes.faults import answer
from tests.services.networks import ADA, BOB, live
from tests.services.town import RECRUITER

#: two hours and a quarter of an hour: options overlap
WINDOW = {"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T12:15:00Z"}
HOUSES = pytest.mark.parametrize("house", ["google", "microsoft"])


@pytest.fixture
def panel(networks):
    """A plan of two people at one house that holds what it offers."""

    def made(house: str, **fields) -> dict:
        networks.hire("Ada", house, "python")
        networks.hire("Bob", house, "java")
        seats = [{"skill": "python"}, {"skill": "java"}]
        session = {"key": "talk", "title": "A talk", "minutes": 60, "seats": seats}
        return networks.town.plan(holds=True, sessions=[session], **fields)

    return made


def offered(networks, plan, **fields):
    """A run whose holds calendars show by now."""
    run = networks.town.offer(plan, window=WINDOW, **fields)
    networks.later(seconds=5)
    return run


def book(networks, run, option=0):
    chosen = run["candidates"][0]["options"][option]
    town = networks.town
    booking = picking.book(town.parts, town.organization_id, chosen["id"], actor=RECRUITER)
    networks.later(seconds=5)
    return networks.booking(booking)


def guests(event: dict) -> list[str]:
    return [guest.get("email") or guest["emailAddress"]["address"] for guest in event.get("attendees") or ()]


def mails(networks, house: str) -> list[tuple[str, str]]:
    """What the vendor has sent, and to whom."""
    return [(mail.kind, mail.to) for mail in getattr(networks, house).sent]


def tentative(event: dict) -> bool:
    return "tentative" in (event.get("status"), event.get("showAs"))


@HOUSES
def test_a_hold_has_no_guests_and_tells_nobody(networks, panel, house):
    """Cases 56 and 57: everybody who is held has an entry of their own instead."""
    offered(networks, panel(house), options=2)

    for address in (ADA, BOB):
        events = live(networks, house, address)
        assert [(tentative(event), guests(event)) for event in events] == [(True, [])] * 2
    assert mails(networks, house) == []


@HOUSES
def test_choosing_invites_once_and_takes_the_holds_out_in_silence(networks, panel, house):
    run = offered(networks, panel(house), options=3)

    book(networks, run)

    titles = {a: [e.get("summary") or e["subject"] for e in live(networks, house, a)] for a in (ADA, BOB)}
    assert titles == {ADA: ["A talk: Candy Ray"], BOB: ["A talk: Candy Ray"]}
    assert mails(networks, house) == [("invitation", BOB)]


@HOUSES
def test_ones_own_holds_are_not_busy_although_the_vendor_only_says_busy(networks, panel, house):
    """Case 30."""
    run = offered(networks, panel(house), options=6)

    booking = book(networks, run, option=3)

    assert booking["status"] == "confirmed"
    assert booking["start"] == run["candidates"][0]["options"][3]["start"]


@HOUSES
def test_a_meeting_of_their_own_over_a_hold_is_seen_all_the_same(networks, panel, house):
    run = offered(networks, panel(house), options=1)
    [option] = run["candidates"][0]["options"]
    fake = getattr(networks, house)
    fake.add_event(ADA, parse_instant(option["start"]), parse_instant(option["end"]))

    with pytest.raises(TakenWithOthers):
        book(networks, run)


@HOUSES
def test_others_are_kept_away_by_the_hold_and_by_nothing_that_it_leaves_behind(networks, panel, house):
    plan = panel(house)
    first = offered(networks, plan, options=9)
    dora = [{"name": "Dora", "email": "dora@example.net", "time_zone": "Europe/London"}]
    assert offered(networks, plan, options=9, candidates=dora)["candidates"][0]["options"] == []

    town = networks.town
    runs.cancel(town.parts, town.organization_id, first["id"], actor=RECRUITER)

    # The entries stand there still; they are known to be on their way out.
    run = town.offer(plan, window=WINDOW, options=9, candidates=dora)
    assert len(run["candidates"][0]["options"]) == len(first["candidates"][0]["options"])


@HOUSES
def test_what_is_held_can_be_booked_while_the_vendor_is_away(networks, panel, house):
    """What was read last knows holds from meetings, where bookings are made from that."""
    town = networks.town
    ours = town.parts, town.organization_id
    organizations.update(*ours, {"policies": {"provider_down": "book_pending"}})
    run = offered(networks, panel(house), options=2)
    town.clock.forward(minutes=11)
    syncing.refresh(*ours)
    getattr(networks, house).faults.add(answer(503), times=None)

    chosen = run["candidates"][0]["options"][1]
    booking = picking.book(*ours, chosen["id"], actor=RECRUITER)

    assert booking["start"] == chosen["start"]
