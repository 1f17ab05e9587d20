# SPDX-License-Identifier: Apache-2.0
"""Connections: what people granted so that we may read and write their calendars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calendars.errors import CalendarError, NotAllowed, TryLater, WrongPassword
from calendars.oauth import SignIn, Tokens
from scheduler.db import rows
from scheduler.domain.errors import Conflict, Invalid, NotFound, Unavailable
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import format_instant, parse_instant
from scheduler.services import catalogue, events, organizations, owing
from scheduler.services.parts import SYSTEM, Parts
from scheduler.services.sealing import Sealing, Unopened

#: how long a person may take to follow the link they were sent
TICKET_LIFE = timedelta(days=7)
#: an access token with less left than this is renewed first
MARGIN = timedelta(minutes=5)
PURPOSE = "connect"
#: which of an interviewer's calendars: `provider`, `address`, both, or the main one
Which = Mapping[str, str]
MAIN: Which = MappingProxyType({})
NO_KEY = (
    "SECRET_KEYS lacks the key that what was granted is sealed with; it opens again when the key is back."
)
#: seconds in which a missing key may come back, with a restart
KEY_WAIT = 60.0
TITLES = {"google": "Google", "microsoft": "Microsoft"}
SETTINGS = {
    "google": "GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET",
    "microsoft": "MICROSOFT_TENANT_ID, MICROSOFT_CLIENT_ID and MICROSOFT_CLIENT_SECRET",
}
WHAT_TO_DO = {
    "connected": "Nothing.",
    "organization": "Nothing, if the organisation's access opens this calendar: the first look tells.",
    "read": "Nothing: the organisation's access opens this calendar.",
    "closed": "The organisation's access does not open this calendar; the reason says why. Mend that, or ask "
    "for a link with POST on this address and send it to the calendar's owner.",
    "broken": "Ask for a link with POST on this address and send it to the calendar's owner.",
    "not_connected": "Ask for a link with POST on this address and send it to the calendar's owner.",
    "no_account": "Give the account with PUT on this address.",
    "not_needed": "Nothing: this calendar needs no connection.",
}
#: the codes of what an organisation's access does not open
CLOSED = frozenset(
    (
        "delegation_missing",
        "no_answer",
        "no_mailbox",
        "no_such_person",
        "not_connected",
        "not_found",
        "not_permitted",
        "not_shown",
        "refused",
        "sign_in_failed",
    )
)


# What a recruiter sees and does


def status(parts: Parts, organization_id: str, interviewer_id: str, which: Which = MAIN) -> dict[str, Any]:
    """Whether an interviewer's calendar can be used, and what to do when not."""
    with parts.database.transaction(organization_id) as session:
        provider, address = _calendar(session, interviewer_id, which)
        row = _row(session, provider, address)
        if row is not None:
            state, advice, reason = row.status, row.status, row.reason
        elif provider in parts.for_everybody:
            state, advice, reason = _opened_for_everybody(session, provider, address)
        else:
            state = advice = "not_connected" if provider in (*TITLES, "caldav") else "not_needed"
            reason = None
        needs_account = provider == "caldav" and state in ("not_connected", "broken")
        return {
            "provider": provider,
            "address": address,
            "status": state,
            "reason": reason,
            "what_to_do": WHAT_TO_DO["no_account" if needs_account else advice],
            "connected_at": format_instant(row.connected_at) if row else None,
            "broken_at": format_instant(row.broken_at) if row and row.broken_at else None,
        }


def _opened_for_everybody(session: Session, provider: str, address: str) -> tuple[str, str, str | None]:
    """Status, advice and reason where the settings are for everybody: the last look says whether it is so."""
    seen = session.scalar(
        sa.select(rows.CalendarState).where(
            rows.CalendarState.provider == provider, rows.CalendarState.address == address
        )
    )
    if seen is not None and seen.unreadable_code in CLOSED:
        return "not_connected", "closed", seen.unreadable_reason
    return "organization", "read" if seen is not None and seen.stretches else "organization", None


def invite(parts: Parts, organization_id: str, interviewer_id: str, which: Which = MAIN) -> dict[str, Any]:
    """A link for the calendar's owner to follow. Raises Conflict when the settings make none possible."""
    with parts.database.transaction(organization_id) as session:
        provider, _ = _calendar(session, interviewer_id, which)
    if provider not in TITLES:
        raise Conflict(f"A calendar of {provider} is not connected by a link.", code="no_link_needed")
    sign_in_of(parts, provider)
    expires_at = parts.now() + TICKET_LIFE
    return {
        "url": link_for(parts, organization_id, interviewer_id, provider, expires_at),
        "expires_at": format_instant(expires_at),
    }


def link_for(
    parts: Parts, organization_id: str, interviewer_id: str, provider: str, expires_at: datetime
) -> str:
    """Where this person connects their calendar, until then."""
    text = f"{organization_id}.{interviewer_id}.{int(expires_at.timestamp())}"
    ticket = f"{text}.{parts.links.sign(f'{PURPOSE}:{provider}', text)}"
    return f"{parts.links.public_url}/connect/{provider}?ticket={ticket}"


def forget(parts: Parts, organization_id: str, interviewer_id: str, which: Which = MAIN) -> None:
    """Throw the connection of an interviewer's calendar away."""
    with parts.database.transaction(organization_id) as session:
        row = _row(session, *_calendar(session, interviewer_id, which))
        if row is not None:
            session.delete(row)


def forget_unnamed(session: Session, person: rows.Interviewer) -> None:
    """Throw away what was granted for calendars this person no longer has: all of it once they are gone."""
    calendars = () if person.deleted_at else (person.calendar, *person.busy_calendars)
    named = [(item["provider"], item["address"]) for item in calendars]
    session.execute(
        sa.delete(rows.Connection).where(
            rows.Connection.interviewer_id == person.id,
            sa.tuple_(rows.Connection.provider, rows.Connection.address).not_in(named),
        )
    )


def keep_account(
    parts: Parts, organization_id: str, interviewer_id: str, account: Mapping[str, str], which: Which = MAIN
) -> dict[str, Any]:
    """Keep a CalDAV account for an interviewer's calendar, once it has been tried."""
    with parts.database.transaction(organization_id) as session:
        provider, address = _calendar(session, interviewer_id, which)
    if provider != "caldav" or parts.try_account is None:
        raise Conflict(f"This interviewer's calendar is of {provider}, not CalDAV.", code="not_caldav")
    try:
        parts.try_account(address, account)
    except WrongPassword as error:
        raise Invalid.at("/password", str(error)) from None
    except NotAllowed as error:
        raise Invalid.at("/url", str(error)) from None
    except CalendarError as error:
        raise Unavailable(str(error), code="provider_down") from None
    with parts.database.transaction(organization_id) as session:
        keep(
            session,
            parts,
            organization_id,
            interviewer_id,
            provider,
            address,
            subject=account["username"],
            scopes=(),
            content=dict(account),
        )
    return status(parts, organization_id, interviewer_id, which)


def keep(
    session: Session,
    parts: Parts,
    organization_id: str,
    interviewer_id: str,
    provider: str,
    address: str,
    *,
    subject: str,
    scopes: tuple[str, ...],
    content: Mapping[str, Any],
) -> None:
    row = _row(session, provider, address, lock=True)
    if row is None:
        row = rows.Connection(
            id=new_id("con"), organization_id=organization_id, provider=provider, address=address
        )
        session.add(row)
    row.interviewer_id, row.subject, row.scopes = interviewer_id, subject, list(scopes)
    row.secret = sealing_of(parts).seal(content)
    row.status, row.reason, row.broken_at = "connected", None, None
    row.connected_at = parts.now()


def _calendar(session: Session, interviewer_id: str, which: Which) -> tuple[str, str]:
    """Provider and address of the first of their calendars of which this is true. Raises NotFound."""
    person = catalogue.one(session, rows.Interviewer, interviewer_id)
    for item in (person.calendar, *person.busy_calendars):
        if which.items() <= item.items():
            return item["provider"], item["address"]
    raise NotFound("This interviewer has no such calendar.")


def _row(session: Session, provider: str, address: str, *, lock: bool = False) -> rows.Connection | None:
    query = sa.select(rows.Connection).where(
        rows.Connection.provider == provider, rows.Connection.address == address
    )
    return session.scalar(query.with_for_update() if lock else query)


def sign_in_of(parts: Parts, provider: str) -> SignIn:
    sign_in = parts.sign_ins.get(provider)
    if sign_in is None:
        title = TITLES[provider]
        raise Conflict(
            f"{title} calendars are not set up: {SETTINGS[provider]} are missing.", code="not_set_up"
        )
    return sign_in


def sealing_of(parts: Parts) -> Sealing:
    if parts.sealing is None:
        raise Unavailable("This process has no keys for what is sealed.", code="no_keys")
    return parts.sealing


# What uses a connection


def connected(parts: Parts, organization_id: str, provider: str) -> dict[str, str]:
    """The connections at a provider, broken ones too: ids by address."""
    with parts.database.transaction(organization_id) as session:
        found = session.execute(
            sa.select(rows.Connection.address, rows.Connection.id).where(rows.Connection.provider == provider)
        )
        return {address: id_ for address, id_ in found}  # noqa: C416  # rows are no pairs to mypy


def state_of_access(parts: Parts, organization_id: str) -> tuple[Any, ...]:
    """Another value whenever somebody has connected, or has been forgotten, or other organisers are named."""
    with parts.database.transaction(organization_id) as session:
        organization = session.get(rows.Organization, organization_id)
        row = rows.Connection
        found = session.execute(sa.select(row.id, row.address, row.connected_at).order_by(row.id))
        return (organization.organizers if organization else None, *map(tuple, found))


def secret_of(parts: Parts, organization_id: str, connection_id: str) -> dict[str, Any]:
    """What is kept of a connection. Raises NotAllowed when it is gone or broken, TryLater without its key."""
    with parts.database.transaction(organization_id) as session:
        return _opened(parts, session.get(rows.Connection, connection_id))


def access_token(
    parts: Parts,
    organization_id: str,
    connection_id: str,
    refresh: Callable[[str], Tokens],
    *,
    refused: str | None = None,
) -> Tokens:
    """
    A token with some minutes left, not the `refused` one.

    The row is locked while the provider is asked for the next: a refresh token may be good for one use, and
    two workers must not use it twice. Raises NotAllowed (the connection is broken from then on), TryLater
    (also when this process has no key for it, which says nothing about the grant).
    """
    try:
        with parts.database.transaction(organization_id) as session:
            row = session.get(rows.Connection, connection_id, with_for_update=True)
            content = _opened(parts, row)
            there = _tokens(content)
            if there.access_token != refused and there.expires_at > parts.now() + MARGIN:
                return there
            fresh = refresh(content["refresh_token"])
            if row is not None:
                row.secret = sealing_of(parts).seal(content_of(fresh, earlier=content["refresh_token"]))
            return fresh
    except NotAllowed as error:
        if not parts.only_looks:
            broke(parts, organization_id, connection_id, str(error))
        raise


def broke(parts: Parts, organization_id: str, connection_id: str, reason: str) -> None:
    """The grant is dead: say so, once, to its owner and to whoever listens to events."""
    with parts.database.transaction(organization_id) as session:
        row = session.get(rows.Connection, connection_id, with_for_update=True)
        if row is None or row.status == "broken":
            return
        row.status, row.reason, row.broken_at = "broken", reason, parts.now()
        if row.interviewer_id is None:
            return
        events.record(
            session,
            organization_id,
            "calendar.unreadable",
            actor=SYSTEM,
            at=parts.now(),
            data={"interviewer_id": row.interviewer_id, "reason": "reconnect"},
        )
        owner = session.get_one(rows.Interviewer, row.interviewer_id)
        owing.owe_unreadable(session, parts, owner, reason, provider=row.provider)


def _opened(parts: Parts, row: rows.Connection | None) -> dict[str, Any]:
    if row is None:
        raise NotAllowed("This calendar is not connected any more.")
    if row.status == "broken":
        raise NotAllowed(row.reason)
    try:
        return sealing_of(parts).open(row.secret)
    except Unopened:
        raise TryLater(NO_KEY, retry_after=KEY_WAIT) from None


def content_of(tokens: Tokens, *, earlier: str | None = None) -> dict[str, Any]:
    return {
        "access_token": tokens.access_token,
        "expires_at": format_instant(tokens.expires_at),
        "refresh_token": tokens.refresh_token or earlier,
    }


def _tokens(content: Mapping[str, Any]) -> Tokens:
    return Tokens(
        access_token=content["access_token"],
        expires_at=parse_instant(content["expires_at"]),
        refresh_token=content["refresh_token"],
    )


def rotate(parts: Parts) -> tuple[int, list[str]]:
    """Seal everything with the newest key: how many there were, and the ids of those that no key opens."""
    done, unopened = 0, []
    for organization_id in organizations.every(parts):
        with parts.database.transaction(organization_id) as session:
            for row in session.scalars(sa.select(rows.Connection).with_for_update()):
                try:
                    row.secret = sealing_of(parts).renewed(row.secret)
                except Unopened:
                    unopened.append(row.id)
                else:
                    done += 1
    return done, unopened
