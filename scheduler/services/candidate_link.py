# SPDX-License-Identifier: Apache-2.0
"""The candidate's side: what a link shows, and what may be done with it. The link is all the proof there
is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import convert, rows
from scheduler.domain.errors import Conflict, Gone, Invalid, NotFound
from scheduler.domain.intervals import Interval
from scheduler.domain.options import Option
from scheduler.domain.people import Candidate
from scheduler.domain.plans import Plan
from scheduler.messages.content import Brand, MailFacts
from scheduler.services import (
    bookings,
    chosen,
    erased,
    facts,
    fresh_options,
    moving,
    picking,
    picks,
    possible,
    questions,
    views,
    zones,
)
from scheduler.services.links import token_hash
from scheduler.services.parts import CANDIDATE, Parts

WRONG = "There is no such page."


@dataclass(frozen=True, kw_only=True)
class CandidateLink:
    """What the holder of a link may know."""

    organization_id: str
    invitation_id: str
    run_candidate_id: str
    #: offered, searching (all options are gone, new ones are being looked for), booked, completed,
    #: cancelled, expired
    status: str
    candidate: Candidate
    plan: Plan
    brand: Brand
    logo_url: str | None
    #: name and email of the person to turn to
    contact: dict[str, Any] | None
    #: a web hook hears that the candidate asks, whoever the contact is
    listened_to: bool = False
    #: the candidate's zone, or for somebody who named none, that of the people they will meet
    home_time_zone: str
    #: what can be chosen now; after a booking, what it can be moved to
    options: tuple[Option, ...]
    #: the same in the API's form, less what is the team's own
    option_views: tuple[dict[str, Any], ...]
    booking: dict[str, Any] | None
    #: where the rooms of these are, by their ids, as far as somebody has said so
    room_addresses: Mapping[str, str] = field(default_factory=dict)
    #: within which times are looked for
    window: Interval
    #: why the candidate cannot move what is booked; None: they can, or nothing is booked
    immovable: Conflict | None
    expires_at: datetime
    now: datetime
    #: nothing is left of the offer because its times are too near by now: until when the last could be chosen
    ran_out: datetime | None = None

    @property
    def can_ask(self) -> bool:
        """Somebody hears of it."""
        return self.contact is not None or self.listened_to


def open(parts: Parts, token: str) -> CandidateLink:  # noqa: A001  # one opens a link
    """What stands behind a link; changes nothing. Raises NotFound (wrong link), Gone (revoked)."""
    with _behind(parts, token) as (session, invitation):
        return _view(session, parts, invitation)


@contextmanager
def _behind(parts: Parts, token: str) -> Iterator[tuple[Session, rows.Invitation]]:
    """A transaction of the organisation whose link it is. Raises NotFound (wrong link), Gone (revoked)."""
    with parts.database.transaction_of("find_invitation", token_hash(token)) as (session, invitation_id):
        if invitation_id is None:
            raise NotFound(WRONG)
        invitation = session.get_one(rows.Invitation, invitation_id)
        if invitation.revoked_at is not None:
            raise Gone("This link is no longer in use.", code="revoked")
        yield session, invitation


def _view(session: Session, parts: Parts, invitation: rows.Invitation) -> CandidateLink:
    run_candidate = session.get_one(rows.RunCandidate, invitation.run_candidate_id)
    run = session.get_one(rows.Run, run_candidate.run_id)
    organization = session.get_one(rows.Organization, invitation.organization_id)
    candidate = session.get_one(rows.Candidate, run_candidate.candidate_id)
    booking = _booking(session, run_candidate.id)
    status = _status(parts, run_candidate, booking, invitation)
    immovable = moving.why_not(session, parts, booking, CANDIDATE) if booking else None
    choosing = status == "offered" or (status == "booked" and immovable is None)
    left = possible.still_possible(session, parts, run_candidate) if choosing else []
    ran_out = None
    if status == "offered" and not left:
        status, last = "searching", possible.last_chance(session, run_candidate)
        ran_out = last if last and last < parts.now() else None
    return CandidateLink(
        organization_id=invitation.organization_id,
        invitation_id=invitation.id,
        run_candidate_id=run_candidate.id,
        status=status,
        candidate=convert.candidate(candidate),
        plan=Plan.from_json(run.plan),
        brand=facts.brand_of(organization),
        logo_url=(organization.branding or {}).get("logo_url"),
        contact=views.contact(run.contact),
        listened_to=questions.listened_to(session),
        home_time_zone=zones.of_candidate(session, run.plan, candidate),
        options=tuple(convert.option(row) for row in left),
        option_views=tuple(views.option_for_candidate(views.option(row)) for row in left),
        booking=views.booking(session, booking) if booking else None,
        room_addresses=_addresses(
            session, [row.sessions for row in left] + ([booking.sessions] if booking else [])
        ),
        window=_window(parts, run, booking),
        immovable=immovable,
        expires_at=invitation.expires_at,
        now=parts.now(),
        ran_out=ran_out,
    )


def _window(parts: Parts, run: rows.Run, booking: rows.Booking | None) -> Interval:
    if booking is None:
        return Interval(run.window_start, run.window_end)
    return fresh_options.usual_window(run, Plan.from_json(booking.plan), parts.now())


def _addresses(session: Session, proposals: Iterable[list[dict[str, Any]]]) -> dict[str, str]:
    rooms = {item["room"]["id"] for sessions in proposals for item in sessions if item.get("room")}
    if not rooms:
        return {}
    known = sa.select(rows.Room.id, rows.Room.location).where(rows.Room.id.in_(rooms))
    return {id_: location for id_, location in session.execute(known) if location}


def _booking(session: Session, run_candidate_id: str) -> rows.Booking | None:
    return session.scalar(
        sa.select(rows.Booking)
        .where(rows.Booking.run_candidate_id == run_candidate_id)
        .order_by(rows.Booking.created_at.desc())
        .limit(1)
    )


def _status(
    parts: Parts, run_candidate: rows.RunCandidate, booking: rows.Booking | None, invitation: rows.Invitation
) -> str:
    if booking is not None and booking.status in ("completed", "no_show"):
        return "completed"
    if run_candidate.status in ("offered", "infeasible") and invitation.expires_at <= parts.now():
        return "expired"
    # Nothing fits any more and a person has been told: to the candidate, somebody is looking.
    return {"infeasible": "searching", "waiting": "searching"}.get(run_candidate.status, run_candidate.status)


def book(parts: Parts, token: str, option_id: str) -> dict[str, Any]:
    """Book one of the link's own options. Raises as `picking.book`, and NotFound for somebody else's
    option.
    """
    with _behind(parts, token) as (session, invitation):
        choice = chosen.find(session, option_id)
        # Kept here: asking for the candidate of the link asks nobody then.
        run_candidate = session.get_one(rows.RunCandidate, invitation.run_candidate_id)
        if run_candidate.status == "offered" and invitation.expires_at <= parts.now():
            raise Gone("This offer has expired.", code="expired")
        if choice is None or choice.run_candidate is not run_candidate:
            raise NotFound("There is no such option.")
        begun = picking.begin(session, parts, choice)
    with _less_than_the_team_knows():
        return picking.go_on(parts, begun, actor=CANDIDATE)


@contextmanager
def _less_than_the_team_knows() -> Iterator[None]:
    """What is left when a time has gone, as the holder of a link may have it."""
    try:
        yield
    except picks.TakenWithOthers as taken:
        left = [views.option_for_candidate(view) for view in taken.options]
        raise picks.TakenWithOthers(left, taken.detail) from None


def find_options(parts: Parts, token: str, availability: Sequence[Interval] | None = None) -> CandidateLink:
    """Look for fresh options: after a booking times to move it to; before one, times within those that the
    candidate names.

    Raises Gone (the offer is over), Conflict (nothing is on offer, or it cannot be moved, or nobody is free
    then), Invalid (before a booking, without times), Unavailable.
    """
    link = open(parts, token)
    if link.booking is not None and link.status == "booked":
        if availability is not None:
            with parts.database.transaction(link.organization_id) as session:
                fresh_options.say_when(session, link.candidate.id, availability)
        fresh_options.find(parts, link.organization_id, link.booking["id"], actor=CANDIDATE)
        return open(parts, token)
    if link.status == "expired":
        raise Gone("This offer has expired.", code="expired")
    if not availability:
        raise Invalid.at("/availability", "says when you could be there")
    fresh_options.find_within(parts, link.organization_id, link.run_candidate_id, availability)
    return open(parts, token)


def reschedule(parts: Parts, token: str, option_id: str) -> dict[str, Any]:
    """Move the booked interview to one of its fresh options. Raises as `moving.reschedule`."""
    link = open(parts, token)
    if link.booking is None:
        raise Conflict("There is no interview to move.", code="nothing_booked")
    with _less_than_the_team_knows():
        return moving.reschedule(parts, link.organization_id, link.booking["id"], option_id, actor=CANDIDATE)


def cancel(parts: Parts, token: str, reason: str = "") -> dict[str, Any]:
    """Call the booked interview off. Raises Conflict when nothing is booked, or it has begun."""
    link = open(parts, token)
    if link.booking is None:
        raise Conflict("There is no interview to cancel.", code="nothing_booked")
    booking_id: str = link.booking["id"]
    with parts.database.transaction(link.organization_id) as session:
        started = session.get_one(rows.Booking, booking_id).start <= parts.now()
    if started and link.booking["status"] != "cancelled":
        raise Conflict("This interview has begun already.", code="begun")
    return bookings.cancel(
        parts, link.organization_id, booking_id, reason=reason.strip() or None, actor=CANDIDATE
    )


def ask(parts: Parts, token: str, message: str) -> None:
    """Pass a candidate's words on to the person they can turn to. Raises as `questions.ask`."""
    link = open(parts, token)
    questions.ask(parts, link.organization_id, link.run_candidate_id, message)


def keep_zone(parts: Parts, token: str, time_zone: str) -> None:
    """Keep the zone in which a candidate who named none chose to read times: what follows is told in it.
    Raises NotFound, Gone.
    """
    link = open(parts, token)
    with parts.database.transaction(link.organization_id) as session:
        candidate = session.get_one(rows.Candidate, link.candidate.id, with_for_update={"key_share": True})
        erased.refuse(session, candidate.id)
        if candidate.time_zone is None:
            candidate.time_zone = time_zone
            candidate.version += 1


def invite(parts: Parts, token: str) -> bytes:
    """The booked interview as an iCalendar file. Raises NotFound when none is booked."""
    link = open(parts, token)
    if link.booking is None or link.booking["status"] == "cancelled":
        raise NotFound("There is no booked interview.")
    with parts.database.transaction(link.organization_id) as session:
        booking = session.get_one(rows.Booking, link.booking["id"])
        candidate = session.get_one(rows.Candidate, booking.candidate_id)
        gathered = MailFacts(
            kind="confirmation",
            recipient=facts.person(
                {"name": candidate.name, "email": candidate.email, "locale": candidate.locale},
                time_zone=zones.of_candidate(session, booking.plan, candidate),
            ),
            recipient_role="candidate",
            brand=link.brand,
            plan_name=link.plan.name,
            candidate_name=candidate.name,
            now=parts.now(),
            sessions=facts.sessions_of(session, booking, promised=True),
            uid=facts.uid_of(booking),
            sequence=facts.sequence_of(session, booking),
        )
    return parts.mail.invite(gathered)
