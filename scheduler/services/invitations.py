# SPDX-License-Identifier: Apache-2.0
"""A candidate's link: made, sent again, taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.errors import Conflict, NotFound
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import format_instant
from scheduler.services import events, holding, owing, possible, run_mail
from scheduler.services.links import Links, token_hash
from scheduler.services.parts import SYSTEM, Actor, Parts

NOTHING_LEFT = "There is nothing left to choose from in this offer at the moment."


def issue(
    session: Session,
    parts: Parts,
    run: rows.Run,
    run_candidate: rows.RunCandidate,
    *,
    actor: Actor,
    tell: bool = True,
) -> rows.Invitation:
    """Make the link of a candidate whose options are ready, and owe them the mail that carries it.

    Without `tell` there is no such mail: the link comes with the confirmation of what is booked for them.
    """
    now = parts.now()
    offer_days = int(run.plan.get("offer_days") or 7)
    invitation = rows.Invitation(
        id=new_id("inv"),
        organization_id=run.organization_id,
        run_candidate_id=run_candidate.id,
        token_hash=b"",
        key_fingerprint=parts.links.newest,
        generation=1,
        expires_at=min(now + timedelta(days=offer_days), run.window_end),
        created_at=now,
    )
    invitation.token_hash = token_hash(token_of(parts.links, invitation))
    session.add(invitation)
    session.flush()
    if tell:
        run_mail.invite(session, parts, run, run_candidate, invitation)
        _record(session, parts, invitation, "invitation.sent", actor)
    return invitation


def token_of(links: Links, invitation: rows.Invitation) -> str:
    """The token again. Raises Conflict when the key it came from is no longer configured."""
    token = links.token(invitation.id, invitation.generation, invitation.key_fingerprint)
    if token is None:
        raise Conflict("The key this link was made with has been retired; send the invitation again.")
    return token


def view(parts: Parts, invitation: rows.Invitation) -> dict[str, Any]:
    token = parts.links.token(invitation.id, invitation.generation, invitation.key_fingerprint)
    live = token is not None and invitation.revoked_at is None
    return {
        "id": invitation.id,
        "url": parts.links.url(token) if token and live else None,
        "expires_at": format_instant(invitation.expires_at),
        "revoked_at": format_instant(invitation.revoked_at) if invitation.revoked_at else None,
    }


def revoke(parts: Parts, organization_id: str, invitation_id: str, *, actor: Actor) -> dict[str, Any]:
    """Take the link back: it stops working at once. Twice is once."""
    with parts.database.transaction(organization_id) as session:
        invitation = _locked(session, invitation_id)
        if invitation.revoked_at is None:
            invitation.revoked_at = parts.now()
            owing.drop_queued(session, rows.Message.invitation_id == invitation.id)
            holding.let_all_go(session, parts, invitation.run_candidate_id)
            _record(session, parts, invitation, "invitation.revoked", actor)
            parts.reach("link.revoked")
        return view(parts, invitation)


def resend(parts: Parts, organization_id: str, invitation_id: str, *, actor: Actor) -> dict[str, Any]:
    """Send the mail once more. A revoked link, or one whose key is retired, is replaced first."""
    with parts.database.transaction(organization_id) as session:
        invitation = _locked(session, invitation_id)
        run_candidate = session.get_one(rows.RunCandidate, invitation.run_candidate_id)
        run = session.get_one(rows.Run, run_candidate.run_id)
        if run_candidate.status != "offered":
            raise Conflict(
                f"The candidate's interview is {run_candidate.status}; there is nothing to choose."
            )
        if invitation.expires_at <= parts.now():
            raise Conflict("This invitation has expired.", code="expired")
        if not possible.in_time(session, parts, run_candidate):
            raise Conflict(NOTHING_LEFT, code="nothing_to_choose")
        if invitation.revoked_at is not None or invitation.key_fingerprint != parts.links.newest:
            was_revoked = invitation.revoked_at is not None
            invitation.generation += 1
            invitation.key_fingerprint = parts.links.newest
            invitation.revoked_at = None
            invitation.token_hash = token_hash(token_of(parts.links, invitation))
            if was_revoked:
                holding.keep(session, parts, run, [run_candidate])
        run_mail.invite(session, parts, run, run_candidate, invitation, again=True)
        _record(session, parts, invitation, "invitation.sent", actor)
        parts.reach("link.resent")
        return view(parts, invitation)


def tell_of_fresh_times(
    session: Session, parts: Parts, run: rows.Run, run_candidate: rows.RunCandidate
) -> None:
    """The page has told a candidate with nothing left to choose from that we write as soon as there is."""
    invitation = session.scalar(
        sa.select(rows.Invitation)
        .where(
            rows.Invitation.run_candidate_id == run_candidate.id,
            rows.Invitation.revoked_at.is_(None),
            rows.Invitation.expires_at > parts.now(),
        )
        .order_by(rows.Invitation.created_at.desc())
        .limit(1)
    )
    if invitation is not None and not _waits(session, invitation):
        run_mail.invite(session, parts, run, run_candidate, invitation, again=True)
        _record(session, parts, invitation, "invitation.sent", SYSTEM)


def _waits(session: Session, invitation: rows.Invitation) -> bool:
    """Whether a mail with this link is still to be sent: it tells of what is on offer then."""
    waiting = sa.select(rows.Message.id).where(
        rows.Message.invitation_id == invitation.id, rows.Message.status == "queued"
    )
    return session.scalar(waiting.limit(1)) is not None


def _locked(session: Session, invitation_id: str) -> rows.Invitation:
    """The invitation, after its candidate's row: everybody takes them in this order. Raises NotFound."""
    invitation = session.get(rows.Invitation, invitation_id)
    if invitation is None:
        raise NotFound("There is no such invitation.")
    session.execute(
        sa.select(rows.RunCandidate.id)
        .where(rows.RunCandidate.id == invitation.run_candidate_id)
        .with_for_update(key_share=True)
    )
    session.refresh(invitation, with_for_update={"key_share": True})
    return invitation


def _record(session: Session, parts: Parts, invitation: rows.Invitation, type_: str, actor: Actor) -> None:
    run_candidate = session.get_one(rows.RunCandidate, invitation.run_candidate_id)
    events.record(
        session,
        parts,
        invitation.organization_id,
        type_,
        actor=actor,
        run_candidate=run_candidate,
        data={"invitation_id": invitation.id},
    )


def expire(parts: Parts, organization_id: str, invitation_id: str) -> None:
    """Close an offer whose day has come, or whose times are all too near to be chosen by now; the link says
    since when. Nobody is rejected by it; the contact hears and can offer again.
    """
    with parts.database.transaction(organization_id) as session:
        invitation = session.get_one(rows.Invitation, invitation_id)
        # The candidate's row first, as everybody does, so that nobody waits for each other in a circle.
        run_candidate = session.scalar(
            sa.select(rows.RunCandidate)
            .where(rows.RunCandidate.id == invitation.run_candidate_id)
            .with_for_update(key_share=True)
        )
        if run_candidate is None or run_candidate.status != "offered":
            return
        run = session.get_one(rows.Run, run_candidate.run_id)
        if run.confirm and run.status == "solving":
            return  # they are asked nothing: a worker books for them, and says what comes of it
        last = possible.last_chance(session, run_candidate)
        if last is not None and last < parts.now():
            invitation.expires_at = min(invitation.expires_at, last)
        if invitation.expires_at > parts.now():
            return
        run_candidate.status = "expired"
        if run.plan.get("holds"):
            holding.let_all_go(session, parts, run_candidate.id)
        session.execute(
            sa.update(rows.Option)
            .where(rows.Option.run_candidate_id == run_candidate.id, rows.Option.status == "offered")
            .values(status="expired")
        )
        owing.drop_queued(session, rows.Message.invitation_id == invitation.id)
        run_mail.tell_silence(session, parts, run, run_candidate, invitation)
        _record(session, parts, invitation, "candidate.silent", SYSTEM)
        parts.reach("expire.changed")
