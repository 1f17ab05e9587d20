# SPDX-License-Identifier: Apache-2.0
"""The one place that picks real parts."""

from __future__ import annotations

from urllib.parse import urlsplit

from calendars.ics import IcsFolder
from calendars.provider import Provider
from scheduler.access import Granted, SignIns, try_account
from scheduler.db.session import Database
from scheduler.domain.hosts import is_loopback
from scheduler.jobs.queue import Queue
from scheduler.messages.mailer import Mailer
from scheduler.messages.senders import make_sender
from scheduler.points import kill_at, pass_by
from scheduler.services.links import Links
from scheduler.services.parts import Parts
from scheduler.services.sealing import Sealing
from scheduler.settings import Settings, make_now
from scheduler.webhooks.post import HttpPost


def build(settings: Settings, *, only_looks: bool = False) -> Parts:
    """Everything a role works with. Opens nothing yet: connections are made when they are first used."""
    if settings.database_url is None:
        raise ValueError("the settings name no database yet")
    now = make_now(settings.clock_offset_seconds)
    sender = make_sender(settings.mail_url.reveal(), settings.data_dir)
    granted = Granted(settings)
    keys = [key.reveal() for key in settings.secret_keys]
    parts = Parts(
        database=Database(settings.database_url.reveal()),
        now=now,
        providers=providers(settings),
        mail=Mailer(sender, settings.mail_from),
        links=Links(keys, settings.public_url),
        defer=Queue().defer,
        granted=granted,
        for_everybody=granted.for_everybody,
        sign_ins=SignIns(settings),
        try_account=try_account,
        sealing=Sealing(keys),
        # A service that nobody outside this machine reaches may talk to others on it.
        post=HttpPost(local=is_loopback(urlsplit(settings.public_url).hostname or "")),
        only_looks=only_looks,
        hook_url=_hook_url(settings),
        tick_seconds=settings.clock_tick_seconds,
        reach=kill_at(settings.kill_at) if settings.kill_at else pass_by,
    )
    granted.parts = parts
    return parts


def _hook_url(settings: Settings) -> str | None:
    """Providers tell of changes over HTTPS alone; one that is rehearsed on this machine may do without."""
    endpoints = (settings.google_api_endpoint, settings.microsoft_graph_endpoint)
    rehearsed = any(urlsplit(endpoint).scheme == "http" for endpoint in endpoints)
    if settings.public_url.startswith("https://") or rehearsed:
        return f"{settings.public_url}/hooks"
    return None


def providers(settings: Settings) -> dict[str, Provider]:
    """The calendars that the settings give access to, by name."""
    return {"ics": IcsFolder(settings.ics_dir, now=make_now(settings.clock_offset_seconds))}
