# SPDX-License-Identifier: Apache-2.0
"""
Holds: the times on offer are kept free for their candidate, where the plan wants that (`holds`).

A hold is of one option: its people and rooms, buffers included, until the offer ends or the time is too near
to be chosen. Who asks for somebody else sees them as taken (`casts`); whose hold it is never meets it. Holds
are written under the locks of bookings, and end in the query itself: `let_go` only makes it sooner.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from scheduler.db import casts, convert, rows
from scheduler.domain import moves
from scheduler.domain.intervals import Interval
from scheduler.domain.moves import move
from scheduler.domain.options import Blocker, Explanation, Option
from scheduler.domain.plans import Plan
from scheduler.services import hold_entries
from scheduler.services.asking import Answer
from scheduler.services.parts import Parts
from scheduler.services.reserving import Occupied, Owners, occupied_by, owners_of, people_and_rooms

#: how often a search all of whose times others have taken meanwhile is made before that is the answer
TRIES = 3
NONE_LEFT = Explanation(
    summary="The times that fitted were taken for others while they were looked for.",
    blockers=(Blocker(code="held", text="Others were offered these times, or booked them, meanwhile."),),
)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Options of one candidate of a run, best first, and until when they are to be held."""

    run_candidate_id: str
    options: Sequence[rows.Option]
    until: datetime


def left(
    session: Session, parts: Parts, plan: Plan, asked: Mapping[str, Iterable[Option]]
) -> dict[str, tuple[Option, ...]]:
    """Of each candidate's options (by the id of the run's candidate) those whose people and rooms nobody else
    has booked or holds. People and rooms are locked from now on.
    """
    free = _free(session, parts, plan, asked)
    return {id_: tuple(option for option, _ in found) for id_, found in free.items()}


def less_taken(
    session: Session, parts: Parts, plan: Plan, answers: Mapping[str, Answer]
) -> dict[str, Answer]:
    """The answers without the options that others have taken since they were worked out."""
    free = left(session, parts, plan, {id_: answer.options for id_, answer in answers.items()})
    return {
        id_: replace(answer, options=(), explanation=NONE_LEFT)
        if answer.options and not free[id_]
        else replace(answer, options=free[id_])
        for id_, answer in answers.items()
    }


def is_overtaken(answers: Mapping[str, Answer], left: Mapping[str, Answer]) -> bool:
    """Whether others have taken all of somebody's options, of which these are left."""
    return any(answer.options and not left[id_].options for id_, answer in answers.items())


def _free(
    session: Session, parts: Parts, plan: Plan, asked: Mapping[str, Iterable[Option]]
) -> dict[str, list[tuple[Option, list[Occupied]]]]:
    """The same with what each option takes."""
    asked = {id_: list(options) for id_, options in asked.items()}
    everything = [option for options in asked.values() for option in options]
    if not everything:
        return {id_: [] for id_ in asked}
    owners = owners_of(session, {id_ for option in everything for id_ in people_and_rooms(option)})
    casts.lock_resources(session, owners.resources.values())
    around = Interval(min(o.start for o in everything), max(o.end for o in everything))
    taken = _taken(session, parts, owners, around.padded(casts.MARGIN, casts.MARGIN))

    def is_free(holder: str, wanted: list[Occupied]) -> bool:
        return not any(
            during.overlaps(one.during) and somebody != holder
            for one in wanted
            for during, somebody in taken.get(one.resource_id, ())
        )

    there = {
        id_: [(o, list(occupied_by(o.sessions, plan, owners))) for o in options if _all_there(o, owners)]
        for id_, options in asked.items()
    }
    return {id_: [pair for pair in pairs if is_free(id_, pair[1])] for id_, pairs in there.items()}


def _all_there(option: Option, owners: Owners) -> bool:
    return people_and_rooms(option) <= owners.resources.keys()


def _taken(
    session: Session, parts: Parts, owners: Owners, around: Interval
) -> dict[int, list[tuple[Interval, str | None]]]:
    """When each of these is booked (by None), or held, and for whom."""
    resources, span = set(owners.resources.values()), Range(around.start, around.end)
    booked = sa.select(
        rows.Reservation.resource_id, rows.Reservation.during, sa.cast(sa.null(), sa.Text).label("holder")
    ).where(rows.Reservation.resource_id.in_(resources), casts.occupied(span))
    held = sa.select(rows.Hold.resource_id, rows.Hold.during, rows.Hold.run_candidate_id).where(
        rows.Hold.resource_id.in_(resources),
        rows.Hold.during.op("&&")(span),
        casts.in_the_way(parts.now(), but_for=()),
    )
    taken: dict[int, list[tuple[Interval, str | None]]] = {}
    for found in session.execute(booked.union_all(held)):
        during = Interval(found.during.lower, found.during.upper)
        taken.setdefault(found.resource_id, []).append((during, found.holder))
    return taken


def keep(session: Session, parts: Parts, run: rows.Run, run_candidates: Iterable[rows.RunCandidate]) -> None:
    """Hold what is on offer for these candidates, where the plan wants that: as long as the offer lasts, and
    before somebody approves of it no longer than it would. What is booked at once need not be held.
    """
    awaiting = run.status == "awaiting_approval"
    if not run.plan.get("holds") or (run.confirm and not awaiting):
        return
    plan = Plan.from_json(run.plan)
    approved_by = parts.now() + timedelta(days=plan.offer_days)
    ends = {item.id: approved_by if awaiting else _end_of_offer(session, item) for item in run_candidates}
    options = session.scalars(
        sa.select(rows.Option)
        .where(rows.Option.run_candidate_id.in_(ends), rows.Option.status.in_(moves.OPEN_OPTION))
        .order_by(rows.Option.position)
    ).all()
    offers = [
        Offer(
            run_candidate_id=id_,
            options=[option for option in options if option.run_candidate_id == id_],
            until=until,
        )
        for id_, until in ends.items()
        if until is not None
    ]
    _hold(session, parts, plan, offers)


def _end_of_offer(session: Session, run_candidate: rows.RunCandidate) -> datetime | None:
    """When the offer ends; None when nothing is on offer."""
    if run_candidate.status != "offered":
        return None
    return session.scalar(
        sa.select(rows.Invitation.expires_at)
        .where(rows.Invitation.run_candidate_id == run_candidate.id, rows.Invitation.revoked_at.is_(None))
        .order_by(rows.Invitation.created_at.desc())
        .limit(1)
    )


def _hold(session: Session, parts: Parts, plan: Plan, offers: Sequence[Offer]) -> None:
    """One that others have taken meanwhile stays on offer as it is."""
    asked = {offer.run_candidate_id: [convert.option(row) for row in offer.options] for offer in offers}
    free = _free(session, parts, plan, asked)
    for offer in offers:
        taking = {option.id: wanted for option, wanted in free[offer.run_candidate_id]}
        ends = {row.id: _end(offer, row, plan) for row in offer.options}
        held = [row for row in offer.options if row.id in taking and ends[row.id] > parts.now()]
        let_go(session, parts, {row.id for row in offer.options} - {row.id for row in held})
        session.execute(sa.delete(rows.Hold).where(rows.Hold.option_id.in_([row.id for row in held])))
        for row in held:
            if row.status != "held":
                row.status = move(moves.OPTION, "option", row.status, "held")
            session.add_all(_row(parts, row, one, ends[row.id]) for one in taking[row.id])
        hold_entries.want_present(session, parts, held)
    session.flush()
    parts.reach("hold.written")


def _end(offer: Offer, option: rows.Option, plan: Plan) -> datetime:
    """When the offer ends, or the option is too near to be chosen."""
    return min(offer.until, option.start - timedelta(hours=plan.notice_hours))


def _row(parts: Parts, option: rows.Option, occupied: Occupied, until: datetime) -> rows.Hold:
    return rows.Hold(
        organization_id=option.organization_id,
        resource_id=occupied.resource_id,
        run_candidate_id=option.run_candidate_id,
        option_id=option.id,
        during=Range(occupied.during.start, occupied.during.end),
        held_at=parts.now(),
        expires_at=until,
    )


def let_go(session: Session, parts: Parts, options: Collection[str]) -> None:
    """End the holds of these options; what calendars show of them goes. Whose options they are is locked by
    the caller.
    """
    if not options:
        return
    of_these = rows.Hold.option_id.in_(options)
    session.execute(
        sa.update(rows.Hold)
        .where(of_these, rows.Hold.expires_at > parts.now())
        .values(expires_at=parts.now())
    )
    session.execute(
        sa.update(rows.Option)
        .where(rows.Option.id.in_(options), rows.Option.status == "held")
        .values(status="offered")
    )
    hold_entries.want_absent(session, parts, options)
    # Those that calendars may show are known until they do not (`hold_entries.forget`).
    shown = sa.exists().where(rows.CalendarEntry.option_id == rows.Hold.option_id)
    session.execute(sa.delete(rows.Hold).where(of_these, ~shown))


def let_all_go(session: Session, parts: Parts, run_candidate_id: str) -> None:
    """End all holds of a candidate of a run."""
    held = sa.select(rows.Hold.option_id).where(rows.Hold.run_candidate_id == run_candidate_id)
    let_go(session, parts, set(session.scalars(held)))


def end(parts: Parts, organization_id: str, option_id: str) -> None:
    """Take out of calendars what shows a hold whose time has passed."""
    with parts.database.transaction(organization_id) as session:
        option = session.get_one(rows.Option, option_id)
        session.execute(
            sa.select(rows.RunCandidate.id)
            .where(rows.RunCandidate.id == option.run_candidate_id)
            .with_for_update(key_share=True)
        )
        live = sa.select(rows.Hold.id).where(
            rows.Hold.option_id == option_id, rows.Hold.expires_at > parts.now()
        )
        if session.scalar(live.limit(1)) is None:
            let_go(session, parts, [option_id])
            parts.reach("hold.ended")
