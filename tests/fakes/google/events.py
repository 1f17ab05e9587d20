# SPDX-License-Identifier: Apache-2.0
"""Single events: insert, get, patch, update, delete."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from tests.fakes.google import discovery, views
from tests.fakes.google.bodies import READ_ONLY, check_new_id, merged, settled, without_nulls
from tests.fakes.google.calls import Call, calendar_of, check_role
from tests.fakes.google.conferences import Conferences
from tests.fakes.google.guests import SHARED, Guests
from tests.fakes.google.problems import Refusal, wrong
from tests.fakes.google.recurrence import exceptions, instance
from tests.fakes.google.store import Calendar, Entry, Fields, Role, Store
from tests.fakes.google.times import zone

#: what a PUT does not take away
KEPT = READ_ONLY | {"status", "sequence", "reminders", "conferenceData"}


class EventCalls:
    """Answers calls about single events. Used with the fake's lock held."""

    def __init__(
        self, store: Store, guests: Guests, conferences: Conferences, note: Callable[[str], None]
    ) -> None:
        """``note`` hears of what Google takes without a word although no client should send it."""
        self._store = store
        self._guests = guests
        self._conferences = conferences
        self._note = note

    def insert(self, call: Call) -> Fields:
        calendar, role = calendar_of(call, self._store)
        check_role(role, "writer")
        body = self._body(call)
        check_new_id(body)
        if body.get("attendees") and call.access.by_service_account:
            raise Refusal("forbiddenForServiceAccounts")
        if body.get("id") in calendar.entries:
            raise Refusal("duplicate")
        fields = {
            name: value
            for name, value in without_nulls(body).items()
            if name not in READ_ONLY - {"id", "iCalUID", "eventType"}
        }
        self._take_conference(call, fields, None)
        entry = self._store.new_entry(calendar.address, settled(fields, calendar, None))
        entry.fields["creator"] = {"email": call.access.subject}
        self._store.keep(entry)
        self._guests.follow(entry, None, self._send_updates(call))
        return self._seen(call, calendar, role, entry)

    def get(self, call: Call) -> Fields:
        calendar, role = calendar_of(call, self._store)
        entry = find(calendar, call.names["eventId"])
        if entry.organised_here:
            entry.fetched += 1
            if self._conferences.due(entry):
                before = deepcopy(entry.fields)
                self._conferences.decide(entry)
                self._store.keep(entry)
                self._guests.follow(entry, before, "none")
        return self._seen(call, calendar, role, entry)

    def patch(self, call: Call) -> Fields:
        return self._change(call, lambda entry, body: merged(entry.fields, body))

    def update(self, call: Call) -> Fields:
        """PUT: what is not sent is gone."""

        def replaced(entry: Entry, body: Fields) -> Fields:
            kept: Fields = {name: value for name, value in entry.fields.items() if name in KEPT}
            if call.number("conferenceDataVersion", 0) and "conferenceData" not in body:
                kept.pop("conferenceData", None)
            sent: Fields = without_nulls(body)
            return kept | sent

        return self._change(call, replaced)

    def delete(self, call: Call) -> None:
        calendar, role = calendar_of(call, self._store)
        check_role(role, "writer")
        entry = find(calendar, call.names["eventId"])
        if entry.cancelled:
            raise Refusal("deleted")
        self._check_match(call, entry)
        self.cancel(entry, self._send_updates(call))

    def cancel(self, entry: Entry, send_updates: str) -> None:
        """Take an event off a calendar; a guest who does that has declined."""
        before = deepcopy(entry.fields)
        if not entry.organised_here:
            self._answer_as_guest(entry, "declined")
        entry.fields["status"] = "cancelled"
        if entry.organised_here:
            entry.fields["sequence"] += 1
        self._store.keep(entry)
        for changed in exceptions(self._store.calendars[entry.calendar], entry.id):
            changed.fields["status"] = "cancelled"
            self._store.keep(changed)
        if entry.organised_here:
            self._guests.follow(entry, before, send_updates)

    def apply(self, entry: Entry, fields: Fields, send_updates: str) -> None:
        """Give the organiser's event new fields, and everybody who is concerned theirs."""
        before = deepcopy(entry.fields)
        entry.fields = fields
        self._store.keep(entry)
        self._guests.follow(entry, before, send_updates)

    def _change(self, call: Call, changed: Callable[[Entry, Fields], Fields]) -> Fields:
        calendar, role = calendar_of(call, self._store)
        check_role(role, "writer")
        entry = find(calendar, call.names["eventId"])
        if entry.cancelled:
            raise Refusal("forbidden")
        self._check_match(call, entry)
        body = {name: sent for name, sent in self._body(call).items() if name not in READ_ONLY}
        if not entry.organised_here:
            return self._change_as_guest(call, calendar, role, entry, body)
        self._take_conference(call, body, entry.fields.get("conferenceData"))
        fields = settled(deepcopy(changed(entry, body)), calendar, entry)
        if fields["status"] == "cancelled":
            self.cancel(entry, self._send_updates(call))
        else:
            self.apply(entry, fields, self._send_updates(call))
        return self._seen(call, calendar, role, entry)

    def _change_as_guest(
        self, call: Call, calendar: Calendar, role: Role, entry: Entry, body: Fields
    ) -> Fields:
        own = next((guest for guest in body.pop("attendees", ()) if _is(guest, calendar.address)), None)
        properties = body.get("extendedProperties") or {}
        if "shared" in properties or any(
            body[name] != entry.fields.get(name) for name in body if name in SHARED
        ):
            raise Refusal("forbiddenForNonOrganizer")
        entry.fields = merged(entry.fields, body)
        if own is not None and "responseStatus" in own:
            self._answer_as_guest(entry, own["responseStatus"])
        self._store.keep(entry)
        return self._seen(call, calendar, role, entry)

    def _answer_as_guest(self, entry: Entry, answer: str) -> None:
        try:
            organisers = self._store.organisers(entry.id)
            self._guests.respond(organisers, entry.calendar, answer)
        except LookupError:  # organised elsewhere, or already without this guest
            entry.fields["attendees"] = [
                guest | ({"responseStatus": answer} if _is(guest, entry.calendar) else {})
                for guest in entry.attendees
            ]

    def _body(self, call: Call) -> dict[str, Any]:
        body = call.body()
        for mismatch in discovery.mismatches("Event", without_nulls(body)):
            if not mismatch.endswith("does not exist."):
                raise wrong("invalid", mismatch)
            self._note(f"{call.method.id}: {mismatch}")
        return {name: sent for name, sent in body.items() if name in discovery.names("Event")}

    def _take_conference(self, call: Call, body: Fields, before: Fields | None) -> None:
        """Make of the body's conference what the calendar does; it is ignored without the version."""
        if not call.number("conferenceDataVersion", 0):
            if body.pop("conferenceData", None) or before:
                self._note(f"{call.method.id}: conferenceData is ignored without conferenceDataVersion=1.")
        elif body.get("conferenceData"):
            body["conferenceData"] = self._conferences.asked(body["conferenceData"], before)

    def _send_updates(self, call: Call) -> str:
        if call.parameter("sendNotifications") is not None:
            self._note(f"{call.method.id}: sendNotifications is deprecated.")
        return call.parameter("sendUpdates") or "none"

    def _check_match(self, call: Call, entry: Entry) -> None:
        expected = call.request.headers.get("if-match", "*")
        if expected not in {"*", entry.etag}:
            raise Refusal("conditionNotMet")

    def _seen(self, call: Call, calendar: Calendar, role: Role, entry: Entry) -> Fields:
        where = zone(call.parameter("timeZone") or calendar.time_zone)
        most = call.parameter("maxAttendees")
        return views.event(entry, role, where, most_guests=int(most) if most else None)


def find(calendar: Calendar, event_id: str) -> Entry:
    """The event or the instance of one. Refuses what never was."""
    entry = calendar.entries.get(event_id) or instance(calendar, event_id)
    if entry is None:
        raise Refusal("notFound")
    return entry


def _is(guest: Fields, address: str) -> bool:
    return bool(guest.get("email", "").lower() == address)
