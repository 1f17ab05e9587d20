# SPDX-License-Identifier: Apache-2.0
"""The mailboxes of a tenant and what is in their calendars."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from tests.fakes.microsoft.errors import not_found
from tests.fakes.microsoft.times import When

Change = Literal["created", "updated", "deleted"]


@dataclass(eq=False, kw_only=True)
class Mailbox:
    """A person or a room."""

    address: str
    user_id: str
    #: IANA
    time_zone: str
    #: as getSchedule tells them; `None`: not at all
    working_hours: dict[str, Any] | None
    is_room: bool = False
    #: how a room answers by itself
    answers: str | None = None
    capacity: int | None = None
    #: whether meetings may be held in Teams
    teams: bool = True
    #: whether the app may open it
    closed: bool = False
    #: whether there is no mailbox any more
    forgotten: bool = False
    items: dict[int, Item] = field(default_factory=dict)
    #: every change, oldest first, for sync
    log: list[Item] = field(default_factory=list)

    @property
    def calendar_id(self) -> str:
        return "AAMkCalendar" + self.user_id.replace("-", "") + "="


@dataclass(eq=False, kw_only=True)
class Guest:
    """An attendee, as on the organiser's calendar."""

    address: str
    name: str
    type: str = "required"
    response: str = "none"
    answered_at: datetime | None = None

    def document(self, *, private: bool = False) -> dict[str, Any]:
        """``private``: without the answer, which only the organiser sees."""
        answered = None if private else self.answered_at
        return {
            "type": self.type,
            "status": {
                "response": "none" if private else self.response,
                "time": f"{answered:%Y-%m-%dT%H:%M:%S}Z" if answered else "0001-01-01T00:00:00Z",
            },
            "emailAddress": {"name": self.name, "address": self.address},
        }


@dataclass(eq=False, kw_only=True)
class Item:
    """An event on one calendar: an appointment, a meeting, or an attendee's copy of one."""

    number: int
    mailbox: Mailbox
    ical_uid: str
    when: When
    created: datetime
    modified: datetime
    #: what the vendor keeps as it was given
    fields: dict[str, Any] = field(default_factory=dict)
    guests: list[Guest] = field(default_factory=list)
    extended: dict[str, str] = field(default_factory=dict)
    #: of a copy: the meeting on the organiser's calendar
    original: Item | None = None
    #: of an invitation from another tenant: its organiser
    foreign: str | None = None
    copies: dict[str, Item] = field(default_factory=dict)
    response: str = "organizer"
    answered_at: datetime | None = None
    cancelled: bool = False
    gone: bool = False
    folder: int = 0
    version: int = 1
    #: the Teams meeting, once it was made
    join_url: str | None = None
    kind: str = "singleInstance"
    series: Item | None = None
    original_start: datetime | None = None

    @property
    def immutable_id(self) -> str:
        return f"AAkALgAA/{_letters(self.number // 2, 'for good')}+{_twins(self.number)}="

    @property
    def default_id(self) -> str:
        """Changes when the event is moved to another folder."""
        return f"AAMkADVm+{_letters(self.number // 2, f'in {self.folder}')}/{_twins(self.number)}=="

    @property
    def change_key(self) -> str:
        return base64.b64encode(f"{self.number:06}/{self.version:06}".encode()).decode()

    @property
    def etag(self) -> str:
        return f'W/"{self.change_key}"'

    @property
    def is_organizers(self) -> bool:
        """Whether this is the organiser's own, as against somebody's invitation to it."""
        return self.original is None and self.foreign is None

    @property
    def blocks(self) -> bool:
        """Whether it takes part in free and busy."""
        return not (self.gone or self.cancelled or self.response == "declined" or self.kind == "seriesMaster")


def _letters(number: int, salt: str) -> str:
    digest = hashlib.sha256(f"{number} {salt}".encode()).digest()
    return base64.b64encode(digest, altchars=b"Zz").decode().rstrip("=")


def _twins(number: int) -> str:
    """Ends that only differ in case: ids are case-sensitive."""
    return "AAbB" if number % 2 else "AAbb"


class Store:
    """Everything kept. Guarded by the fake's lock."""

    def __init__(self, now: Callable[[], datetime], changed: Callable[[Item, Change], None]) -> None:
        self.now = now
        self._changed = changed
        self._mailboxes: dict[str, Mailbox] = {}
        self._items: dict[str, Item] = {}
        self._by_property: dict[tuple[int, str, str], dict[int, Item]] = {}
        self._count = 0
        #: (mailbox, transactionId) → what was made, and of what
        self.transactions: dict[tuple[str, str], tuple[Item, Any]] = {}

    # Mailboxes

    def add_mailbox(self, mailbox: Mailbox) -> Mailbox:
        self._mailboxes[mailbox.address.lower()] = mailbox
        self._mailboxes[mailbox.user_id] = mailbox
        return mailbox

    def mailbox(self, name: str) -> Mailbox | None:
        """By address or by the user's id."""
        return self._mailboxes.get(name.lower())

    def known(self, address: str) -> Mailbox:
        """For tests: the mailbox that was added with this address."""
        found = self.mailbox(address)
        assert found is not None, f"There is no mailbox {address}."
        return found

    def mailboxes(self) -> Iterator[Mailbox]:
        return iter({mailbox.user_id: mailbox for mailbox in self._mailboxes.values()}.values())

    # Items

    def make(self, mailbox: Mailbox, when: When, **fields: Any) -> Item:
        """A new item that nobody knows of until `keep`."""
        self._count += 1
        now = self.now()
        unique = uuid.uuid5(uuid.NAMESPACE_OID, str(self._count)).hex.upper()
        fields.setdefault("ical_uid", f"040000008200E00074C5B7101A82E00800000000{unique}")
        return Item(
            number=self._count,
            mailbox=mailbox,
            when=when,
            created=now,
            modified=now,
            **fields,
        )

    def keep(self, item: Item) -> None:
        item.mailbox.items[item.number] = item
        self._items[item.immutable_id] = self._items[item.default_id] = item
        self._index(item)
        self._note(item, "created")

    def touch(self, item: Item) -> None:
        """It has changed: a new version."""
        item.version += 1
        item.modified = self.now()
        self._note(item, "updated")

    def drop(self, item: Item) -> None:
        """It is no longer on the calendar."""
        item.gone = True
        item.version += 1
        del item.mailbox.items[item.number]
        self._unindex(item)
        self._note(item, "deleted")

    def move_to_folder(self, item: Item) -> None:
        """Its default id changes, nothing else does."""
        del self._items[item.default_id]
        item.folder += 1
        self._items[item.default_id] = item
        self.touch(item)

    def set_extended(self, item: Item, values: dict[str, str]) -> None:
        kept = item.number in item.mailbox.items
        if kept:
            self._unindex(item)
        item.extended.update(values)
        if kept:
            self._index(item)

    def find(self, item_id: str) -> Item | None:
        """By either id, on whatever calendar, gone or not."""
        return self._items.get(item_id)

    def item(self, mailbox: Mailbox, item_id: str) -> Item:
        """Raises GraphError when it is not on this calendar (any more)."""
        found = self._items.get(item_id)
        if found is None or found.gone or found.mailbox is not mailbox:
            raise not_found()
        return found

    def with_property(self, mailbox: Mailbox, name: str, value: str) -> list[Item]:
        """The items with this value of an extended property. ``name`` in lower case."""
        return list(self._by_property.get((id(mailbox), name, value), {}).values())

    def _index(self, item: Item) -> None:
        for name, value in item.extended.items():
            key = (id(item.mailbox), name.lower(), value)
            self._by_property.setdefault(key, {})[item.number] = item

    def _unindex(self, item: Item) -> None:
        for name, value in item.extended.items():
            self._by_property[id(item.mailbox), name.lower(), value].pop(item.number, None)

    def _note(self, item: Item, change: Change) -> None:
        item.mailbox.log.append(item)
        self._changed(item, change)
