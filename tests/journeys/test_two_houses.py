# SPDX-License-Identifier: Apache-2.0
"""The demo organisation with half its people at Google and half at Microsoft, through the settings alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft
from tests.journeys.driver import Running, for_program, link_of
from tests.patience import PATIENCE, eventually

HOUSES = ("google", "microsoft")
ORGANIZERS = {"google": "interviews@northwind.example", "microsoft": "talks@northwind.example"}

#: when, and who else is on it
Shown = tuple[datetime, datetime, frozenset[str]]


@dataclass
class World:
    """Two vendors, and the demo organisation spread over them."""

    google: FakeGoogle
    microsoft: FakeMicrosoft
    address: str
    key: str

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = requests.request(
            method,
            f"{self.address}/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.key}", **headers},
            timeout=PATIENCE,
        )
        assert answer.status_code < 300, (answer.status_code, answer.text)
        return answer.json()

    def house(self, name: str) -> FakeGoogle | FakeMicrosoft:
        return self.google if name == "google" else self.microsoft

    def move_in(self) -> dict[str, dict[str, Any]]:
        """Everybody gets a mailbox at one of the two, and every room too; interviewers by id."""
        for name, address in ORGANIZERS.items():
            self.house(name).add_person(address)
        self.api("PATCH", "organization", {"organizers": ORGANIZERS})
        people = self.api("GET", "interviewers?limit=200")["data"]
        for number, person in enumerate(sorted(people, key=lambda person: person["name"])):
            self._give("interviewers", person, HOUSES[number % 2], room=False)
        for number, room in enumerate(self.api("GET", "rooms")["data"]):
            self._give("rooms", room, HOUSES[number % 2], room=True)
        return {p["id"]: p for p in self.api("GET", "interviewers?limit=200")["data"]}

    def _give(self, resource: str, owner: dict[str, Any], house: str, *, room: bool) -> None:
        address = owner["calendar"]["address"]
        if room:
            self.house(house).add_room(address, answers="accepted")
        else:
            self.house(house).add_person(address, time_zone=owner["time_zone"])
        change = {"calendar": {"provider": house, "address": address}}
        self.api("PATCH", f"{resource}/{owner['id']}", change)

    def booking(self, id_: str) -> dict[str, Any]:
        return self.api("GET", f"bookings/{id_}")

    def shown(self, house: str, address: str) -> list[Shown]:
        """The events that somebody sees who opens this calendar."""
        return sorted(_shown(house, event, address) for event in self.house(house).events(address))


def _shown(house: str, event: dict[str, Any], owner: str) -> Shown:
    if house == "google":
        start, end = (datetime.fromisoformat(event[name]["dateTime"]) for name in ("start", "end"))
        guests = {guest["email"] for guest in event.get("attendees", ())}
    else:
        start, end = (datetime.fromisoformat(event[name]["dateTime"]) for name in ("start", "end"))
        start, end = (moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in (start, end))
        guests = {guest["emailAddress"]["address"] for guest in event.get("attendees", ())}
    return start.astimezone(UTC), end.astimezone(UTC), frozenset(guests - {owner})


@pytest.fixture
def world(folder: Path, tmp_path: Path) -> Iterator[World]:
    with FakeGoogle() as google, FakeMicrosoft() as microsoft:
        account = tmp_path / "service-account.json"
        account.write_text(json.dumps(google.service_account()))
        demo = Running(
            folder,
            "demo",
            "--port",
            "0",
            DATA_DIR=str(folder),
            CLOCK_TICK_SECONDS="1",
            GOOGLE_SERVICE_ACCOUNT_FILE=str(account),
            GOOGLE_API_ENDPOINT=google.api_endpoint,
            MICROSOFT_TENANT_ID=microsoft.tenant_id,
            MICROSOFT_CLIENT_ID=microsoft.client_id,
            MICROSOFT_CLIENT_SECRET=microsoft.client_secret,
            MICROSOFT_AUTHORITY=microsoft.authority,
            MICROSOFT_GRAPH_ENDPOINT=microsoft.graph_endpoint,
        )
        try:
            address = demo.address()
            key = json.loads((folder / "demo.json").read_text())["key"]
            yield World(google, microsoft, address, key)
        finally:
            demo.stop()
        assert "Traceback" not in demo.log


def test_an_onsite_loop_over_two_houses_is_booked_and_cancelled(world: World) -> None:
    people = world.move_in()
    plan = next(p for p in world.api("GET", "plans")["data"] if len(p["sessions"]) == 4)
    run = _run(world, plan["id"])
    option = run["candidates"][0]["options"][0]
    answer = for_program(link_of(run), "/book", {"option": option["id"]})
    assert answer.status_code == 201, answer.text
    booking = _when_all_are(world, answer.json()["id"], "written")

    expected = _expected(world, booking, people)
    for (house, address), events in expected.items():
        assert world.shown(house, address) == sorted(events), (house, address)
    _nobody_is_invited_twice(world, booking, people)

    cancelled = for_program(link_of(run), "/cancel", {"reason": "I have taken another offer."})
    assert cancelled.status_code == 200, cancelled.text
    _when_all_are(world, booking["id"], "removed")
    assert [world.shown(house, address) for house, address in expected] == [[]] * len(expected)


def test_a_video_call_over_two_houses_has_one_link_and_everybody_has_it(world: World) -> None:
    people = world.move_in()
    by_house = {house: _first(people, house) for house in HOUSES}
    run, booking = _call(world, by_house)

    link = eventually(lambda: world.booking(booking["id"])["sessions"][0]["conference_url"], "a video link")
    [event] = world.google.events(by_house["google"]["calendar"]["address"])
    assert link in {point["uri"] for point in event["conferenceData"]["entryPoints"]}

    def elsewhere() -> bool:
        [other] = world.microsoft.events(by_house["microsoft"]["calendar"]["address"])
        return link in other["body"]["content"] and not other.get("isOnlineMeeting")

    eventually(elsewhere, "the link in the other house's event")
    assert for_program(link_of(run)).json()["booking"]["sessions"][0]["conference_url"] == link


def test_vendors_tell_what_somebody_deletes_by_hand_and_it_goes_to_a_person(world: World) -> None:
    """Cases 74 and 77 as well: the handshake while our call is open, and subscriptions that end early."""
    people = world.move_in()
    _, booking = _call(world, {house: _first(people, house) for house in HOUSES}, conference="none")
    eventually(lambda: _is_believed(world), "a channel at Google that we know")
    subscription = eventually(lambda: _renewed(world), "a subscription at Microsoft that we know")

    for house, organizer in ORGANIZERS.items():
        [event] = world.house(house).events(organizer)
        world.house(house).delete_event(organizer, event["id"])

    def told() -> bool:
        attention = world.booking(booking["id"])["attention"] or ""
        return all(
            f"was deleted from the calendar {address} by" in attention for address in ORGANIZERS.values()
        )

    eventually(told, "both in one booking's attention")
    world.microsoft.send_lifecycle(subscription, "subscriptionRemoved")
    eventually(lambda: set(world.microsoft.subscriptions.live) - {subscription}, "another subscription")


def _is_believed(world: World) -> bool:
    """Whether a notice of Google's is taken: its channel is there before its row is."""
    refused = len(world.google.courier.undelivered)
    world.google.push(ORGANIZERS["google"])
    world.google.courier.settle()
    channels = world.google.open_channels(ORGANIZERS["google"])
    return bool(channels) and len(world.google.courier.undelivered) == refused


def _renewed(world: World) -> str | None:
    """Microsoft's subscription, once it is renewed when it says that it has to be."""
    for subscription in world.microsoft.subscriptions.live:
        with suppress(KeyError):  # it has been ended meanwhile
            world.microsoft.send_lifecycle(subscription, "reauthorizationRequired")
        world.microsoft.courier.settle()
        if any(r.method == "PATCH" and r.path.endswith(subscription) for r in world.microsoft.requests):
            return subscription
    return None


def _call(
    world: World, by_house: dict[str, dict[str, Any]], **more: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A call of one interviewer of each house, booked: the run, and the booking."""
    seats = [{"interviewers": [person["id"]]} for person in by_house.values()]
    session = {"key": "call", "title": "Call", "minutes": 45, "seats": seats, **more}
    plan = world.api("POST", "plans", {"name": "A call", "sessions": [session]})
    run = _run(world, plan["id"])
    answer = for_program(link_of(run), "/book", {"option": run["candidates"][0]["options"][0]["id"]})
    return run, _when_all_are(world, answer.json()["id"], "written")


def _first(people: dict[str, Any], house: str) -> dict[str, Any]:
    return next(
        person
        for person in people.values()
        if person["calendar"]["provider"] == house and person["time_zone"] == "Europe/London"
    )


def _run(world: World, plan_id: str) -> dict[str, Any]:
    candidate = {"name": "Candy Doe", "email": "candy@candidate.example", "time_zone": "Europe/London"}
    run = world.api("POST", "runs", {"plan_id": plan_id, "candidates": [candidate]}, Prefer="wait=30")
    assert run["status"] == "finished", run
    assert run["candidates"][0]["status"] == "offered", run["candidates"][0]["explanation"]
    return run


def _when_all_are(world: World, booking_id: str, status: str) -> dict[str, Any]:
    """The booking, once the rows of all its events say so: they do after the vendor's answer."""

    def looked_at() -> dict[str, Any] | None:
        booking = world.booking(booking_id)
        states = {e["status"] for s in booking["sessions"] for e in s["calendar_events"]}
        return booking if states == {status} else None

    return eventually(looked_at, f"every event as {status}")


def _expected(
    world: World, booking: dict[str, Any], people: dict[str, Any]
) -> dict[tuple[str, str], list[Shown]]:
    """What each calendar should show: the organiser's every event, each guest's the one they are on."""
    rooms = {room["id"]: room for room in world.api("GET", "rooms")["data"]}
    calendars: dict[tuple[str, str], list[Shown]] = {
        (p["calendar"]["provider"], p["calendar"]["address"]): [] for p in [*people.values(), *rooms.values()]
    }
    calendars |= {(house, ORGANIZERS[house]): [] for house in HOUSES}
    for session in booking["sessions"]:
        owners = [people[person["id"]] for person in session["interviewers"]]
        owners += [rooms[session["room"]["id"]]] if session["room"] else []
        start, end = (datetime.fromisoformat(session[name]).astimezone(UTC) for name in ("start", "end"))
        for house in HOUSES:
            here = {o["calendar"]["address"] for o in owners if o["calendar"]["provider"] == house}
            if here:
                calendars[house, ORGANIZERS[house]].append((start, end, frozenset(here)))
            for address in here:
                calendars[house, address].append((start, end, frozenset(here - {address})))
    return calendars


def _nobody_is_invited_twice(world: World, booking: dict[str, Any], people: dict[str, Any]) -> None:
    """One invitation for each session somebody is on, from their own house, and none of it in our mail."""
    for house in HOUSES:
        sent = Counter(mail.to for mail in world.house(house).sent if mail.kind == "invitation")
        wanted = Counter(
            people[person["id"]]["calendar"]["address"]
            for session in booking["sessions"]
            for person in session["interviewers"]
            if people[person["id"]]["calendar"]["provider"] == house
        )
        assert {to: count for to, count in sent.items() if not to.startswith("room-")} == dict(wanted)
    messages = world.api("GET", f"messages?booking_id={booking['id']}&limit=200")["data"]
    assert {message["recipient_role"] for message in messages} <= {"candidate", "contact"}
