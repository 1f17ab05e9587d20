# SPDX-License-Identifier: Apache-2.0
"""What a change of a meeting means to those who were invited: mails, copies, answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from tests.fakes.microsoft.store import Guest, Item, Store
from tests.fakes.wire import Mail

Kind = Literal["invitation", "update", "cancellation"]
SHARED = (
    *("subject", "body", "location", "locations", "sensitivity", "importance", "isOnlineMeeting"),
    *("onlineMeetingProvider", "responseRequested", "hideAttendees", "allowNewTimeProposals"),
)
"""What copies take over from the organiser."""


class Meetings:
    """Tells attendees of the tenant and of elsewhere; guarded by the fake's lock."""

    def __init__(self, store: Store, send: Callable[[Mail], None]) -> None:
        self._store = store
        self._send = send
        #: whether rooms answer at once, or at the next `tick`
        self.rooms_answer_at_once = True
        self._unanswered: list[Item] = []

    def invite(self, meeting: Item, guests: Iterable[Guest]) -> None:
        """They are new on the meeting."""
        for guest in guests:
            if guest.address.lower() != meeting.mailbox.address.lower():
                self._mail(meeting, guest, "invitation")
                self._copy(meeting, guest)

    def change(self, meeting: Item, guests: Iterable[Guest], *, moved: bool) -> None:
        """The meeting is another one now; when it was moved, every answer is void."""
        for guest in guests:
            if guest.address.lower() == meeting.mailbox.address.lower():
                continue
            if moved:
                guest.response, guest.answered_at = "none", None
            self._mail(meeting, guest, "update")
            copy = meeting.copies.get(guest.address.lower())
            if copy is None or copy.gone:
                self._copy(meeting, guest)
                continue
            self._take_over(copy)
            if moved:
                self._wait_for_answer(copy)
            self._store.touch(copy)
            if moved:
                self._let_room_answer(copy)

    def take_over(self, meeting: Item) -> None:
        """Copies follow a change that nobody is told of."""
        for copy in meeting.copies.values():
            if not copy.gone:
                self._take_over(copy)
                self._store.touch(copy)

    def uninvite(self, meeting: Item, guests: Iterable[Guest]) -> None:
        """They are no longer on the meeting, or it is off."""
        for guest in guests:
            if guest.address.lower() == meeting.mailbox.address.lower():
                continue
            self._mail(meeting, guest, "cancellation")
            copy = meeting.copies.pop(guest.address.lower(), None)
            if copy is not None and not copy.gone:
                self._call_off(copy)

    def cancel(self, meeting: Item) -> None:
        """It is off, and gone from the organiser's calendar."""
        self.uninvite(meeting, meeting.guests)
        self._store.drop(meeting)

    def answer(self, copy: Item, response: str) -> None:
        """The owner of a copy answers: accepted, tentativelyAccepted or declined."""
        assert not copy.is_organizers, "Only an invitation can be answered."
        meeting = copy.original
        copy.response, copy.answered_at = response, self._store.now()
        intended = meeting.fields["showAs"] if meeting else "busy"
        copy.fields["showAs"] = {"declined": "free", "accepted": intended}.get(response, "tentative")
        self._store.touch(copy)
        if copy.mailbox.is_room and response == "declined":
            self._store.drop(copy)
        if meeting is None or meeting.gone:
            return
        for guest in meeting.guests:
            if guest.address.lower() == copy.mailbox.address.lower():
                guest.response, guest.answered_at = response, copy.answered_at
        self._store.touch(meeting)

    def tick(self) -> None:
        """Rooms answer what they have not answered yet."""
        waiting, self._unanswered = self._unanswered, []
        for copy in waiting:
            self._answer_as_room(copy)

    def _mail(self, meeting: Item, guest: Guest, kind: Kind) -> None:
        mailbox = self._store.mailbox(guest.address)
        if mailbox is None or not mailbox.is_room:  # nobody reads a room's mail
            self._send(Mail(to=guest.address, event_id=meeting.immutable_id, kind=kind))

    def _copy(self, meeting: Item, guest: Guest) -> None:
        mailbox = self._store.mailbox(guest.address)
        if mailbox is None or mailbox.forgotten:
            return
        copy = self._store.make(mailbox, meeting.when, ical_uid=meeting.ical_uid, original=meeting)
        copy.fields = {**meeting.fields, "categories": []}
        self._take_over(copy)
        self._wait_for_answer(copy)
        meeting.copies[mailbox.address.lower()] = copy
        self._store.keep(copy)
        self._let_room_answer(copy)

    def _take_over(self, copy: Item) -> None:
        meeting = copy.original
        assert meeting is not None
        copy.when, copy.join_url = meeting.when, meeting.join_url
        copy.fields.update({name: meeting.fields[name] for name in SHARED if name in meeting.fields})

    def _wait_for_answer(self, copy: Item) -> None:
        assert copy.original is not None
        free = copy.original.fields["showAs"] == "free"
        copy.response, copy.answered_at = "notResponded", None
        copy.fields["showAs"] = "free" if free else "tentative"

    def _call_off(self, copy: Item) -> None:
        if copy.mailbox.is_room:
            self._store.drop(copy)
            return
        copy.cancelled = True
        copy.fields["showAs"] = "free"
        copy.fields["subject"] = "Canceled: " + copy.fields["subject"]
        self._store.touch(copy)

    def _let_room_answer(self, copy: Item) -> None:
        if self.rooms_answer_at_once:
            self._answer_as_room(copy)
        else:
            self._unanswered.append(copy)

    def _answer_as_room(self, copy: Item) -> None:
        answer = copy.mailbox.answers
        if answer is None or copy.gone or copy.response != "notResponded":
            return
        start, end = copy.when.instants()
        taken = any(
            other is not copy and other.blocks and other.fields["showAs"] == "busy"
            for other in copy.mailbox.items.values()
            if other.when.within(start, end)
        )
        self.answer(copy, "declined" if taken else answer)
