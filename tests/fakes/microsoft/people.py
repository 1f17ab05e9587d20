# SPDX-License-Identifier: Apache-2.0
"""What people do without the service: in Outlook, and in the admin centre."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Literal

from tests.fakes.microsoft.call import Tenant
from tests.fakes.microsoft.drafts import Draft, read_guests
from tests.fakes.microsoft.events import put, rewrite, take_away
from tests.fakes.microsoft.preferences import Preferences
from tests.fakes.microsoft.render import event
from tests.fakes.microsoft.schedule import usual_hours
from tests.fakes.microsoft.series import spread
from tests.fakes.microsoft.signin import SignIn
from tests.fakes.microsoft.store import Guest, Item, Mailbox
from tests.fakes.microsoft.subscriptions import Subscriptions
from tests.fakes.microsoft.times import When, windows_name

_ALL = Preferences(immutable_ids=True)
_NAMESPACE = uuid.UUID("1f0e3dad-9990-4c1b-a1ea-0d1d1d1d1d1d")
SUBJECT = "Confidential: reorganisation"
"""Of events whose owner says nothing else; it belongs into no log and no answer."""


class People:
    """The part of the fake that tests act through. Ids are accepted in either form and given as immutable."""

    tenant: Tenant
    sign_in: SignIn
    subscriptions: Subscriptions
    notify: bool
    _holding = False

    # Mailboxes

    @property
    def addresses(self) -> list[str]:
        """Whoever has a mailbox here."""
        with self.at_work():
            return [mailbox.address for mailbox in self.tenant.store.mailboxes()]

    def add_person(
        self,
        address: str,
        *,
        time_zone: str = "UTC",
        working_hours: dict[str, Any] | None = None,
        teams: bool = True,
    ) -> None:
        """
        A mailbox of the tenant. ``time_zone``: IANA.

        ``working_hours``: as getSchedule tells them, the usual ones when `None`, not at all when empty.
        """
        usual = usual_hours(windows_name(time_zone))
        self._add(
            address,
            time_zone=time_zone,
            working_hours=usual if working_hours is None else working_hours,
            teams=teams,
        )

    def add_room(
        self,
        address: str,
        *,
        answers: Literal["accepted", "declined"] | None = "accepted",
        time_zone: str = "UTC",
        capacity: int | None = None,
    ) -> None:
        """A room. One that accepts declines what overlaps with something it accepted."""
        self._add(
            address, time_zone=time_zone, working_hours=None, is_room=True, answers=answers, capacity=capacity
        )

    def _add(self, address: str, **facts: Any) -> None:
        user_id = str(uuid.uuid5(_NAMESPACE, address.lower()))
        with self.at_work():
            self.tenant.store.add_mailbox(Mailbox(address=address, user_id=user_id, **facts))

    def no_access(self, address: str, *, closed: bool = True) -> None:
        """The app may not open this mailbox, or may again: 403 ErrorAccessDenied."""
        self.tenant.store.known(address).closed = closed

    def forget_person(self, address: str) -> None:
        """The mailbox is no longer there: 404, and getSchedule cannot resolve it."""
        self.tenant.store.known(address).forgotten = True

    def user_id(self, address: str) -> str:
        """What the tenant knows the person by (`oid`)."""
        return self.tenant.store.known(address).user_id

    # Events

    def add_event(
        self,
        address: str,
        start: datetime | date,
        end: datetime | date,
        *,
        recurrence: dict[str, Any] | None = None,
        response: str | None = None,
        organizer: str = "somebody@elsewhere.example",
        cancelled: bool = False,
        time_zone: str | None = None,
        **vendor_fields: Any,
    ) -> str:
        """
        An event of the owner's own making, or, with ``response``, an invitation from another tenant.

        Two aware datetimes, or two dates for whole days of which the second is no longer part.
        ``response``: the owner's answer in Graph's words; ``time_zone``: a name as Graph has it.
        """
        mailbox = self.tenant.store.known(address)
        zone = time_zone or windows_name(mailbox.time_zone)
        draft = Draft.read(vendor_fields, present=When.given(start, end, zone))
        filled = Draft(
            fields={"subject": SUBJECT, **draft.fields},
            when=When.given(start, end, zone),
            guests=draft.guests,
            extended=draft.extended,
        )
        with self.at_work():
            item = put(self.tenant, mailbox, filled)
            item.cancelled = cancelled
            if response is not None:
                item.response, item.foreign = response, organizer
            if recurrence is not None:
                spread(self.tenant.store, item, recurrence)
        return item.immutable_id

    def delete_event(self, address: str, event_id: str) -> None:
        """The owner of the calendar deletes it there. An organiser's goes with cancellations."""
        with self.at_work():
            take_away(self.tenant, self._on(address, event_id))

    def move_event(self, address: str, event_id: str, start: datetime | date, end: datetime | date) -> None:
        """The organiser gives it another time; an event of a series becomes an exception."""
        item = self._on(address, event_id)
        assert item.original is None, "Only the organiser moves a meeting."
        assert item.kind != "seriesMaster", "Move one event of the series."
        with self.at_work():
            if item.kind == "occurrence":
                item.kind = "exception"
            rewrite(self.tenant, item, Draft(when=When.given(start, end, item.when.zone)))

    def move_to_folder(self, address: str, event_id: str) -> None:
        """The owner moves it to another folder: its default id changes."""
        with self.at_work():
            self.tenant.store.move_to_folder(self._on(address, event_id))

    def respond(self, attendee_address: str, event_id: str, answer: str) -> None:
        """An attendee answers: accepted, tentativelyAccepted or declined. ``event_id``: the organiser's."""
        meeting = self.tenant.store.find(event_id)
        assert meeting is not None, "There is no such event."
        with self.at_work():
            copy = meeting if meeting.foreign else meeting.copies.get(attendee_address.lower())
            if copy is not None:
                self.tenant.meetings.answer(copy, answer)
                return
            guest = next(
                guest for guest in meeting.guests if guest.address.lower() == attendee_address.lower()
            )
            guest.response, guest.answered_at = answer, self.tenant.store.now()
            self.tenant.store.touch(meeting)

    def add_guest(self, address: str, event_id: str, guest_address: str) -> None:
        """The organiser invites somebody else in Outlook."""
        item = self._on(address, event_id)
        guests = [*item.guests, *read_guests([{"emailAddress": {"address": guest_address}}])]
        with self.at_work():
            rewrite(self.tenant, item, Draft(guests=guests))

    def change_event(self, address: str, event_id: str, **vendor_fields: Any) -> None:
        """The organiser changes something else about it."""
        item = self._on(address, event_id)
        with self.at_work():
            rewrite(self.tenant, item, Draft.read(vendor_fields, present=item.when))

    def events(self, address: str) -> list[dict[str, Any]]:
        """What is live on the calendar, in UTC: no cancelled copies, the events of series one by one."""
        with self.at_work():
            return [
                event(item, _ALL, expand={name.lower() for name in item.extended})
                for item in self.tenant.store.known(address).items.values()
                if not item.cancelled and item.kind != "seriesMaster"
            ]

    def guests(self, event_id: str) -> list[Guest]:
        """The attendees of a meeting with their answers, by the organiser's id."""
        meeting = self.tenant.store.find(event_id)
        return list(meeting.guests) if meeting else []

    def _on(self, address: str, event_id: str) -> Item:
        item = self.tenant.store.find(event_id)
        mailbox = self.tenant.store.known(address)
        assert item is not None, "There is no such event."
        assert not item.gone, "The event is gone."
        assert item.mailbox is mailbox, "The event is on another calendar."
        return item

    # Time and trust

    def tick(self) -> None:
        """Rooms that wait (`rooms_answer_at_once`) answer."""
        with self.at_work():
            self.tenant.meetings.tick()

    def expire_tokens(self) -> None:
        """No access token works any more: 401."""
        with self.at_work():
            self.sign_in.expire_tokens()

    def revoke(self, address: str) -> None:
        """What this person granted is void, refresh tokens included."""
        with self.at_work():
            self.sign_in.revoke(self.tenant.store.known(address))

    def expire_sync_state(self) -> None:
        """Every delta link is too old: 410."""
        self.tenant.generation += 1

    # Push

    def send_lifecycle(self, subscription_id: str, event: str) -> None:
        """reauthorizationRequired, subscriptionRemoved or missed."""
        with self.at_work():
            self.subscriptions.send_lifecycle(subscription_id, event)

    @contextmanager
    def notifications_together(self) -> Iterator[None]:
        """What changes meanwhile is told in one request for each address, at the end."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
            with self.at_work():
                pass

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Hold the state; tell subscribers what has changed in the end."""
        with self.tenant.lock:
            try:
                yield
            finally:
                if not self._holding:
                    self.subscriptions.flush(deliver=self.notify)
