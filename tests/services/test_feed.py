# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.errors import Invalid
from scheduler.services import attention, bookings, events, feed, organizations, runs, upkeep
from scheduler.services.parts import SYSTEM, Actor
from tests.patience import PATIENCE
from tests.services.town import RECRUITER


def happen(town, *types: str) -> None:
    """Each of these, in a transaction of its own."""
    for type_ in types:
        with town.parts.database.transaction(town.organization_id) as session:
            events.record(session, town.parts, town.organization_id, type_, actor=SYSTEM)


def everything(town, limit: int = 50, **which) -> list[dict]:
    """The whole feed, page by page."""
    found, cursor = [], None
    while True:
        page = feed.find(town.parts, town.organization_id, limit=limit, cursor=cursor, **which)
        found += page.data
        cursor = page.next_cursor
        if cursor is None:
            return found


def types(town, **how) -> list[str]:
    return [event["type"] for event in everything(town, **how)]


def test_what_happens_is_in_the_feed_in_its_order(town):
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer())
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)
    town.run_jobs()

    assert types(town) == [
        "run.requested",
        "invitation.sent",
        "run.finished",
        "booking.confirmed",
        "booking.cancelled",
    ]


def test_an_event_says_what_it_is_about_as_it_stood_then(town):
    town.hire("Ada", skills=("python",))
    candidate = {"name": "Candy", "email": "candy@example.net", "external_refs": {"application": "A-7"}}
    booking = town.book(town.offer(candidates=[candidate]))
    bookings.cancel(town.parts, town.organization_id, booking["id"], reason="Ill", actor=RECRUITER)
    town.run_jobs()

    confirmed, cancelled = (event["data"] for event in everything(town)[-2:])
    same = {
        "organization_id": town.organization_id,
        "actor": "key_rosa",
        "run_id": booking["run_id"],
        "booking_id": booking["id"],
        "candidate_id": booking["candidate"]["id"],
        "start": booking["start"],
        "end": booking["end"],
        "external_refs": {"application": "A-7"},
    }
    assert confirmed == {**same, "version": 1, "status": "confirmed", "option_id": booking["option_id"]}
    assert cancelled == {**same, "version": 2, "status": "cancelled"}
    sent = next(event for event in everything(town) if event["type"] == "invitation.sent")
    assert sent["data"]["external_refs"] == {"application": "A-7"}


def test_no_event_tells_a_name_or_an_address_of_the_candidate(town):
    town.hire("Ada", skills=("python",))
    town.book(town.offer())
    town.run_jobs()

    assert len(everything(town)) == 4
    assert "andy" not in str(everything(town))


def test_what_somebody_wrote_and_what_vendors_said_stays_here(town):
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer())
    with town.parts.database.transaction(town.organization_id) as session:
        row = session.get_one(rows.Booking, booking["id"])
        attention.needs_attention(session, town.parts, row, "Look at it.", error="403 ada@acme.example")
    bookings.cancel(
        town.parts, town.organization_id, booking["id"], reason="I am Candy, call 555", actor=RECRUITER
    )
    town.run_jobs()

    marked, cancelled = everything(town)[-2:]
    assert marked["data"]["reason"] == "Look at it."
    assert "403" not in str(marked)
    assert "555" not in str(cancelled)


def test_a_cursor_goes_on_where_one_has_read_to(town):
    happen(town, "run.requested", "run.cancelled")
    feed.publish(town.parts, town.organization_id)
    last = everything(town)[-1]["cursor"]
    happen(town, "run.finished")
    feed.publish(town.parts, town.organization_id)

    assert [e["type"] for e in feed.find(town.parts, town.organization_id, cursor=last).data] == [
        "run.finished"
    ]
    assert types(town, limit=1) == ["run.requested", "run.cancelled", "run.finished"]
    assert types(town, type="run.cancelled") == ["run.cancelled"]


@pytest.mark.parametrize("cursor", ["x", "LTE", "MS41", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA", "ü"])
def test_a_cursor_that_is_none_is_said_so(town, cursor):
    with pytest.raises(Invalid, match="not a cursor"):
        feed.find(town.parts, town.organization_id, cursor=cursor)


def test_each_organisation_has_a_feed_of_its_own(town):
    other = organizations.create(town.parts, name="Other")
    happen(town, "run.requested")
    feed.publish(town.parts, town.organization_id)
    feed.publish(town.parts, other)

    assert feed.find(town.parts, other).data == []
    assert types(town) == ["run.requested"]


def test_who_commits_late_is_not_passed_over(town):
    """The first event is inserted first and committed last: whoever reads in between misses nothing."""
    inserted, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with town.parts.database.transaction(town.organization_id) as session:
            events.record(session, town.parts, town.organization_id, "run.requested", actor=SYSTEM)
            session.flush()
            inserted.set()
            assert go_on.wait(PATIENCE)

    thread = threading.Thread(target=slow)
    thread.start()
    try:
        assert inserted.wait(PATIENCE)
        happen(town, "run.cancelled")
        feed.publish(town.parts, town.organization_id)
        [first] = everything(town)
    finally:
        go_on.set()
        thread.join()
    feed.publish(town.parts, town.organization_id)

    assert first["type"] == "run.cancelled"
    after = feed.find(town.parts, town.organization_id, cursor=first["cursor"]).data
    assert [event["type"] for event in after] == ["run.requested"]


def test_many_who_publish_at_once_number_everything_once(town):
    happen(town, *["run.requested"] * 40)

    def publish() -> None:
        for _ in range(5):
            happen(town, "run.cancelled")
            feed.publish(town.parts, town.organization_id)

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with town.parts.database.transaction(town.organization_id) as session:
        positions = session.scalars(sa.select(rows.Event.feed_position)).all()
    assert sorted(positions) == list(range(1, 61))


def test_more_than_one_transaction_takes_on_is_published_by_the_next(town, monkeypatch):
    monkeypatch.setattr(feed, "MOST", 3)
    happen(town, *["run.requested"] * 7)

    town.run_jobs()

    assert len(everything(town)) == 7


def test_what_a_lost_job_left_is_found_by_the_sweep(town):
    happen(town, "run.requested")
    with town.parts.database.lookup() as session:
        session.execute(sa.text("delete from procrastinate_jobs"))

    upkeep.sweep(town.parts)
    town.run_jobs()

    assert types(town) == ["run.requested"]


def test_what_is_rolled_back_has_not_happened(town):
    with town.parts.database.transaction(town.organization_id) as session:
        events.record(session, town.parts, town.organization_id, "run.requested", actor=SYSTEM)
        session.rollback()
    town.run_jobs()

    assert types(town) == []


def test_an_event_stays_as_it_is(town):
    happen(town, "run.requested")

    with (
        pytest.raises(sa.exc.ProgrammingError),
        town.parts.database.transaction(town.organization_id) as session,
    ):
        session.execute(sa.update(rows.Event).values(data={"reason": "another"}))


def test_who_asked_is_in_the_event(town):
    town.hire("Ada", skills=("python",))
    run = town.offer()
    runs.cancel(town.parts, town.organization_id, run["id"], actor=Actor("key_other"))
    town.run_jobs()

    assert everything(town)[-1]["data"]["actor"] == "key_other"
