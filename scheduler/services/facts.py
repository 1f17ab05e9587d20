# SPDX-License-Identifier: Apache-2.0
"""What a mail says, gathered from the state at the moment it is sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain import moves
from scheduler.domain.colour import DEFAULT_ACCENT
from scheduler.domain.intervals import Interval, format_instant, parse_instant
from scheduler.domain.options import OptionSession
from scheduler.domain.plans import Plan
from scheduler.domain.wording import DEFAULT_LOCALE
from scheduler.messages.content import Brand, MailFacts, Part, Person, SessionFacts
from scheduler.services import (
    attention_mail,
    conferences,
    connections,
    hook_mail,
    invitations,
    loss_facts,
    owing,
    possible,
    zones,
)
from scheduler.services.parts import CANDIDATE, Parts


def of_message(session: Session, parts: Parts, message: rows.Message) -> MailFacts:
    """Everything this mail says."""
    if message.booking_id:
        return _about_booking(session, parts, message)
    if message.run_id:
        return _about_offer(session, parts, message)
    return _about_us(session, parts, message)


def brand_of(organization: rows.Organization) -> Brand:
    return Brand(name=organization.name, accent=(organization.branding or {}).get("color") or DEFAULT_ACCENT)


def person(data: dict[str, Any], *, time_zone: str | None = None) -> Person:
    return Person(
        name=data.get("name") or data["email"],
        email=data["email"],
        time_zone=data.get("time_zone") or time_zone or "UTC",
        locale=data.get("locale") or DEFAULT_LOCALE,
    )


def _common(session: Session, parts: Parts, message: rows.Message, plan: dict[str, Any]) -> dict[str, Any]:
    organization = session.get_one(rows.Organization, message.organization_id)
    run = session.get_one(rows.Run, message.run_id) if message.run_id else None
    candidate = session.get(rows.Candidate, message.candidate_id) if message.candidate_id else None
    recipient = message.recipient
    if message.recipient_role == "candidate" and candidate is not None:
        recipient = {  # as they are now: an address may have been corrected since
            "name": candidate.name,
            "email": candidate.email,
            "time_zone": candidate.time_zone,
            "locale": candidate.locale,
        }
    contact = run.contact if run else None
    reachable = candidate if candidate is not None and candidate.erased_at is None else None
    if message.recipient_role == "contact":
        booking = session.get_one(rows.Booking, message.booking_id) if message.booking_id else None
        zone = zones.of_contact(session, recipient, plan, booking)
    else:
        zone = zones.of_candidate(session, plan, candidate)
    return {
        "kind": message.kind,
        "recipient": person(recipient, time_zone=zone),
        "recipient_role": message.recipient_role,
        "brand": brand_of(organization),
        "plan_name": plan["name"],
        "candidate_name": candidate.name if candidate else "",
        "candidate_email": reachable.email if reachable and message.recipient_role == "contact" else "",
        "candidate_hears": reachable is not None,
        "candidate_time_zone": candidate.time_zone or ""
        if candidate and message.recipient_role != "candidate"
        else "",
        "contact": person(contact) if contact else None,
        "now": parts.now(),
    }


def _about_offer(session: Session, parts: Parts, message: rows.Message) -> MailFacts:
    run = session.get_one(rows.Run, message.run_id)
    facts = _common(session, parts, message, run.plan)
    if message.kind in ("invitation", "invitation_again"):
        facts |= _invitation_facts(session, parts, message, run)
    elif message.kind == "no_options":
        run_candidate = _run_candidate(session, message)
        explanation = run_candidate.explanation or {}
        facts |= {
            "named_times": bool(message.details.get("named_times")),
            "still_offered": bool(possible.in_time(session, parts, run_candidate)),
            "summary": explanation.get("summary", ""),
            "blockers": tuple(item["text"] for item in explanation.get("blockers", ())),
            "unread": _unread(session, explanation),
            "relaxable": bool(explanation.get("relaxations")),
        }
    elif message.kind == "calendar_unreadable":
        facts |= _unreadable_facts(session, parts, message)
    elif message.kind == "candidate_silent":
        facts |= {
            "expires_at": parse_instant(message.details["expired_at"]),
            "unasked": message.details.get("unasked", False),
        }
    elif message.kind == "asked_for_help":
        facts |= {"question": message.details["question"]}
    return MailFacts(**facts)


def _about_us(session: Session, parts: Parts, message: rows.Message) -> MailFacts:
    """About a calendar or a web hook, whoever is interviewed."""
    organization = session.get_one(rows.Organization, message.organization_id)
    return MailFacts(
        kind=message.kind,  # type: ignore[arg-type]  # as it was written down
        recipient=person(message.recipient, time_zone=zones.of_contact(session, message.recipient)),
        recipient_role=message.recipient_role,  # type: ignore[arg-type]  # as it was written down
        brand=brand_of(organization),
        now=parts.now(),
        **(
            hook_mail.facts(session, message)
            if message.kind == hook_mail.KIND
            else _unreadable_facts(session, parts, message)
        ),
    )


def _unreadable_facts(session: Session, parts: Parts, message: rows.Message) -> dict[str, Any]:
    """Why, whose, and the link that connects the calendar again where there is such a thing."""
    whose = message.details.get("owner") or message.recipient["name"]
    facts = {"reason": message.details["reason"], "calendar_owner": whose}
    owner = session.get(rows.Interviewer, message.recipient.get("id") or "")
    provider = message.details.get("provider", "")
    if owner is not None and provider in parts.sign_ins:
        until = parts.now() + connections.TICKET_LIFE
        link = connections.link_for(parts, owner.organization_id, owner.id, provider, until)
        facts["team_link"] = link
    return facts


def _unread(session: Session, explanation: dict[str, Any]) -> tuple[str, ...]:
    """Whose calendars could not be read, people and rooms, and why."""
    found = []
    for item in explanation.get("unreadable", ()):
        id_ = item["interviewer_id"]
        owner = session.get(rows.Interviewer, id_) or session.get(rows.Room, id_)
        found.append(f"{owner.name}: {item['reason']}" if owner else item["reason"])
    return tuple(found)


def _run_candidate(session: Session, message: rows.Message) -> rows.RunCandidate:
    return session.scalars(
        sa.select(rows.RunCandidate).where(
            rows.RunCandidate.run_id == message.run_id, rows.RunCandidate.candidate_id == message.candidate_id
        )
    ).one()


def _invitation_facts(session: Session, parts: Parts, message: rows.Message, run: rows.Run) -> dict[str, Any]:
    invitation = session.get_one(rows.Invitation, message.invitation_id)
    options = session.scalars(
        sa.select(rows.Option)
        .where(
            rows.Option.run_candidate_id == invitation.run_candidate_id,
            rows.Option.status.in_(moves.OPEN_OPTION),
        )
        .order_by(rows.Option.start)
    ).all()
    notice = timedelta(hours=Plan.from_json(run.plan).notice_hours)
    last_chances = [option.start - notice for option in options[-1:]]
    return {
        "parts": tuple(Part(title=item["title"], minutes=item["minutes"]) for item in run.plan["sessions"]),
        "options": tuple(Interval(option.start, option.end) for option in options),
        "expires_at": min([invitation.expires_at, *last_chances]),
        "candidate_link": parts.links.url(invitations.token_of(parts.links, invitation)),
    }


def _about_booking(session: Session, parts: Parts, message: rows.Message) -> MailFacts:
    booking = session.get_one(rows.Booking, message.booking_id)
    facts = _common(session, parts, message, booking.plan)
    details = message.details
    only = message.recipient.get("id") if message.recipient_role == "interviewer" else None
    released_from = details.get("released_from")
    facts |= {
        "sessions": sessions_of(
            session,
            booking,
            booked=released_from,
            interviewer_id=only,
            promised=message.recipient_role == "candidate",
        ),
        "uid": uid_of(booking),
        "sequence": sequence_of(session, booking),
        "continues": released_from is not None,
    }
    if message.kind in owing.WITH_INVITATION:
        facts |= {"kind": "confirmation", **_what_changed(session, message, booking)}
        facts["assigned"] = _was_assigned(session, booking)
        if message.recipient_role == "contact":
            # Whoever arranged the interview reads who came in for whom, and why.
            facts["reason"] = details.get("who_for_whom", "")
    if message.recipient_role == "contact":
        facts["invites"] = not _has_it_as_interviewer(session, booking, message.recipient)
    if message.kind in attention_mail.KINDS:
        facts |= {"booking_id": booking.id, **loss_facts.of(session, booking, message)}
    if message.recipient_role == "candidate":
        facts["candidate_link"] = _link_of(session, parts, booking)
    if message.kind == "cancellation":
        facts["cancelled_by"] = "candidate" if details.get("by") == "candidate" else "us"
        if message.recipient_role != "candidate":
            facts["reason"] = details.get("reason", "")
        if only:
            facts["entry_stands"] = only not in owing.told_by_mail(session, booking)
    return MailFacts(**facts)


def _has_it_as_interviewer(session: Session, booking: rows.Booking, contact: dict[str, Any]) -> bool:
    """Whether a contact has the interview in their calendar by what they get as an interviewer."""
    interviewing = owing.interviewed_at_first(session, booking) | owing.told_by_mail(session, booking)
    emails = sa.select(rows.Interviewer.email).where(rows.Interviewer.id.in_(interviewing))
    return contact["email"].lower() in {email.lower() for email in session.scalars(emails)}


def _was_assigned(session: Session, booking: rows.Booking) -> bool:
    """The candidate has not chosen the time: the service, or somebody of the team, has set it."""
    timed = sa.select(rows.Event.actor).where(
        rows.Event.booking_id == booking.id,
        rows.Event.type.in_(("booking.confirmed", "booking.rescheduled")),
    )
    return session.scalar(timed.order_by(rows.Event.position.desc()).limit(1)) != CANDIDATE.name


def _what_changed(session: Session, message: rows.Message, booking: rows.Booking) -> dict[str, Any]:
    """What has changed since this reader heard of the interview last; nothing when they have not yet."""
    told = _told_last(session, message)
    if told is None:
        return {}
    if message.recipient_role == "interviewer":
        who = message.recipient["id"]
        was = told.details.get("sessions", [])
        now = [item for item in booking.sessions if who in {person["id"] for person in item["interviewers"]}]
    else:
        was = [told.details] if "end" in told.details else []
        now = [{"start": format_instant(booking.start), "end": format_instant(booking.end)}]
    changed: dict[str, Any] = {"version": booking.version}
    if was and _stretch(was) != _stretch(now):
        changed["moved_from"] = _stretch(was)
    elif "moved_from" in message.details:
        changed["moved_from"] = _stretch([message.details["moved_from"]])
    return changed


def _told_last(session: Session, message: rows.Message) -> rows.Message | None:
    """The mail that told this reader of the interview as it was before; None when there is none, or they have
    heard since then that they need not come.
    """
    earlier = sa.select(rows.Message).where(
        rows.Message.booking_id == message.booking_id,
        rows.Message.recipient_role == message.recipient_role,
        rows.Message.recipient["id"].astext.is_not_distinct_from(message.recipient.get("id")),
        rows.Message.kind.in_((*owing.WITH_INVITATION, "cancellation")),
        rows.Message.booking_version < message.booking_version,
        rows.Message.status.in_(("sending", "sent")),
    )
    last = session.scalar(earlier.order_by(rows.Message.booking_version.desc()).limit(1))
    return None if last is None or last.kind == "cancellation" else last


def _stretch(items: list[dict[str, Any]]) -> Interval:
    """From the first start to the last end."""
    starts, ends = (sorted(parse_instant(item[name]) for item in items) for name in ("start", "end"))
    return Interval(starts[0], ends[-1])


def uid_of(booking: rows.Booking) -> str:
    """The calendar UID of the booking as a whole, for the life of the booking."""
    return f"{booking.id}@convene"


def sequence_of(session: Session, booking: rows.Booking) -> int:
    """SEQUENCE of that calendar event as it is now.

    A video link that is told after the confirmation changes what the event says and is no new version of the
    booking. By RFC 5546 (2.1.4) the same SEQUENCE with a later DTSTAMP would do, since no time changes; but
    clients that look at SEQUENCE alone would keep the event without the link. So each version whose links
    came late counts once more.
    """
    told_late = sa.select(sa.func.count(sa.distinct(rows.Message.booking_version))).where(
        rows.Message.booking_id == booking.id, rows.Message.kind == "video_link"
    )
    return booking.version + (session.scalar(told_late) or 0)


def _link_of(session: Session, parts: Parts, booking: rows.Booking) -> str:
    invitation = session.scalar(
        sa.select(rows.Invitation)
        .where(
            rows.Invitation.run_candidate_id == booking.run_candidate_id, rows.Invitation.revoked_at.is_(None)
        )
        .order_by(rows.Invitation.created_at.desc())
        .limit(1)
    )
    token = invitation and parts.links.token(invitation.id, invitation.generation, invitation.key_fingerprint)
    return parts.links.url(token) if token else ""


def sessions_of(
    session: Session,
    booking: rows.Booking,
    *,
    booked: list[dict[str, Any]] | None = None,
    interviewer_id: str | None = None,
    promised: bool = False,
) -> tuple[SessionFacts, ...]:
    """The booked sessions in order of time, or those of one interviewer; `booked`: as they were before;
    `promised`: without optional people, who come if they can.
    """
    asked = {item["key"]: item for item in booking.plan["sessions"]}
    made = conferences.links(session, booking.id)
    planned = sorted(
        (OptionSession.from_json(item) for item in booked or booking.sessions), key=lambda item: item.start
    )
    return tuple(
        _session_facts(session, item, asked[item.key], made.get(item.key, ""), promised=promised)
        for item in planned
        if interviewer_id is None or interviewer_id in {person.id for person in item.interviewers}
    )


def _session_facts(
    session: Session, planned: OptionSession, asked: dict[str, Any], made: str, *, promised: bool
) -> SessionFacts:
    room = session.get(rows.Room, planned.room.id) if planned.room else None
    location = asked.get("location") or (room.location if room else None) or ""
    in_person = bool(location or planned.room)
    return SessionFacts(
        key=planned.key,
        title=planned.title,
        start=planned.start,
        end=planned.end,
        people=tuple(person.name for person in planned.interviewers if not (promised and person.optional)),
        room=planned.room.name if planned.room else "",
        location=location,
        video=not in_person and asked.get("conference") != "none",
        conference_url=asked.get("conference_url") or made,
        instructions=asked.get("instructions") or "",
    )
