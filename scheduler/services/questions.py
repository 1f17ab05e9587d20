# SPDX-License-Identifier: Apache-2.0
"""What candidates ask: by mail to the run's contact, else in the run for whoever may read it; and as an event
for web hooks, which tells no words.

A link gets forwarded and is known to mail scanners, so what comes through it is counted.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.errors import Conflict, TooMany
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import format_instant, parse_instant
from scheduler.services import erased, events, owing
from scheduler.services.parts import CANDIDATE, Parts

NOBODY_READS = "Nobody is named here who would read it. Please ask the person who invited you."
TOO_MANY = "You have written several times within the hour, and all of it was passed on."
#: the longest message a candidate can leave, in characters
LONGEST = 2000
#: questions of one candidate of a run within an hour
MOST = 5
HOUR = timedelta(hours=1)
#: within which the same words are the same question: a double click, a form that is sent again
SAME = timedelta(minutes=10)
#: how many of a candidate's questions stand in a run, the latest
MOST_KEPT = 20
EVENT = "candidate.asked_for_help"
MAIL = "asked_for_help"


def listened_to(session: Session) -> bool:
    """Whether a web hook of the organisation hears that somebody asks."""
    hook = rows.Webhook
    wanted = sa.or_(hook.events == [], hook.events.contains([EVENT]))
    return bool(session.scalar(sa.select(sa.exists().where(hook.status == "active", wanted))))


def ask(parts: Parts, organization_id: str, run_candidate_id: str, words: str) -> None:
    """Pass a candidate's words on to the run's contact, and to web hooks that somebody asks. The same again
    shortly after is the same question.

    Raises Conflict (there is nobody to hear it), TooMany, Gone.
    """
    with parts.database.transaction(organization_id) as session:
        # Locked, so that of two at once the second finds the first.
        run_candidate = session.get_one(
            rows.RunCandidate, run_candidate_id, with_for_update={"key_share": True}
        )
        erased.refuse(session, run_candidate.candidate_id)
        run = session.get_one(rows.Run, run_candidate.run_id)
        if not run.contact and not listened_to(session):
            raise Conflict(NOBODY_READS, code="no_contact")
        question = words.strip()[:LONGEST]
        if _was_asked(session, run, run_candidate, question, since=parts.now() - SAME):
            return
        _refuse_too_many(session, run_candidate, parts.now())
        events.record(session, parts, organization_id, EVENT, actor=CANDIDATE, run_candidate=run_candidate)
        if run.contact:
            owing.owe(
                session,
                parts,
                organization_id=organization_id,
                kind=MAIL,
                role="contact",
                recipient=run.contact,
                dedupe_key=f"{MAIL}:{new_id('ask')}",
                run_id=run.id,
                candidate_id=run_candidate.candidate_id,
                details={"question": question},
            )
        else:
            asked = {"at": format_instant(parts.now()), "text": question}
            run_candidate.questions = [*run_candidate.questions, asked][-MOST_KEPT:]


def _was_asked(
    session: Session, run: rows.Run, run_candidate: rows.RunCandidate, question: str, *, since: datetime
) -> bool:
    if not run.contact:
        kept = run_candidate.questions
        return any(item["text"] == question and parse_instant(item["at"]) > since for item in kept)
    mail = rows.Message
    same = sa.exists().where(
        mail.run_id == run.id,
        mail.candidate_id == run_candidate.candidate_id,
        mail.kind == MAIL,
        mail.details["question"].astext == question,
        mail.created_at > since,
    )
    return bool(session.scalar(sa.select(same)))


def _refuse_too_many(session: Session, run_candidate: rows.RunCandidate, now: datetime) -> None:
    asked = _asked(session, run_candidate, now - HOUR)
    if len(asked) >= MOST:
        wait = asked[-MOST] + HOUR - now
        minutes = ceil(wait / timedelta(minutes=1))
        when = "a minute" if minutes == 1 else f"{minutes} minutes"
        raise TooMany(f"{TOO_MANY} Please write again in {when}.", retry_after=ceil(wait.total_seconds()))


def _asked(session: Session, run_candidate: rows.RunCandidate, since: datetime) -> list[datetime]:
    """When they have asked after `since`, in order."""
    event = rows.Event
    query = sa.select(event.at).where(
        event.run_id == run_candidate.run_id,
        event.type == EVENT,
        event.about["candidate_id"].astext == run_candidate.candidate_id,
        event.at > since,
    )
    return list(session.scalars(query.order_by(event.at)))
