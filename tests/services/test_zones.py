# SPDX-License-Identifier: Apache-2.0
"""On whose clock a contact, who names no zone, reads when it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.domain.intervals import parse_instant
from scheduler.services import bookings, interviewers
from scheduler.services.parts import CANDIDATE
from tests.services.town import CONTACT

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-05T00:00:00Z"}
CANDY = {"name": "Candy Ray", "email": "candy@example.net", "time_zone": "America/New_York"}
LONDON, BERLIN, ATHENS = "Europe/London", "Europe/Berlin", "Europe/Athens"


def hire_all(town, zones, **fields):
    for number, zone in enumerate(zones):
        town.hire(f"Person{number}", skills=("python",), time_zone=zone, **fields)


def booked(town):
    booking = town.book(town.offer(window=WINDOW, candidates=[CANDY]))
    town.run_jobs()
    return booking


def panel_zone(town, booking):
    [person] = booking["sessions"][0]["interviewers"]
    found = interviewers.get(town.parts, town.organization_id, person["id"])
    return found["time_zone"]


@pytest.mark.parametrize("seed", range(4))
def test_the_contact_reads_every_mail_about_a_booking_on_the_clock_of_who_interviews(town, seed):
    """Ids are drawn, so whoever comes first among all who could come is another each time."""
    del seed
    hire_all(town, [LONDON, BERLIN, ATHENS])
    booking = booked(town)
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=CANDIDATE)
    town.run_jobs()

    hours, name = {LONDON: (0, "GMT"), BERLIN: (1, "CET"), ATHENS: (2, "EET")}[panel_zone(town, booking)]
    when = f"{parse_instant(booking['start']) + timedelta(hours=hours):%H:%M} {name}"
    subjects = town.post.subjects_to(CONTACT["email"])
    assert len(subjects) == 2
    assert [when in subject for subject in subjects] == [True, True]


def test_a_contact_who_interviews_too_reads_on_their_own_clock(town):
    hire_all(town, [BERLIN])
    town.hire("Rosa", email=CONTACT["email"].upper(), time_zone=ATHENS, active=False)
    booking = booked(town)

    when = f"{parse_instant(booking['start']) + timedelta(hours=2):%H:%M} EET"
    assert [when in subject for subject in town.post.subjects_to(CONTACT["email"])] == [True]


def test_before_anything_is_booked_it_is_the_clock_of_most_who_could_hold_it(town):
    hire_all(town, [ATHENS, BERLIN, BERLIN, LONDON])
    for name in ("Gil", "Hal", "Ida"):
        town.hire(name, skills=("rust",), time_zone=LONDON)
    run = town.offer(window={**WINDOW, "end": "2026-12-02T09:00:00Z"}, candidates=[CANDY])

    assert run["candidates"][0]["status"] == "infeasible"
    [mail] = [mail for mail in town.post.mails if CONTACT["email"] in str(mail["To"])]
    said = mail.get_body(("plain",)).get_content()
    assert "Berlin time (CET)" in said, said
