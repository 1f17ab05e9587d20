# SPDX-License-Identifier: Apache-2.0
"""A real Radicale on 127.0.0.1, with a calendar for each user."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import caldav
import radicale
import radicale.config
from werkzeug.serving import make_server as make_threaded

from calendars.caldav import CalDavAccount

PASSWORD = "radicale-password"


@dataclass
class Radicale:
    """What a calendar's owner can do there."""

    url: str
    broken: set[str]

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
            caldav.Calendar(client=client, url=f"{self.url}/{address}/calendar/").delete()

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
            calendar = caldav.Calendar(client=client, url=f"{self.url}/{address}/calendar/")
            calendar.save_event(f"{head}{event}END:VEVENT\r\nEND:VCALENDAR\r\n")

    def answer(self, address: str, name: str, answer: str) -> None:
        """Whoever owns the calendar answers the event with this name, where they have accepted before."""
        with self._client(address) as client:
            calendar = caldav.Calendar(client=client, url=f"{self.url}/{address}/calendar/")
            event = calendar.event_by_url(f"{calendar.url}{name}")
            event.data = event.data.replace("PARTSTAT=ACCEPTED", f"PARTSTAT={answer}")
            event.save()

    def _client(self, address: str) -> caldav.DAVClient:
        return caldav.DAVClient(self.url, username=address, password=PASSWORD)


@contextmanager
def running(folder: Path, *users: str) -> Iterator[Radicale]:
    """Starts and stops the server; these users may sign in."""
    passwords = folder / "users"
    passwords.write_text("".join(f"{user}:{PASSWORD}\n" for user in users))
    settings = radicale.config.load()
    settings.update(
        {
            "auth": {
                "type": "htpasswd",
                "htpasswd_filename": str(passwords),
                "htpasswd_encryption": "plain",
                "delay": "0",
            },
            "storage": {"filesystem_folder": str(folder / "collections")},
            "logging": {"level": "critical"},
        },
        "tests",
        privileged=True,
    )
    server = make_threaded("127.0.0.1", 0, radicale.Application(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Radicale(f"http://127.0.0.1:{server.server_port}", set())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
