# SPDX-License-Identifier: Apache-2.0
"""A real Radicale on 127.0.0.1, with a calendar for each user; `faults` befall it as they do the fakes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import caldav
import radicale
import radicale.config
from werkzeug.test import Client

from calendars.caldav import CalDavAccount
from tests.fakes.server import FakeServer
from tests.fakes.wire import Answer, Recorded

PASSWORD = "radicale-password"


class Radicale(FakeServer):
    """What a calendar's owner can do there. These users may sign in; what is theirs is kept in the folder."""

    def __init__(self, folder: Path, *users: str) -> None:
        super().__init__()
        #: of whoever may sign in
        self.addresses: list[str] = []
        #: who gives a wrong password
        self.broken: set[str] = set()
        (folder / "collections" / "collection-root").mkdir(parents=True)
        self._passwords = folder / "users"
        self._add_users(*users)
        logging.getLogger("radicale").setLevel(logging.CRITICAL)  # what it refuses, its client tells
        settings = radicale.config.load()
        settings.update(
            {
                "auth": {
                    "type": "htpasswd",
                    "htpasswd_filename": str(self._passwords),
                    "htpasswd_encryption": "plain",
                    "delay": "0",
                },
                "storage": {"filesystem_folder": str(folder / "collections"), "_filesystem_fsync": "False"},
            },
            "tests",
            privileged=True,
        )
        self._application = Client(radicale.Application(settings), use_cookies=False)

    def answer(self, request: Recorded) -> Answer:
        given = self._application.open(
            request.target, method=request.method, headers=request.headers, data=request.body
        )
        headers = {name: value for name, value in given.headers.items() if name != "Content-Length"}
        return Answer(given.status_code, given.data, headers)

    def _add_users(self, *users: str) -> None:
        self.addresses += users
        self._passwords.write_text("".join(f"{user}:{PASSWORD}\n" for user in self.addresses))

    def add_person(self, address: str) -> None:
        """Somebody who may sign in from now on, with an empty calendar."""
        self._add_users(address)
        self.add_calendar(address)

    def account(self, address: str) -> CalDavAccount | None:
        password = "wrong" if address in self.broken else PASSWORD
        return CalDavAccount(url=f"{self.url}/{address}/calendar/", username=address, password=password)

    def add_calendar(self, address: str, name: str = "calendar") -> None:
        with self._client(address) as client:
            home = client.principal()
            if name not in {str(c.url).rstrip("/").rpartition("/")[2] for c in home.calendars()}:
                home.make_calendar(cal_id=name)

    def url_of(self, address: str, name: str = "calendar") -> str:
        return f"{self.url}/{address}/{name}/"

    def remove_calendar(self, address: str) -> None:
        with self._client(address) as client:
            caldav.Calendar(client=client, url=self.url_of(address)).delete()

    def add_busy(self, address: str, start: datetime, end: datetime) -> None:
        self.add_calendar(address)
        times = f"DTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDTEND:{end:%Y%m%dT%H%M%SZ}\r\n"
        self.put(address, f"UID:theirs\r\nDTSTAMP:20260101T000000Z\r\n{times}SUMMARY:Dentist\r\n")

    def add_day(self, address: str, day: date) -> None:
        self.add_calendar(address)
        self.put(address, f"UID:day\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:{day:%Y%m%d}\r\n")

    def put(self, address: str, event: str) -> None:
        head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\n"
        with self._client(address) as client:
            calendar = caldav.Calendar(client=client, url=self.url_of(address))
            calendar.save_event(f"{head}{event}END:VEVENT\r\nEND:VCALENDAR\r\n")

    def events(self, address: str) -> list[str]:
        """What stands in somebody's calendar, an object each."""
        with self._client(address) as client:
            calendar = caldav.Calendar(client=client, url=self.url_of(address))
            return [event.data for event in calendar.events()]

    def respond(self, address: str, name: str, answer: str) -> None:
        """Whoever owns the calendar answers the event with this name, where they have accepted before."""
        with self._client(address) as client:
            calendar = caldav.Calendar(client=client, url=self.url_of(address))
            event = calendar.event_by_url(f"{calendar.url}{name}")
            event.data = event.data.replace("PARTSTAT=ACCEPTED", f"PARTSTAT={answer}")
            event.save()

    def _client(self, address: str) -> caldav.DAVClient:
        return caldav.DAVClient(self.url, username=address, password=PASSWORD)


@contextmanager
def running(folder: Path, *users: str) -> Iterator[Radicale]:
    """Starts and stops the server."""
    with Radicale(folder, *users) as server:
        yield server
