# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timedelta

import icalendar
import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.errors import Conflict, Gone, NotFound
from scheduler.domain.intervals import parse_instant
from scheduler.messages.errors import TryLater
from scheduler.services import bookings, candidate_link, candidates, invitations, mails, runs, upkeep
from scheduler.services.links import Links
from scheduler.services.picks import TakenWithOthers
from tests.services.town import CONTACT, RECRUITER

CANDY = {"name": "Candy Ray", "email": "candy@example.net"}
WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-12T00:00:00Z"}


@pytest.fixture
def run(town):
    town.hire("Ada", skills=("python",))
    return town.offer(window=WINDOW)


def last_start(run: dict) -> datetime:
    return max(parse_instant(option["start"]) for option in run["candidates"][0]["options"])


def invitation_of(run: dict) -> str:
    return run["candidates"][0]["invitation"]["id"]


def test_a_link_shows_what_can_be_chosen(town, run):
    link = candidate_link.open(town.parts, town.token(run))

    assert link.status == "offered"
    assert link.candidate.name == "Candy Ray"
    assert link.plan.name == "Technical interview"
    assert link.contact == CONTACT
    assert sorted(o.id for o in link.options) == sorted(o["id"] for o in run["candidates"][0]["options"])
    assert link.booking is None


def test_opening_a_link_changes_nothing(town, run):
    before = runs.get(town.parts, town.organization_id, run["id"])

    for _ in range(3):
        candidate_link.open(town.parts, town.token(run))

    assert runs.get(town.parts, town.organization_id, run["id"]) == before


def test_a_wrong_link_is_not_found(town, run):
    for token in ("", "x" * 43, town.token(run)[:-1], town.token(run) + "A"):
        with pytest.raises(NotFound):
            candidate_link.open(town.parts, token)


def test_the_token_itself_is_nowhere_in_the_database(town, run):
    token = town.token(run)
    with town.parts.database.transaction(town.organization_id) as session:
        for table in ("invitations", "messages", "events", "options", "run_candidates", "procrastinate_jobs"):
            found = session.scalar(
                sa.text(f"select count(*) from {table} t where t::text like :token"), {"token": f"%{token}%"}
            )
            assert (table, found) == (table, 0)


def test_booking_through_the_link(town, run):
    token = town.token(run)
    option = candidate_link.open(town.parts, token).options[0]

    booking = candidate_link.book(town.parts, token, option.id)

    link = candidate_link.open(town.parts, token)
    assert link.status == "booked"
    assert link.booking == booking
    assert booking["history"][0]["actor"] == "candidate"
    assert link.options == ()


def test_a_link_books_only_its_own_options(town, run):
    other = town.offer(town.plan(), candidates=[{"name": "Dora", "email": "dora@example.net"}], window=WINDOW)
    foreign = other["candidates"][0]["options"][0]["id"]

    with pytest.raises(NotFound):
        candidate_link.book(town.parts, town.token(run), foreign)


def test_an_expired_offer_says_so_books_nothing_and_rejects_nobody(town, run):
    token = town.token(run)
    option = run["candidates"][0]["options"][-1]["id"]
    town.clock.instant = parse_instant(run["candidates"][0]["invitation"]["expires_at"])

    assert candidate_link.open(town.parts, token).status == "expired"
    with pytest.raises(Gone) as refusal:
        candidate_link.book(town.parts, token, option)
    assert refusal.value.reason == "expired"

    upkeep.sweep(town.parts)
    after = runs.get(town.parts, town.organization_id, run["id"])["candidates"][0]
    assert after["status"] == "expired"
    assert {o["status"] for o in after["options"]} == {"expired"}


def test_the_contact_hears_of_an_offer_that_ended_unanswered(town, run):
    town.clock.instant = parse_instant(run["candidates"][0]["invitation"]["expires_at"])
    upkeep.sweep(town.parts)
    town.run_jobs()

    assert any("Candy" in subject for subject in town.post.subjects_to(CONTACT["email"]))
    text = " ".join(town.post.mails[-1].get_body(("plain",)).get_content().split())
    assert "You can offer new ones, or write to them yourself." in text
    with pytest.raises(Conflict):  # so the mail does not say that the link can be sent again
        invitations.resend(town.parts, town.organization_id, invitation_of(run), actor=RECRUITER)


def test_times_that_are_too_near_by_now_are_not_said_to_be_looked_for(town, run):
    last = last_start(run) - timedelta(hours=24)
    town.clock.instant = last + timedelta(minutes=1)

    link = candidate_link.open(town.parts, town.token(run))

    assert (link.status, link.ran_out, link.expires_at > town.clock()) == ("searching", last, True)


def test_an_offer_ends_when_the_last_of_its_times_can_be_chosen_no_more(town, run):
    last = last_start(run) - timedelta(hours=24)
    token, options = town.token(run), run["candidates"][0]["options"]
    town.clock.instant = last
    upkeep.sweep(town.parts)
    assert candidate_link.open(town.parts, token).status == "offered"

    town.clock.forward(seconds=1)
    upkeep.sweep(town.parts)
    town.run_jobs()

    link = candidate_link.open(town.parts, token)
    assert (link.status, link.expires_at) == ("expired", last)
    assert silences(town) == 1
    with pytest.raises(Gone):
        candidate_link.book(town.parts, token, options[0]["id"])
    text = " ".join(town.post.mails[-1].get_body(("plain",)).get_content().split())
    assert f"Until Wednesday {last.day} December" in text


def test_an_offer_whose_times_others_took_does_not_end_while_others_are_looked_for(town, run):
    with town.parts.database.transaction(town.organization_id) as session:
        session.execute(sa.update(rows.Option).values(status="withdrawn"))
    town.clock.instant = last_start(run)

    upkeep.sweep(town.parts)

    assert (candidate_link.open(town.parts, town.token(run)).status, silences(town)) == ("searching", 0)


def silences(town):
    with town.parts.database.transaction(town.organization_id) as session:
        silent = sa.select(sa.func.count()).where(rows.Event.type == "candidate.silent")
        return session.scalar(silent)


def test_nobody_is_said_to_look_for_times_when_the_offer_has_ended(town, run):
    with town.parts.database.transaction(town.organization_id) as session:
        session.execute(sa.update(rows.RunCandidate).values(status="infeasible"))
        session.execute(sa.update(rows.Option).values(status="withdrawn"))
    assert candidate_link.open(town.parts, town.token(run)).status == "searching"

    town.clock.instant = parse_instant(run["candidates"][0]["invitation"]["expires_at"])

    assert candidate_link.open(town.parts, town.token(run)).status == "expired"


def test_an_invitation_to_nothing_is_neither_sent_nor_sent_again(town):
    town.hire("Ada", skills=("python",))
    town.post.failure = TryLater("away")
    run = town.offer(town.plan(), window=WINDOW)
    last = last_start(run) - timedelta(hours=24)
    town.clock.instant = last + timedelta(minutes=1)
    town.post.failure = None

    with pytest.raises(Conflict) as refusal:
        invitations.resend(town.parts, town.organization_id, invitation_of(run), actor=RECRUITER)
    upkeep.sweep(town.parts)
    town.run_jobs()

    assert refusal.value.reason == "nothing_to_choose"
    assert town.post.subjects_to("candy@example.net") == []
    text = " ".join(town.post.mails[-1].get_body(("plain",)).get_content().split())
    assert "Our mail with its link never went out" in text


def test_a_revoked_link_is_gone_at_once(town, run):
    invitations.revoke(town.parts, town.organization_id, invitation_of(run), actor=RECRUITER)

    with pytest.raises(Gone):
        candidate_link.open(town.parts, town.token(run))
    with pytest.raises(Gone):
        candidate_link.book(town.parts, town.token(run), run["candidates"][0]["options"][0]["id"])


def test_resending_a_revoked_invitation_makes_a_new_link(town, run):
    old = town.token(run)
    invitations.revoke(town.parts, town.organization_id, invitation_of(run), actor=RECRUITER)

    again = invitations.resend(town.parts, town.organization_id, invitation_of(run), actor=RECRUITER)
    town.run_jobs()

    new = again["url"].rsplit("/", 1)[1]
    assert new != old
    assert candidate_link.open(town.parts, new).status == "offered"
    with pytest.raises(NotFound):
        candidate_link.open(town.parts, old)
    assert len(town.post.subjects_to("candy@example.net")) == 2


def test_resending_keeps_the_link_that_is_in_the_first_mail(town, run):
    again = invitations.resend(town.parts, town.organization_id, invitation_of(run), actor=RECRUITER)

    assert again["url"] == run["candidates"][0]["invitation"]["url"]


def test_a_booked_invitation_cannot_be_sent_again(town, run):
    town.book(run)

    with pytest.raises(Conflict):
        invitations.resend(town.parts, town.organization_id, invitation_of(run), actor=RECRUITER)


def test_links_outlive_a_new_secret_key_and_end_with_their_own(town, run):
    token = town.token(run)
    rotated = town.parts.evolve(links=Links(["second-key", "first-secret-key"], "https://x.example"))
    retired = town.parts.evolve(links=Links(["second-key"], "https://x.example"))

    assert candidate_link.open(rotated, token).status == "offered"
    assert runs.get(retired, town.organization_id, run["id"])["candidates"][0]["invitation"]["url"] is None
    renewed = invitations.resend(retired, town.organization_id, invitation_of(run), actor=RECRUITER)
    assert candidate_link.open(retired, renewed["url"].rsplit("/", 1)[1]).status == "offered"


def test_the_candidate_can_cancel_and_the_page_stays(town, run):
    token = town.token(run)
    candidate_link.book(town.parts, token, run["candidates"][0]["options"][0]["id"])

    cancelled = candidate_link.cancel(town.parts, token, " I am ill ")

    assert cancelled["status"] == "cancelled"
    assert cancelled["history"][-1] == {
        "at": cancelled["history"][-1]["at"],
        "actor": "candidate",
        "event": "booking.cancelled",
        "version": 2,
        "reason": "I am ill",
    }
    assert candidate_link.open(town.parts, token).status == "cancelled"
    with pytest.raises(Conflict):
        candidate_link.book(town.parts, token, run["candidates"][0]["options"][1]["id"])


def test_nothing_booked_is_nothing_to_cancel(town, run):
    with pytest.raises(Conflict) as refusal:
        candidate_link.cancel(town.parts, town.token(run))

    assert refusal.value.reason == "nothing_booked"


def test_an_interview_that_has_begun_cannot_be_cancelled_by_its_link(town, run):
    token = town.token(run)
    booking = candidate_link.book(town.parts, token, run["candidates"][0]["options"][0]["id"])
    town.clock.instant = parse_instant(booking["start"]) + timedelta(minutes=1)

    with pytest.raises(Conflict) as refusal:
        candidate_link.cancel(town.parts, token)

    assert refusal.value.reason == "begun"


def test_after_the_interview_the_link_says_it_is_over(town, run):
    token = town.token(run)
    booking = candidate_link.book(town.parts, token, run["candidates"][0]["options"][0]["id"])
    town.clock.instant = parse_instant(booking["end"])
    upkeep.sweep(town.parts)

    assert candidate_link.open(town.parts, token).status == "completed"


@pytest.mark.parametrize(
    ("known", "kept", "version"), [(None, "Asia/Tokyo", 2), ("Europe/London", "Europe/London", 1)]
)
def test_a_zone_chosen_on_the_page_is_kept_where_none_was_known(town, known, kept, version):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW, candidates=[{**CANDY, "time_zone": known}])

    for zone in ("Asia/Tokyo", "Asia/Seoul"):
        candidate_link.keep_zone(town.parts, town.token(run), zone)

    candidate = candidates.get(town.parts, town.organization_id, run["candidates"][0]["candidate"]["id"])
    assert (candidate["time_zone"], candidate["_version"]) == (kept, version)


def test_the_booked_interview_can_be_kept_as_a_calendar_file(town, run):
    token = town.token(run)
    with pytest.raises(NotFound):
        candidate_link.invite(town.parts, token)
    booking = candidate_link.book(town.parts, token, run["candidates"][0]["options"][0]["id"])

    calendar = icalendar.Calendar.from_ical(candidate_link.invite(town.parts, token))

    (event,) = calendar.walk("VEVENT")
    assert (event.start, event.end) == (parse_instant(booking["start"]), parse_instant(booking["end"]))
    assert calendar["METHOD"] == "PUBLISH"
    assert token not in calendar.to_ical().decode()


def test_a_cancelled_run_closes_its_links(town, run):
    runs.cancel(town.parts, town.organization_id, run["id"], actor=RECRUITER)

    with pytest.raises(Gone):
        candidate_link.open(town.parts, town.token(run))
    assert bookings.find(town.parts, town.organization_id).data == []
    assert {m["status"] for m in mails.find(town.parts, town.organization_id).data} == {"sent"}


def test_who_holds_a_link_is_not_told_who_else_was_thought_of_and_at_what_cost(town):
    for name in ("Ada", "Ben"):
        town.hire(name, skills=("python",))
    run = town.offer(options=2)
    told = run["candidates"][0]["options"]
    assert any("Ben" in reason["text"] for option in told for reason in option["reasons"])

    link = candidate_link.open(town.parts, town.token(run))

    assert [(view["cost"], view["reasons"]) for view in link.option_views] == [(0, [])] * 2
    assert [view["sessions"] for view in link.option_views] == [option["sessions"] for option in told]


def test_nor_when_the_time_has_gone(town):
    for name in ("Ada", "Ben"):
        town.hire(name, skills=("python",))
    run = town.offer()
    chosen = run["candidates"][0]["options"][0]
    start, end = parse_instant(chosen["start"]), parse_instant(chosen["end"])
    for address in ("ada@acme.example", "ben@acme.example"):
        town.calendars.add_busy(address, start, end)

    with pytest.raises(TakenWithOthers) as refusal:
        candidate_link.book(town.parts, town.token(run), chosen["id"])

    assert {(view["cost"], str(view["reasons"])) for view in refusal.value.options} == {(0, "[]")}
