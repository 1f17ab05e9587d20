# SPDX-License-Identifier: Apache-2.0
"""
Look at everything the service leans on, and say in a line each whether it is well.

Nothing changes by that, but for a token that ends and is renewed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psycopg
import sqlalchemy as sa
from cryptography.fernet import Fernet

from calendars.errors import CalendarError, NotAllowed
from calendars.oauth import SignIn
from calendars.values import CalendarKey, Unreadable
from scheduler import wiring
from scheduler.db import rows, state
from scheduler.db.session import SERVICE_ROLE, Database
from scheduler.db.state import NotMigrated
from scheduler.messages.errors import SendError
from scheduler.messages.senders import make_sender
from scheduler.services import invariants, organizations
from scheduler.services.parts import Parts
from scheduler.services.promises import PROMISES
from scheduler.settings import Settings

VENDORS = {"google": "Google", "microsoft": "Microsoft"}
#: connections tried at once
AT_ONCE = 8
#: seconds by which this machine's clock may differ from the database's
CLOCK_TOLERANCE = 5


Look = Callable[[], str]


class Unwell(Exception):
    """Something is not as it should be."""


#: what a look may find
EXPECTED = (Unwell, CalendarError, SendError, NotMigrated, sa.exc.SQLAlchemyError, psycopg.OperationalError)


def run(settings: Settings) -> int:
    """Print the findings; 1 if any is bad."""
    worst = 0
    for name, look in _looks(settings):
        try:
            print(f"ok      {name}: {look()}")
        except EXPECTED as error:
            print(f"FAILED  {name}: {' '.join(str(getattr(error, 'orig', None) or error).split())}")
            worst = 1
    return worst


def promises(settings: Settings) -> int:
    """Ask for every organisation whether the promises hold; a line each, 1 if any is broken.

    Raises NotMigrated.
    """
    parts = wiring.build(settings)
    state.check(parts.database.url)
    broken: dict[str, list[str]] = {}
    for breach in invariants.check_all(parts):
        where = f"{', '.join(breach.ids)} of {breach.organization_id}"
        broken.setdefault(breach.promise.name, []).append(where)
    for promise in PROMISES:
        if promise.name in broken:
            print(f"FAILED  {promise.name}: {promise.sentence} Not so: {'; '.join(broken[promise.name])}")
        else:
            print(f"ok      {promise.name}: {promise.sentence}")
    return 1 if broken else 0


def _looks(settings: Settings) -> Iterator[tuple[str, Look]]:
    parts = wiring.build(settings, only_looks=True)
    asking = _asking(parts.database)
    yield "database", lambda: _database(parts.database)
    yield "role", asking(lambda: _role(parts.database))
    for name, provider in parts.providers.items():
        yield f"calendars ({name})", provider.probe
    for name, title in VENDORS.items():
        if name in parts.for_everybody:
            yield f"calendars ({name})", asking(lambda name=name: _vendor(parts, name))  # type: ignore[misc]
        if name in parts.sign_ins:
            yield f"sign-in ({name})", lambda name=name, title=title: sign_in(parts.sign_ins[name], title)  # type: ignore[misc]
    yield "connections", asking(lambda: connected(parts))
    yield "mail", make_sender(settings.mail_url.reveal(), settings.data_dir).probe
    yield "keys", lambda: _keys(settings)
    yield "promises", asking(lambda: _promises(parts))
    yield "clock", asking(lambda: _clock(parts.database, settings))


def _asking(database: Database) -> Callable[[Look], Look]:
    """Turns looks that ask the database into ones that wait where it is not at hand: what to do about it is
    said once.
    """
    try:
        state.check(database.url)
    except (NotMigrated, psycopg.OperationalError):
        return lambda _look: _has_to_wait
    return lambda look: look


def _has_to_wait() -> str:
    raise Unwell("has to wait for the database")


def _vendor(parts: Parts, name: str) -> str:
    """Try the access of the whole organisation on a calendar it is there for."""
    everybody = organizations.every(parts)
    for organization_id in everybody:
        address = _a_calendar(parts.database, organization_id, name)
        if address is not None:
            return parts.granted(organization_id)[name].probe(address)
    if everybody:
        return parts.granted(everybody[0])[name].probe()
    return "set up; there is no organisation to try it for"


def _a_calendar(database: Database, organization_id: str, name: str) -> str | None:
    """The organiser's, else that of somebody who has not connected their own."""
    with database.transaction(organization_id) as session:
        organization = session.get_one(rows.Organization, organization_id)
        if (organization.organizers or {}).get(name):
            return str(organization.organizers[name])
        connected = sa.select(rows.Connection.address).where(rows.Connection.provider == name)
        address = rows.Interviewer.calendar["address"].astext
        found: str | None = session.scalar(
            sa.select(address)
            .where(
                rows.Interviewer.calendar["provider"].astext == name,
                rows.Interviewer.active,
                address.not_in(connected),
            )
            .order_by(rows.Interviewer.created_at)
            .limit(1)
        )
        return found


def sign_in(way: SignIn, title: str) -> str:
    """Whether the vendor takes this service for who it says it is: a grant that is none has to be refused."""
    with suppress(NotAllowed):
        way.refresh("none", now=datetime.now(UTC))
    return f"people can connect their {title} calendars"


def connected(parts: Parts) -> str:
    """Try every connection there is."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda one: _trouble(parts, *one), _connections(parts)))
    troubles = Counter(trouble for trouble in found if trouble is not None)
    if troubles:
        told = " ".join(f"{times} of them: {trouble}" for trouble, times in sorted(troubles.items()))
        raise Unwell(f"{len(found)} connected, {troubles.total()} do not work. {told}")
    return f"{len(found)} connected"


def _connections(parts: Parts) -> list[tuple[str, str, str]]:
    """Organisation, provider and address of each."""
    found: list[tuple[str, str, str]] = []
    for organization_id in organizations.every(parts):
        with parts.database.transaction(organization_id) as session:
            query = sa.select(rows.Connection.provider, rows.Connection.address)
            found += [(organization_id, provider, address) for provider, address in session.execute(query)]
    return found


def _trouble(parts: Parts, organization_id: str, provider: str, address: str) -> str | None:
    """Why this connection does not work; none of the sentences says whose it is."""
    try:
        granted = parts.granted(organization_id).get(provider)
        if granted is None:
            return f"The settings no longer open {provider} calendars."
        (reading,) = granted.read_busy([CalendarKey(address, "UTC")], *_an_hour()).values()
    except CalendarError as error:
        return str(error)
    return reading.reason if isinstance(reading, Unreadable) else None


def _an_hour() -> tuple[datetime, datetime]:
    now = datetime.now(UTC).replace(microsecond=0)
    return now, now + timedelta(hours=1)


def _promises(parts: Parts) -> str:
    """What the clock's looks have found, without looking again."""
    broken = invariants.still_open(parts)
    if broken:
        raise Unwell(
            f"broken at the last look: {', '.join(broken)}; --invariants looks again, and says where"
        )
    return "none was broken at the last look"


def _database(database: Database) -> str:
    state.check(database.url)
    with database.lookup() as session:
        version = session.scalar(sa.text("show server_version"))
    return f"PostgreSQL {version}, newest schema"


def _role(database: Database) -> str:
    with database.lookup() as session:
        role, powerful, owned = session.execute(
            sa.text(
                "select current_user, r.rolsuper or r.rolbypassrls,"
                " (select count(*) from pg_class c where c.relowner = r.oid)"
                " from pg_roles r where r.rolname = current_user"
            )
        ).one()
    if role != SERVICE_ROLE or powerful or owned:
        raise Unwell(f"acts as {role}, which may do more than the service needs")
    return f"acts as {role}, which owns nothing"


def _keys(settings: Settings) -> str:
    for position, key in enumerate(settings.secret_keys, start=1):
        try:
            Fernet(key.reveal())
        except ValueError as error:
            raise Unwell(f"key {position} of SECRET_KEYS is not a Fernet key") from error
    return f"{len(settings.secret_keys)} in use"


def _clock(database: Database, settings: Settings) -> str:
    with database.lookup() as session:
        there: datetime = session.scalars(sa.select(sa.func.clock_timestamp())).one()
    apart = abs((datetime.now(UTC) - there).total_seconds())
    if apart > CLOCK_TOLERANCE:
        raise Unwell(f"this machine and the database are {apart:.0f} s apart")
    shifted = f", shifted by {settings.clock_offset_seconds:g} s" if settings.clock_offset_seconds else ""
    return f"agrees with the database within {CLOCK_TOLERANCE} s{shifted}"
