# SPDX-License-Identifier: Apache-2.0
"""A person connects their own calendar: from the link they were sent to the provider and back."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from calendars.errors import CalendarError, NotAllowed
from scheduler.db import rows
from scheduler.domain.errors import Conflict, Gone, Unavailable
from scheduler.domain.ids import new_id
from scheduler.services.connections import PURPOSE, sign_in_of
from scheduler.services.grants import content_of, keep, sealing_of
from scheduler.services.parts import Parts
from scheduler.services.sealing import Unopened

#: how long a person may take at the provider's page
ATTEMPT_LIFE = timedelta(minutes=15)


class WrongLink(Gone):
    """This link does not work any more. Please ask for a new one."""


class WrongPerson(Conflict):
    """That is another account than the one this link is for."""


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """Somebody goes to the provider: where to, and the mark that their browser keeps until they are back."""

    url: str
    mark: str


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """Somebody's calendar is connected."""

    name: str
    address: str
    organization: str


def leave(parts: Parts, provider: str, ticket: str) -> Leaving:
    """Begin at the link: where to go, and what the browser keeps. Raises WrongLink, Conflict, Unavailable."""
    organization_id, interviewer_id = _read_ticket(parts, provider, ticket)
    sign_in = sign_in_of(parts, provider)
    with parts.database.transaction(organization_id) as session:
        person = session.get(rows.Interviewer, interviewer_id)
        if person is None or person.deleted_at is not None:
            raise WrongLink
        addresses = _addresses(person, provider)
        if not addresses:
            raise WrongLink
    state, mark = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    try:
        begun = sign_in.begin(redirect_uri=_callback(parts, provider), state=state, hint=addresses[0])
    except CalendarError as error:
        raise Unavailable(str(error), code="provider_down") from None
    content = {"kept": dict(begun.kept), "mark": _hash(mark).hex()}
    with parts.database.transaction(organization_id) as session:
        session.execute(sa.delete(rows.ConnectAttempt).where(rows.ConnectAttempt.expires_at < parts.now()))
        session.add(
            rows.ConnectAttempt(
                id=new_id("att"),
                organization_id=organization_id,
                provider=provider,
                interviewer_id=interviewer_id,
                state_hash=_hash(state),
                secret=sealing_of(parts).seal(content),
                expires_at=parts.now() + ATTEMPT_LIFE,
            )
        )
    return Leaving(url=begun.url, mark=mark)


def arrive(parts: Parts, provider: str, answer: Mapping[str, str], mark: str | None) -> Arrived:
    """
    Back from the provider. The attempt is used up, whatever comes of it.

    Raises WrongLink (unknown, used, late, or another browser), Conflict (not granted), WrongPerson,
    Unavailable.
    """
    organization_id, interviewer_id, kept = _take_attempt(parts, provider, answer, mark)
    try:
        grant = sign_in_of(parts, provider).finish(kept, answer, now=parts.now())
    except NotAllowed as error:
        raise Conflict(str(error), code="not_granted") from None
    except CalendarError as error:
        raise Unavailable(str(error), code="provider_down") from None
    with parts.database.transaction(organization_id) as session:
        # Who takes them away, or their calendar, meanwhile throws away what is kept here.
        person = session.get(rows.Interviewer, interviewer_id, with_for_update={"key_share": True})
        organization = session.get_one(rows.Organization, organization_id)
        if person is None or person.deleted_at is not None:
            raise WrongLink
        ours = [a for a in _addresses(person, provider) if a.lower() in grant.addresses]
        if not ours:
            raise WrongPerson
        keep(
            session,
            parts,
            organization_id,
            interviewer_id,
            provider,
            ours[0],
            subject=grant.subject,
            scopes=grant.scopes,
            content=content_of(grant.tokens),
        )
        return Arrived(name=person.name, address=ours[0], organization=organization.name)


def _read_ticket(parts: Parts, provider: str, ticket: str) -> tuple[str, str]:
    text, _, signature = ticket.rpartition(".")
    pieces = text.split(".")
    if len(pieces) != 3 or not parts.links.verify(f"{PURPOSE}:{provider}", text, signature):
        raise WrongLink
    if int(pieces[2]) < parts.now().timestamp():
        raise WrongLink
    return pieces[0], pieces[1]


def _take_attempt(
    parts: Parts, provider: str, answer: Mapping[str, str], mark: str | None
) -> tuple[str, str, dict[str, Any]]:
    with parts.database.lookup() as session:
        found = session.execute(
            sa.text("select id, organization_id from find_connect_attempt(:hash)"),
            {"hash": _hash(answer.get("state", ""))},
        ).one_or_none()
    if found is None:
        raise WrongLink
    with parts.database.transaction(found.organization_id) as session:
        attempt = session.scalar(
            sa.select(rows.ConnectAttempt).where(rows.ConnectAttempt.id == found.id).with_for_update()
        )
        if attempt is None:
            raise WrongLink
        session.delete(attempt)
        late, interviewer_id = attempt.expires_at < parts.now(), attempt.interviewer_id
        same_provider, sealed = attempt.provider == provider, attempt.secret
    try:
        content = sealing_of(parts).open(sealed)
    except Unopened:
        raise WrongLink from None
    same_browser = hmac.compare_digest(_hash(mark or "").hex(), content["mark"])
    if late or not same_provider or not same_browser:
        raise WrongLink
    return found.organization_id, interviewer_id, content["kept"]


def _addresses(person: rows.Interviewer, provider: str) -> list[str]:
    """The person's calendars at a provider, the one that is written first."""
    calendars = [person.calendar, *person.busy_calendars]
    return [item["address"] for item in calendars if item["provider"] == provider]


def _callback(parts: Parts, provider: str) -> str:
    return f"{parts.links.public_url}/connect/{provider}/callback"


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
