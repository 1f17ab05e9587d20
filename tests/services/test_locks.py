# SPDX-License-Identifier: Apache-2.0
"""Verbs that concern one candidate wait for each other; they do not deadlock."""

from __future__ import annotations

import threading

import pytest

from scheduler.domain.errors import Refusal
from scheduler.services import invitations, picking, runs
from tests.services.town import RECRUITER

ROUNDS = 6
WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-05T00:00:00Z"}


def at_once(*verbs) -> list[BaseException]:
    """Run these together; what they raised that is no refusal of ours."""
    errors: list[BaseException] = []
    together = threading.Barrier(len(verbs))

    def run(verb) -> None:
        together.wait()
        try:
            verb()
        except Refusal:
            pass
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test shall see it
            errors.append(error)

    threads = [threading.Thread(target=run, args=(verb,)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.parametrize("verb", [invitations.revoke, invitations.resend])
def test_cancelling_a_run_beside_its_invitation_never_deadlocks(town, verb):
    town.hire("Ada", skills=("python",))
    plan = town.plan()
    for _ in range(ROUNDS):
        run = town.offer(plan, window=WINDOW)
        invitation = run["candidates"][0]["invitation"]["id"]
        assert (
            at_once(
                lambda run=run: runs.cancel(town.parts, town.organization_id, run["id"], actor=RECRUITER),
                lambda id_=invitation: verb(town.parts, town.organization_id, id_, actor=RECRUITER),
            )
            == []
        )


def test_booking_beside_cancelling_the_run_has_one_winner(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan()
    for _ in range(ROUNDS):
        run = town.offer(plan, window=WINDOW)
        option = run["candidates"][0]["options"][0]["id"]
        assert (
            at_once(
                lambda run=run: runs.cancel(town.parts, town.organization_id, run["id"], actor=RECRUITER),
                lambda id_=option: picking.book(town.parts, town.organization_id, id_, actor=RECRUITER),
            )
            == []
        )
        after = runs.get(town.parts, town.organization_id, run["id"])["candidates"][0]
        assert after["status"] == ("booked" if after["booking_id"] else "cancelled")
