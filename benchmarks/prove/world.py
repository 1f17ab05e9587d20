# SPDX-License-Identifier: Apache-2.0
"""What is broken, by name: the oracle's promises, and what only the world outside the database can tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from benchmarks.prove.house import House
from calendars.google import ids
from calendars.microsoft import reading
from scheduler.services import feed, invariants
from scheduler.services.owing import NUDGES

UID = re.compile(rb"^UID:(\S+@convene)\r?$", re.MULTILINE)


def broken(house: House, acknowledged: Collection[str] = ()) -> list[str]:
    """The names of promises that do not hold, once nothing is owed any more. `acknowledged`: ids of bookings
    that somebody was told of.
    """
    asked = [breach.promise.name for breach in invariants.check_all(house.parts)]
    outside = [*_mail(house), *_calendars(house), *_of_vendors(house), *_web_hooks(house)]
    return sorted({*asked, *outside, *_acknowledged(house, acknowledged)})


def _acknowledged(house: House, ids: Collection[str]) -> list[str]:
    there = {id_ for (id_,) in house.ask("select id from bookings")}
    return [] if set(ids) <= there else ["answers_have_rows"]


def _mail(house: House) -> list[str]:
    """Every hand-over has its row, every row that says `sent` was handed over, and nudges once."""
    messages = {
        id_: (kind, status) for id_, kind, status in house.ask("select id, kind, status from messages")
    }
    taken = house.mailbox.times
    found = []
    if not taken.keys() <= messages.keys():
        found.append("every_mail_has_its_row")
    if {id_ for id_, (_, status) in messages.items() if status == "sent"} - taken.keys():
        found.append("sent_means_sent")
    if any(len(times) > 1 and messages.get(id_, ("",))[0] in NUDGES for id_, times in taken.items()):
        found.append("nudges_at_most_once")
    return found


def _web_hooks(house: House) -> list[str]:
    """Every event has reached the receiver at least once, as the feed tells it, and nothing else has."""
    found = ["web_hooks_are_signed"] if house.receiver.wrong else []
    for organization_id in house.organizations:
        told = {event["id"]: event for event in house.receiver.events(organization_id)}
        if told != {event["id"]: event for event in _feed(house, organization_id)}:
            found.append("events_reach_web_hooks")
    return found


def _feed(house: House, organization_id: str) -> Iterator[dict[str, Any]]:
    """All of an organisation's events, as others read them."""
    cursor = None
    while True:
        page = feed.find(house.parts, organization_id, limit=200, cursor=cursor)
        yield from ({key: event[key] for key in event if key != "cursor"} for event in page.data)
        cursor = page.next_cursor
        if cursor is None:
            return


def _calendars(house: House) -> list[str]:
    """Every calendar shows what is wanted there, once, and nothing else of ours."""
    wanted = Counter(house.ask("select calendar, uid from calendar_entries where wanted = 'present'"))
    shown = _in_files(house) + _at_vendors(house) + _at_the_caldav_server(house)
    return [] if shown == wanted else ["one_live_entry"]


def _in_files(house: House) -> Counter[tuple[str, str]]:
    return Counter(
        (path.stem, uid.decode())
        for path in house.calendars.glob("*.ics")
        for uid in UID.findall(path.read_bytes())
    )


def _at_vendors(house: House) -> Counter[tuple[str, str]]:
    return Counter(
        (address, (ids.uid_of(event["id"]) if name == "google" else reading.uid_of(event)) or "not ours")
        for name, vendor in house.vendors.items()
        for address in vendor.addresses
        for event in vendor.events(address)
    )


def _at_the_caldav_server(house: House) -> Counter[tuple[str, str]]:
    if "caldav" not in house.servers:
        return Counter()
    return Counter(
        (house.caldav.url_of(address), uid.decode())
        for address in house.caldav.addresses
        for event in house.caldav.events(address)
        for uid in UID.findall(event.encode()) or [b"not ours"]
    )


def _of_vendors(house: House) -> list[str]:
    """Nobody was asked what they do not allow."""
    wrong = [what for server in house.servers.values() for what in server.wrong]
    return [f"vendors_rules_are_kept ({'; '.join(wrong[:3])})"] if wrong else []
