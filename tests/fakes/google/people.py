# SPDX-License-Identifier: Apache-2.0
"""What people do by hand, in Google's own pages."""

from __future__ import annotations

from copy import deepcopy
from threading import RLock
from typing import Any

from tests.fakes.google import views
from tests.fakes.google.channels import Channel, Channels
from tests.fakes.google.events import EventCalls, find
from tests.fakes.google.freebusy import FreeBusy
from tests.fakes.google.guests import Guests
from tests.fakes.google.store import Answers, Calendar, Entry, Role, Store
from tests.fakes.google.times import Moment, written


class People:
    """Mixed into the fake: sets up its domain and acts as the people in it. Addresses are lower case."""

    lock: RLock
    store: Store
    guests: Guests
    event_calls: EventCalls
    freebusy: FreeBusy
    channels: Channels
    answers_at_once: bool

    @property
    def addresses(self) -> list[str]:
        """Whoever has a calendar here."""
        with self.lock:
            return list(self.store.calendars)

    def add_person(self, address: str, *, time_zone: str = "UTC", working_hours: Any = None) -> None:
        with self.lock:
            self.store.add(Calendar(address, time_zone, working_hours))

    def add_room(self, address: str, *, answers: Answers | None = "accepted", time_zone: str = "UTC") -> None:
        """A room that accepts while it is free, declines everything, or never answers."""
        with self.lock:
            self.store.add(Calendar(address, time_zone, is_room=True, answers=answers))

    def add_group(self, address: str, members: list[str]) -> None:
        """A group whose free/busy can be asked for at once."""
        with self.lock:
            self.store.groups[address] = members

    def share(self, address: str, reader: str, role: Role) -> None:
        """Let somebody else see or write this calendar."""
        with self.lock:
            self.store.calendars[address].roles[reader] = role

    def forget_person(self, address: str) -> None:
        """The account is deleted, and its calendar with it."""
        with self.lock:
            del self.store.calendars[address]

    def no_access(self, address: str, *, refused: bool = True) -> None:
        """Nobody may read or write this calendar any more (or again, with ``refused=False``)."""
        with self.lock:
            self.store.calendars[address].closed = refused

    def freebusy_says(self, address: str, reason: str | None) -> None:
        """Answer for this calendar with an error of that reason; `None`: leave it out of the answer."""
        with self.lock:
            self.freebusy.instead[address] = reason

    def add_event(self, address: str, start: Moment, end: Moment, **vendor_fields: Any) -> str:
        """
        Put an event on somebody's own calendar; its id. Dates: all day, the last one excluded.

        With ``attendees`` they are invited. With an ``organizer`` from elsewhere it is an invitation.
        """
        with self.lock:
            zone = self.store.calendars[address].time_zone
            times = {"start": written(start, zone), "end": written(end, zone)}
            fields = times | deepcopy(vendor_fields)
            for guest in fields.get("attendees", ()):
                guest.setdefault("responseStatus", "needsAction")
            entry = self.store.new_entry(address, fields)
            self.store.keep(entry)
            if entry.organised_here:
                self._followed(entry, None)
            return entry.id

    def move_event(self, address: str, event_id: str, start: Moment, end: Moment) -> None:
        """Drag an event, or an instance of a series, to another time."""
        with self.lock:
            entry = find(self.store.calendars[address], event_id)
            zone = entry.fields["start"].get("timeZone", self.store.calendars[address].time_zone)
            self._changed(entry, {"start": written(start, zone), "end": written(end, zone)})

    def delete_event(self, address: str, event_id: str) -> None:
        """Bin an event; a guest who does that declines."""
        with self.lock:
            self.event_calls.cancel(find(self.store.calendars[address], event_id), "all")

    def change_event(self, address: str, event_id: str, **vendor_fields: Any) -> None:
        """Edit other fields of an event."""
        with self.lock:
            self._changed(find(self.store.calendars[address], event_id), vendor_fields)

    def add_guest(self, address: str, event_id: str, guest_address: str) -> None:
        with self.lock:
            entry = find(self.store.calendars[address], event_id)
            guest = {"email": guest_address, "responseStatus": "needsAction"}
            self._changed(entry, {"attendees": [*entry.attendees, guest]})

    def respond(self, attendee_address: str, event_id: str, answer: str) -> None:
        """A guest answers: accepted, declined, tentative. Raises LookupError when it is no guest."""
        with self.lock:
            self.guests.respond(self.store.organisers(event_id), attendee_address, answer)

    def events(self, address: str) -> list[dict[str, Any]]:
        """The live events of a calendar as its owner's client sees them; a series once."""
        with self.lock:
            calendar = self.store.calendars[address]
            return [deepcopy(views.event(entry, "owner", calendar.zone)) for entry in calendar.live()]

    def open_channels(self, address: str) -> list[Channel]:
        """The watch channels of a calendar that have not expired."""
        with self.lock:
            return self.channels.on(address)

    def push(self, address: str, times: int = 1) -> None:
        """Tell everybody who watches this calendar that it changed, so many times, although it did not."""
        with self.lock:
            for _ in range(times):
                self.channels.changed(address)

    def _changed(self, entry: Entry, fields: dict[str, Any]) -> None:
        before = deepcopy(entry.fields)
        sequence = before["sequence"] + (1 if {"start", "end"} & fields.keys() else 0)
        entry.fields = deepcopy(entry.fields) | deepcopy(fields) | {"sequence": sequence}
        self.store.keep(entry)
        self._followed(entry, before)

    def _followed(self, entry: Entry, before: dict[str, Any] | None) -> None:
        self.guests.follow(entry, before, "all")
        if self.answers_at_once:
            self.guests.answer_by_themselves()
