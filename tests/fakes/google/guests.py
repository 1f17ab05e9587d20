# SPDX-License-Identifier: Apache-2.0
"""What an event means for its guests: copies on their calendars, answers, mails."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.fakes.google.store import Calendar, Entry, Fields, Store
from tests.fakes.wire import Mail

#: what every guest's copy has from the organiser's
SHARED = (
    *("id", "status", "summary", "description", "location", "start", "end", "recurrence", "attendees"),
    *("organizer", "creator", "iCalUID", "sequence", "conferenceData", "hangoutLink", "eventType", "created"),
    *("guestsCanInviteOthers", "guestsCanModify", "guestsCanSeeOtherGuests"),
    *("recurringEventId", "originalStartTime"),
)
#: what a copy begins with and its owner may change afterwards
OWN = ("transparency", "visibility")
#: what guests get a mail about
TOLD = ("status", "summary", "description", "location", "start", "end", "recurrence", "conferenceData")


class Guests:
    """Keeps copies, answers and mails in step with the organiser's event."""

    def __init__(self, store: Store, sent: list[Mail]) -> None:
        self._store = store
        self._sent = sent
        #: (calendar, event id) of invitations that calendars answer by themselves
        self._unanswered: list[tuple[str, str]] = []

    def follow(self, entry: Entry, before: Fields | None, send_updates: str) -> None:
        """The organiser's event has changed: bring every copy up to date and send the mails."""
        earlier = _addresses(before)
        if before is not None and any(before[name] != entry.fields[name] for name in ("start", "end")):
            self._ask_rooms_again(entry)
        for address in earlier - _addresses(entry.fields):
            self._withdraw(address, entry.id)
        for guest in entry.attendees:
            address = guest["email"].lower()
            if address in self._store.calendars and address != entry.calendar:
                self._refresh(address, entry)
        self._tell(entry, before, send_updates)

    def respond(self, entry: Entry, address: str, answer: str) -> None:
        """A guest answers. Raises LookupError when the address is no guest's."""
        if entry.attendee(address) is None:
            raise LookupError(f"{address} is no guest of {entry.id}.")
        entry.fields["attendees"] = [
            guest | ({"responseStatus": answer} if guest["email"].lower() == address else {})
            for guest in entry.attendees
        ]
        self._store.keep(entry)
        for calendar in self._store.calendars.values():
            copy = calendar.entries.get(entry.id)
            if copy is not None and copy is not entry and not copy.cancelled:
                copy.fields["attendees"] = deepcopy(entry.attendees)
                self._store.keep(copy)

    def answer_by_themselves(self) -> None:
        """Rooms answer what they were asked; people out of office decline."""
        unanswered, self._unanswered = self._unanswered, []
        for address, event_id in unanswered:
            calendar = self._store.calendars[address]
            copy = calendar.entries[event_id]
            answer = None if copy.cancelled or copy.own_answer() != "needsAction" else _own(calendar, copy)
            if answer is not None:
                self.respond(self._store.organisers(event_id), address, answer)

    def _refresh(self, address: str, entry: Entry) -> None:
        copy = self._store.calendars[address].entries.get(entry.id)
        if copy is None:
            copy = Entry(address, {name: entry.fields[name] for name in OWN if name in entry.fields})
            copy.fields["reminders"] = {"useDefault": True}
        elif copy.cancelled and copy.own_answer() == "declined":
            return  # the guest took it off the calendar
        for name in SHARED:
            copy.fields.pop(name, None)
            if name in entry.fields:
                copy.fields[name] = deepcopy(entry.fields[name])
        _share_properties(copy, entry)
        self._store.keep(copy)
        self._unanswered.append((address, entry.id))

    def _withdraw(self, address: str, event_id: str) -> None:
        calendar = self._store.calendars.get(address)
        copy = calendar.entries.get(event_id) if calendar else None
        if copy is not None and not copy.cancelled:
            copy.fields["status"] = "cancelled"
            self._store.keep(copy)

    def _ask_rooms_again(self, entry: Entry) -> None:
        for guest in entry.attendees:
            calendar = self._store.calendars.get(guest["email"].lower())
            if calendar is not None and calendar.is_room:
                guest["responseStatus"] = "needsAction"

    def _tell(self, entry: Entry, before: Fields | None, send_updates: str) -> None:
        earlier, now = _addresses(before), _addresses(entry.fields)
        cancelled = entry.cancelled
        told = before is None or any(before.get(name) != entry.fields.get(name) for name in TOLD)
        for address in sorted((earlier | now) - {entry.calendar}):
            if not self._gets_mail(address, send_updates):
                continue
            if address not in now or cancelled:
                kind: Any = "cancellation"
            else:
                kind = "update" if address in earlier else "invitation"
            if kind != "update" or told:
                self._sent.append(Mail(to=address, event_id=entry.id, kind=kind))

    def _gets_mail(self, address: str, send_updates: str) -> bool:
        calendar = self._store.calendars.get(address)
        if calendar is not None and calendar.is_room:
            return False
        return send_updates == "all" or (send_updates == "externalOnly" and calendar is None)


def _addresses(fields: Fields | None) -> set[str]:
    return {guest["email"].lower() for guest in (fields or {}).get("attendees", ())}


def _share_properties(copy: Entry, entry: Entry) -> None:
    """Shared properties go along, private ones stay where they are."""
    shared = entry.fields.get("extendedProperties", {}).get("shared")
    properties = dict(copy.fields.pop("extendedProperties", {}))
    properties.pop("shared", None)
    if shared:
        properties["shared"] = dict(shared)
    if properties:
        copy.fields["extendedProperties"] = properties


def _own(calendar: Calendar, copy: Entry) -> str | None:
    """What a calendar answers by itself; `None`: its owner has to."""
    start, end = calendar.span(copy)
    others = [
        entry
        for entry in calendar.live()
        if entry is not copy and calendar.span(entry)[0] < end and calendar.span(entry)[1] > start
    ]
    if calendar.is_room:
        taken = any(entry.own_answer() in {"accepted", None} for entry in others)
        return "declined" if calendar.answers == "accepted" and taken else calendar.answers
    return "declined" if any(_declines_others(entry) for entry in others) else None


def _declines_others(entry: Entry) -> bool:
    properties = entry.fields.get("outOfOfficeProperties") or entry.fields.get("focusTimeProperties") or {}
    return bool(properties.get("autoDeclineMode", "declineNone") != "declineNone")
