# SPDX-License-Identifier: Apache-2.0
"""Events at Google and Microsoft as the organisation wishes them."""

from __future__ import annotations

from scheduler.services import runs
from tests.services.town import CONTACT


def test_a_link_that_google_makes_later_reaches_the_candidate(networks):
    """Case 47, through to the mailbox."""
    networks.google.conferences.after = 2
    networks.hire("Ada", "google", "python")
    booking = networks.booked("python", conference="google_meet")
    assert booking["sessions"][0]["conference_url"] is None

    networks.later(seconds=4)
    networks.later(seconds=4)

    link = networks.booking(booking)["sessions"][0]["conference_url"]
    assert link.startswith("https://meet.google.com/")
    confirmed = networks.town.post.mails[-1]
    assert link in confirmed.get_body(("plain",)).get_content()
    assert (
        runs.get(networks.town.parts, networks.town.organization_id, booking["run_id"])["contact"] == CONTACT
    )
