# SPDX-License-Identifier: Apache-2.0
"""What somebody granted: sealed, renewed, used once, and told when it has ended."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from calendars.errors import NotAllowed, TryLater
from calendars.oauth import Tokens
from scheduler import doctor
from scheduler.db.session import CONNECTIONS
from scheduler.services import grants, interviewers
from scheduler.services.connecting import WrongLink
from scheduler.services.sealing import Sealing
from tests.patience import PATIENCE
from tests.races import wait_until_somebody_waits
from tests.services.doors import ADA, NEW, OLD, granting


def test_a_token_is_kept_until_it_ends_and_then_renewed(door):
    door.connect()
    tokens = door.access().personal(ADA)
    first, again = tokens.token(), door.access().personal(ADA).token()

    door.town.clock.forward(hours=2)

    assert first == again
    assert tokens.token() != first


def test_two_workers_use_a_refresh_token_once(door):
    """Microsoft's are good for one use."""
    door.connect()
    door.town.clock.forward(hours=2)
    got, threads = [], []
    for _ in range(6):
        source = door.access().personal(ADA)
        threads.append(threading.Thread(target=lambda source=source: got.append(source.token())))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == 6
    assert len(set(got)) == 1
    assert door.status()["status"] == "connected"


def test_a_provider_that_renews_no_token_leaves_the_database_to_others(door):
    """However many wait for it: each would keep a connection, and a process has ten."""
    door.connect()
    door.town.clock.forward(hours=2)
    parts, organization_id, con = door.town.parts, door.town.organization_id, door.row().id
    asked, go_on = threading.Event(), threading.Event()

    def hang(_refresh_token: str) -> Tokens:
        asked.set()
        go_on.wait(PATIENCE)
        return Tokens(access_token="new", expires_at=parts.now() + timedelta(hours=1))

    threads = [
        threading.Thread(target=grants.access_token, args=(parts, organization_id, con, hang))
        for _ in range(2 * CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    try:
        assert asked.wait(PATIENCE)
        assert all(door.status()["status"] == "connected" for _ in range(20))
    finally:
        go_on.set()
        for thread in threads:
            thread.join()


def test_a_token_that_is_refused_is_not_handed_out_again(door):
    door.connect()
    tokens = door.access().personal(ADA)
    first = tokens.token()

    tokens.drop(first)

    assert tokens.token() != first


def test_a_grant_that_was_taken_back_is_told_to_its_owner_once_with_a_link(door):
    """Case 60."""
    door.connect()
    door.fake.revoke(ADA)
    door.town.clock.forward(hours=2)

    for _ in range(3):
        with pytest.raises(NotAllowed):
            door.access().personal(ADA).token()
    door.town.run_jobs()

    status = door.status()
    assert (status["status"], bool(status["reason"])) == ("broken", True)
    (mail,) = [mail for mail in door.town.post.mails if ADA in str(mail["To"])]
    assert f"/connect/{door.provider}?ticket=" in mail.get_body(("plain",)).get_content().replace("\n", "")
    door.connect()
    assert door.status()["status"] == "connected"


def test_whoever_connects_anew_while_the_end_of_a_grant_is_noticed_is_connected(door):
    door.connect()
    con, connecting_anew = door.row().id, threading.Thread(target=door.connect)

    def refused(_refresh_token: str) -> Tokens:
        connecting_anew.start()
        wait_until_somebody_waits(door.town)
        raise NotAllowed("It was taken back.")

    door.town.clock.forward(hours=2)
    with pytest.raises(NotAllowed):
        grants.access_token(door.town.parts, door.town.organization_id, con, refused)
    connecting_anew.join()

    assert door.status()["status"] == "connected"


def test_a_run_that_finds_an_ended_grant_sends_no_second_mail(door):
    door.connect()
    interviewers.update(
        door.town.parts,
        door.town.organization_id,
        door.ada,
        {"qualifications": [{"skill": "python", "level": "qualified"}]},
    )
    door.fake.revoke(ADA)
    door.town.clock.forward(hours=2)
    door.town.parts = granting(door)

    run = door.town.offer()

    assert run["candidates"][0]["options"] == []
    assert len([mail for mail in door.town.post.mails if ADA in str(mail["To"])]) == 1


def test_old_keys_open_what_they_sealed_and_rotation_lets_them_go(door):
    door.town.parts = replace(door.town.parts, sealing=Sealing([OLD]))
    door.connect()
    both = replace(door.town.parts, sealing=Sealing([NEW, OLD]))

    assert grants.rotate(both) == (1, [])
    assert grants.rotate(replace(both, sealing=Sealing([NEW]))) == (1, [])
    door.town.parts = replace(both, sealing=Sealing([NEW]))
    assert door.access().personal(ADA).token()


def test_what_no_key_opens_is_named_and_can_be_connected_again(door):
    door.connect()
    door.town.parts = replace(door.town.parts, sealing=Sealing([Fernet.generate_key().decode()]))

    done, unopened = grants.rotate(door.town.parts)
    door.connect()

    assert (done, unopened) == (0, [door.row().id])
    assert door.access().personal(ADA).token()


def test_a_process_that_lacks_the_key_says_nothing_about_the_grant(door):
    """As while keys are rotated: one process knows the old key alone, and what it reads is sealed anew."""
    door.connect()
    knows, lacks = door.town.parts, replace(door.town.parts, sealing=Sealing([OLD]))
    door.town.parts = lacks

    with pytest.raises(TryLater, match="SECRET_KEYS"):
        door.access().personal(ADA).token()
    with pytest.raises(doctor.Unwell, match="SECRET_KEYS"):
        doctor.connected(granting(door))
    door.town.run_jobs()
    door.town.parts = knows

    assert door.town.post.mails == []
    assert door.status()["status"] == "connected"
    assert door.access().personal(ADA).token()


def test_somebody_who_left_under_a_key_that_is_gone_starts_again(door):
    leaving = door.leave()
    answer = door.back(leaving)
    door.town.parts = replace(door.town.parts, sealing=Sealing([OLD]))

    with pytest.raises(WrongLink):
        door.arrive(answer, leaving.mark)
