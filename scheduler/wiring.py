# SPDX-License-Identifier: Apache-2.0
"""The one place that picks real parts."""

from __future__ import annotations

from calendars.ics import IcsFolder
from calendars.provider import Provider
from scheduler.db.session import Database
from scheduler.jobs.queue import Queue
from scheduler.messages.mailer import Mailer
from scheduler.messages.senders import make_sender
from scheduler.services.links import Links
from scheduler.services.parts import Parts
from scheduler.settings import Settings, make_now


def build(settings: Settings) -> Parts:
    """Everything a role works with. Opens nothing yet: connections are made when they are first used."""
    if settings.database_url is None:
        raise ValueError("the settings name no database yet")
    now = make_now(settings.clock_offset_seconds)
    sender = make_sender(settings.mail_url.reveal(), settings.data_dir)
    return Parts(
        database=Database(settings.database_url.reveal()),
        now=now,
        providers=providers(settings),
        mail=Mailer(sender, settings.mail_from),
        links=Links([key.reveal() for key in settings.secret_keys], settings.public_url),
        defer=Queue().defer,
        tick_seconds=settings.clock_tick_seconds,
    )


def providers(settings: Settings) -> dict[str, Provider]:
    """The calendars that the settings give access to, by name."""
    return {"ics": IcsFolder(settings.ics_dir, now=make_now(settings.clock_offset_seconds))}
