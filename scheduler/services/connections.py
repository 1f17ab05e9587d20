# SPDX-License-Identifier: Apache-2.0
"""Connections of interviewers' calendars, as a recruiter sees and makes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calendars.errors import CalendarError, NotAllowed, WrongPassword
from calendars.oauth import SignIn
from scheduler.db import rows
from scheduler.domain.errors import Conflict, Invalid, NotFound, Unavailable
from scheduler.domain.intervals import format_instant
from scheduler.services import catalogue, grants
from scheduler.services.parts import Parts

#: how long a person may take to follow the link they were sent
TICKET_LIFE = timedelta(days=7)
PURPOSE = "connect"
#: which of an interviewer's calendars: `provider`, `address`, both, or the main one
Which = Mapping[str, str]
MAIN: Which = MappingProxyType({})
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
        row = grants.row_of(session, provider, address)
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
        row = grants.row_of(session, *_calendar(session, interviewer_id, which))
        if row is not None:
            session.delete(row)


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
        # It may have become another, or nobody's, while the account was tried.
        _calendar(session, interviewer_id, {"provider": provider, "address": address}, lock=True)
        grants.keep(
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


def _calendar(session: Session, interviewer_id: str, which: Which, *, lock: bool = False) -> tuple[str, str]:
    """Provider and address of the first of their calendars of which this is true. Raises NotFound."""
    person = catalogue.one(session, rows.Interviewer, interviewer_id, lock=lock)
    for item in (person.calendar, *person.busy_calendars):
        if which.items() <= item.items():
            return item["provider"], item["address"]
    raise NotFound("This interviewer has no such calendar.")


def sign_in_of(parts: Parts, provider: str) -> SignIn:
    sign_in = parts.sign_ins.get(provider)
    if sign_in is None:
        title = TITLES[provider]
        raise Conflict(
            f"{title} calendars are not set up: {SETTINGS[provider]} are missing.", code="not_set_up"
        )
    return sign_in
