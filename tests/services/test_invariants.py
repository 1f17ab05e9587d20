# SPDX-License-Identifier: Apache-2.0
"""The oracle sees what it should: each promise, broken by hand, is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler import clock
from scheduler.db import rows
from scheduler.services import bookings, invariants, organizations, promises, upkeep
from tests.services.town import RECRUITER

LOSS = """
    insert into losses (id, organization_id, booking_id, session_key, who, cause, text, start, found_at,
        attempts, attempt_at, handled_at)
    select 'los_x', organization_id, id, 'talk', {who}, 'declined', 'Ada has declined.', start, now(),
        0, now(), {handled} from bookings
"""
BREAKS = {
    "one_place_at_a_time": """
        alter table reservations drop constraint no_overlap;
        insert into reservations (organization_id, resource_id, booking_id, during, cores, state)
        select organization_id, resource_id, booking_id, during, cores, state from reservations
    """,
    "everybody_is_reserved": "delete from reservations",
    "nobody_else_is_reserved": """
        insert into resources (organization_id, provider, address)
        select id, 'ics', 'ben@acme.example' from organizations;
        insert into reservations (organization_id, resource_id, booking_id, during, cores, state)
        select v.organization_id, r.id, v.booking_id, v.during, v.cores, v.state
        from reservations v, resources r where r.address = 'ben@acme.example'
    """,
    "one_booking_each": "update run_candidates set status = 'offered'",
    "every_change_is_told_once": "update bookings set version = version + 1",
    "the_feed_has_no_gaps": "update events set feed_position = feed_position + 100 where feed_position > 1",
    "calendars_follow": "update calendar_entries set wanted = 'absent'",
    "entries_are_of_the_panel": "update calendar_entries set interviewer_id = 'ivw_ben'",
    "mails_are_of_the_present_time": """
        update bookings set start = start - interval '1 hour'
    """,
    "sent_means_sent": "update messages set sent_at = null where status = 'sent'",
    "answers_have_rows": """
        insert into api_keys (id, organization_id, name, hash, scopes, created_at)
        select 'key_x', id, 'ATS', 'x', '{}', now() from organizations;
        insert into idempotency_keys
            (api_key_id, key, organization_id, fingerprint, status, lease_until, headers, body, created_at)
        select 'key_x', 'k', id, 'x', 201, now(), '{}', '{"id": "bkg_lost"}', now() from organizations
    """,
    "one_entry_each": """
        alter table calendar_entries drop constraint
            uq_calendar_entries_booking_id_session_key_provider_calendar;
        insert into calendar_entries select (jsonb_populate_record(e, '{"id": "cal_twin"}')).*
        from calendar_entries e
    """,
    "no_version_from_the_future": "update calendar_entries set written_version = booking_version + 1",
    "one_mail_a_cause": """
        alter table messages drop constraint uq_messages_dedupe_key;
        insert into messages select (jsonb_populate_record(m, '{"id": "msg_twin"}')).*
        from messages m limit 1
    """,
    "losses_are_of_the_panel": LOSS.format(who="'ivw_ben'", handled="null"),
    "losses_are_shown": LOSS.format(who="sessions -> 0 -> 'interviewers' -> 0 ->> 'id'", handled="now()"),
    "replaced_three_times_at_most": """
        insert into events (id, organization_id, type, actor, booking_id, about, data, at)
        select 'evt_' || n, organization_id, 'interviewer.replaced', 'system', id, '{}', '{}',
            now() + n * interval '1 minute'
        from bookings, generate_series(1, 4) n
    """,
    "erased_is_gone": "update candidates set erased_at = now(), deleted_at = now()",
    "nothing_but_times": """
        insert into calendar_states
            (id, organization_id, provider, address, time_zone, stretches, sync_at)
        select 'x', id, 'google', 'ada@acme.example', 'UTC',
            '[{"busy": [["2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "Dentist", null]]}]', now()
        from organizations
    """,
}
BREAKS_HELD = {
    "holds_are_of_offers": "update options set status = 'offered'",
    "nobody_is_held_twice": """
        insert into run_candidates
            (id, organization_id, run_id, candidate_id, position, external_refs, status)
        select 'rcd_other', organization_id, run_id, candidate_id, 9, '{}', 'offered' from run_candidates;
        insert into holds (organization_id, resource_id, run_candidate_id, option_id, during, held_at,
            expires_at)
        select organization_id, resource_id, 'rcd_other', option_id, during, held_at, expires_at from holds
    """,
    "no_hold_is_left_behind": "delete from holds; update options set status = 'withdrawn'",
}
BREAKS_CANCELLED = {
    "cancelled_is_free": "update reservations set state = 'booked'",
    "silence_after_the_end": "update messages set status = 'queued', sent_at = null where kind = 'reminder'",
    "calendars_follow": "update calendar_entries set wanted = 'present'",
    "one_booking_each": "update run_candidates set status = 'booked'",
}


def broken_by(town, statement):
    """The promises that do not hold while this, done by the database's owner, is not yet undone."""
    engine = sa.create_engine(sa.make_url(town.parts.database.url).set(drivername="postgresql+psycopg"))
    with Session(engine) as owner:
        owner.execute(sa.text(statement))
        names = {
            breach.promise.name for breach in invariants.breaches(owner, town.organization_id, town.clock())
        }
        owner.rollback()
    engine.dispose()
    return names


def booked(town):
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer())
    town.run_jobs()
    return booking


@pytest.mark.parametrize("promise", BREAKS)
def test_a_broken_promise_is_named(town, promise):
    booked(town)

    assert promise in broken_by(town, BREAKS[promise])


@pytest.mark.parametrize("promise", BREAKS_CANCELLED)
def test_a_promise_about_cancelled_bookings_that_is_broken_is_named(town, promise):
    booking = booked(town)
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)
    town.run_jobs()

    assert promise in broken_by(town, BREAKS_CANCELLED[promise])


@pytest.mark.parametrize("promise", BREAKS_HELD)
def test_a_promise_about_holds_that_is_broken_is_named(town, promise):
    town.hire("Ada", skills=("python",))
    town.offer(town.plan(holds=True))

    assert promise in broken_by(town, BREAKS_HELD[promise])


def test_every_promise_has_something_that_breaks_it():
    assert {p.name for p in promises.PROMISES} == {*BREAKS, *BREAKS_HELD, *BREAKS_CANCELLED}


def test_a_breach_says_what_is_wrong_and_where(town):
    booking = booked(town)
    with town.parts.database.transaction(town.organization_id) as session:
        session.execute(sa.text("update bookings set version = version + 1"))
        [breach] = invariants.breaches(session, town.organization_id, town.clock())
        session.rollback()

    assert str(breach) == (
        "Each version of a booking has exactly one event. "
        f"Not so for {booking['id']} of {town.organization_id}."
    )


def kept(town):
    """What the clock's looks have written down: promise, and whether it is open."""
    with town.parts.database.transaction(town.organization_id) as session:
        found = session.execute(sa.select(rows.Breach.promise, rows.Breach.resolved_at.is_(None)))
        return [tuple(row) for row in found]


def set_version(town, version):
    with town.parts.database.transaction(town.organization_id) as session:
        session.execute(sa.text(f"update bookings set version = {version}"))


def look(town):
    """As the clock asks for it."""
    upkeep.verify_invariants(town.parts)
    town.run_jobs()


def test_the_clock_has_every_organisation_looked_at(town):
    booked(town)
    other = organizations.create(town.parts, name="Other")
    upkeep.verify_invariants(town.parts)

    with town.parts.database.lookup() as session:
        asked = session.scalars(
            sa.text(
                "select args ->> 'organization_id' from procrastinate_jobs"
                " where task_name = 'verify_organization'"
            )
        )
        assert sorted(asked) == sorted([town.organization_id, other])
    assert ("verify_invariants", 300) in [(task, seconds) for seconds, task in clock.TABLE]
    town.run_jobs()
    assert kept(town) == []


def test_a_breach_is_told_at_error_and_stays_open_until_it_is_whole_again(town, caplog):
    booking = booked(town)
    set_version(town, 2)
    look(town)
    look(town)
    set_version(town, 1)
    open_meanwhile, told = kept(town), caplog.messages
    look(town)

    assert open_meanwhile == [("every_change_is_told_once", True)]
    assert kept(town) == [("every_change_is_told_once", False)]
    line = f"the promise every_change_is_told_once is broken in {town.organization_id}: {booking['id']}"
    assert told.count(line) == 2
    assert caplog.messages.count(line) == 2
    levels = {record.levelname for record in caplog.records if record.getMessage() == line}
    assert levels == {"ERROR"}


def test_a_breach_that_comes_back_is_a_new_one(town):
    booked(town)
    for version in (2, 1, 2):
        set_version(town, version)
        look(town)

    assert kept(town) == [("every_change_is_told_once", False), ("every_change_is_told_once", True)]
    assert invariants.still_open(town.parts) == ["every_change_is_told_once"]
    set_version(town, 1)


def test_the_document_names_every_promise():
    text = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert [promise.name for promise in promises.PROMISES if f"`{promise.name}`" not in text] == []
