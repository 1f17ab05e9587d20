# SPDX-License-Identifier: Apache-2.0
"""
What shows a hold in a calendar, compared with what stands there. Nothing of it goes to a person: somebody
who deletes or moves it does not want that time, so it is taken off the offer as long as others are left.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from calendars.values import FoundEvent
from scheduler.db import rows
from scheduler.domain import moves
from scheduler.domain.moves import move
from scheduler.domain.options import OptionSession
from scheduler.services import hold_entries, holding, possible
from scheduler.services.parts import Parts

#: between two looks at an entry that is as it should be
EVERY = timedelta(hours=6)
#: one that seems to be gone is looked for again before it is believed
SECOND_LOOK = timedelta(seconds=5)


def compare(session: Session, parts: Parts, claimed: rows.CalendarEntry, found: FoundEvent | None) -> None:
    """Compare one entry, as it was when its calendar was asked, with what was found there."""
    option = session.get_one(rows.Option, claimed.option_id)
    run_candidate = session.get_one(
        rows.RunCandidate, option.run_candidate_id, with_for_update={"key_share": True}
    )
    entry = session.get(
        rows.CalendarEntry, claimed.id, with_for_update={"key_share": True}, populate_existing=True
    )
    if entry is None or _state(entry) != _state(claimed):
        return  # something else is wanted by now
    if found is not None and found.status == "cancelled":
        found = None
    if entry.wanted == "absent":
        _compare_removed(session, parts, entry, found)
    elif found is not None and _stands(option, entry, found):
        entry.status, entry.verify_at = "written", parts.now() + EVERY
    elif found is None and entry.status != "missing":  # looked for again before it is believed
        entry.status, entry.verify_at = "missing", parts.now() + SECOND_LOOK
    else:
        entry.verify_at = None
        _not_wanted(session, parts, run_candidate, option)


def _state(entry: rows.CalendarEntry) -> tuple[object, ...]:
    return entry.wanted, entry.status, entry.booking_version, entry.verify_at


def _compare_removed(
    session: Session, parts: Parts, entry: rows.CalendarEntry, found: FoundEvent | None
) -> None:
    """What is gone is forgotten, and its hold with it; what is there again, after an answer that was lost, is
    taken out once more.
    """
    if found is None:
        hold_entries.forget(session, entry)
    else:
        entry.status, entry.attempts, entry.attempt_at, entry.verify_at = "pending", 0, parts.now(), None
        parts.defer(session, "write_entry", entry_id=entry.id, organization_id=entry.organization_id)


def _stands(option: rows.Option, entry: rows.CalendarEntry, found: FoundEvent) -> bool:
    planned = next(
        OptionSession.from_json(item) for item in option.sessions if item["key"] == entry.session_key
    )
    return (found.start, found.end) == (planned.start, planned.end)


def _not_wanted(
    session: Session, parts: Parts, run_candidate: rows.RunCandidate, option: rows.Option
) -> None:
    """Take the time off the offer, unless it is the last."""
    session.refresh(option)
    others = [row for row in possible.still_possible(session, parts, run_candidate) if row.id != option.id]
    if option.status == "held" and others:
        holding.let_go(session, parts, [option.id])
        option.status = move(moves.OPTION, "option", option.status, "withdrawn")
