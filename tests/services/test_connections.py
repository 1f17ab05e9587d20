# SPDX-License-Identifier: Apache-2.0
"""People connect their own calendars: from the link to the sealed grant, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from calendars.errors import NotAllowed, Outage
from calendars.google.oauth import GoogleSignIn
from calendars.microsoft import Credential, EntraApplication, MicrosoftCalendars
from calendars.microsoft.oauth import MicrosoftSignIn
from scheduler import doctor
from scheduler.db import convert, rows
from scheduler.domain.errors import Conflict
from scheduler.domain.intervals import Interval
from scheduler.services import connecting, connections, grants, interviewers, readings
from scheduler.services.connecting import WrongLink, WrongPerson
from scheduler.services.sealing import Sealing
from tests.fakes.faults import answer
from tests.fakes.microsoft import FakeMicrosoft
from tests.races import Beside, after
from tests.services.doors import ADA, NEW, granting, sign_in_of


def test_a_calendar_is_connected_by_its_owner(door):
    before = door.status()["status"]
    leaving = door.leave()
    arrived = door.arrive(door.back(leaving), leaving.mark)

    assert (before, door.status()["status"]) == ("not_connected", "connected")
    assert (arrived.name, arrived.address) == ("Ada", ADA)
    assert door.access().personal(ADA).token()


def test_what_was_granted_is_sealed_and_asks_for_the_least(door):
    leaving = door.leave()
    asked = parse_qs(urlsplit(leaving.url).query)
    door.arrive(door.back(leaving), leaving.mark)

    assert asked["code_challenge_method"] == ["S256"]
    assert asked["login_hint"] == [ADA]
    scopes = asked["scope"][0].lower()
    assert "calendar" in scopes
    assert not any(word in scopes for word in ("mail.", "contacts", "drive", "auth/calendar "))
    content = Sealing([NEW]).open(door.row().secret)
    assert content["refresh_token"].encode() not in door.row().secret


def test_a_link_without_a_good_ticket_leads_nowhere(door):
    good = door.ticket()
    for bad in ("", "a.b.c", good[:-2], good.replace("ivw_", "ivx_"), f"{good}x"):
        with pytest.raises(WrongLink):
            connecting.leave(door.town.parts, door.provider, bad)
    other = "microsoft" if door.provider == "google" else "google"
    with pytest.raises(WrongLink):
        connecting.leave(door.town.parts, other, good)
    door.town.clock.forward(days=8)
    with pytest.raises(WrongLink):
        connecting.leave(door.town.parts, door.provider, good)


def test_an_answer_counts_once_in_the_same_browser_and_in_time(door):
    """Case 68: replayed, from another browser, without its state, or late."""
    leaving = door.leave()
    answer = door.back(leaving)
    for mark in (None, "another"):
        with pytest.raises(WrongLink):
            door.arrive(answer, mark)
        leaving = door.leave()
        answer = door.back(leaving)
    with pytest.raises(WrongLink):
        door.arrive({**answer, "state": "guessed"}, leaving.mark)
    door.arrive(answer, leaving.mark)
    with pytest.raises(WrongLink):
        door.arrive(answer, leaving.mark)

    late = door.leave()
    answer = door.back(late)
    door.town.clock.forward(minutes=16)
    with pytest.raises(WrongLink):
        door.arrive(answer, late.mark)


def test_somebody_who_says_no_has_said_no(door):
    """Case 68."""
    leaving = door.leave()
    state = parse_qs(urlsplit(leaving.url).query)["state"][0]

    with pytest.raises(Conflict):
        door.arrive({"error": "access_denied", "state": state}, leaving.mark)
    assert door.status()["status"] == "not_connected"


def test_somebody_else_cannot_connect_adas_calendar(door):
    leaving = door.leave()

    with pytest.raises(WrongPerson):
        door.arrive(door.back(leaving, "bob@acme.example"), leaving.mark)
    assert door.status()["status"] == "not_connected"


def test_too_little_that_was_granted_is_noticed_at_once(door):
    """Case 65."""
    leaving = door.leave()
    with pytest.raises(Conflict, match=r"connect again"):
        door.arrive(door.back(leaving, scopes=["openid", "email"]), leaving.mark)
    assert door.status()["status"] == "not_connected"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "somebody-else"},
        {"iss": "https://evil.example"},
        {"nonce": "another"},
        {"exp": 1},
        {"iss": None},
        {"tid": "another-tenant", "email_verified": False},
    ],
    ids=["audience", "issuer", "nonce", "expired", "no issuer", "tenant or unverified"],
)
def test_an_identity_that_is_not_what_it_should_be_is_refused_by_us(door, claims):
    """Case 68: MSAL checks none of it but the nonce."""
    door.fake.id_token_claims.update(claims)
    leaving = door.leave()

    with pytest.raises(Conflict):
        door.arrive(door.back(leaving), leaving.mark)
    assert door.status()["status"] == "not_connected"


@pytest.mark.parametrize("door", ["microsoft"], indirect=True)
def test_a_tenant_may_be_named_by_its_domain(door):
    credential = Credential(secret=door.fake.client_secret)
    sign_in = MicrosoftSignIn(
        door.fake.tenant_domain, door.fake.client_id, credential, authority=door.fake.authority
    )
    door.town.parts = replace(door.town.parts, sign_ins={"microsoft": sign_in})

    door.connect()

    assert door.status()["status"] == "connected"


@pytest.mark.parametrize("door", ["microsoft"], indirect=True)
def test_a_certificate_that_cannot_be_read_breaks_nobodys_connection(door, tmp_path):
    door.connect()
    credential = Credential(certificate_file=tmp_path / "gone.pem")
    sign_in = MicrosoftSignIn(
        door.fake.tenant_id, door.fake.client_id, credential, authority=door.fake.authority
    )
    door.town.parts = replace(door.town.parts, sign_ins={"microsoft": sign_in})
    door.town.clock.forward(hours=2)

    with pytest.raises(Outage, match="cannot be read"):
        door.access().personal(ADA).token()
    assert door.status()["status"] == "connected"


def test_a_calendar_that_is_only_read_is_connected_by_its_own_link(door):
    there = {"provider": door.provider, "address": ADA}
    changes = {"calendar": {"provider": "ics", "address": ADA}, "busy_calendars": [there]}
    town = door.town
    interviewers.update(town.parts, town.organization_id, door.ada, changes)

    url = connections.invite(town.parts, town.organization_id, door.ada, {"provider": door.provider})["url"]
    ticket = parse_qs(urlsplit(url).query)["ticket"][0]
    leaving = connecting.leave(town.parts, door.provider, ticket)
    door.arrive(door.back(leaving), leaving.mark)

    assert door.status()["status"] == "not_needed"
    assert connections.status(town.parts, town.organization_id, door.ada, there)["status"] == "connected"
    door.fake.revoke(ADA)
    town.clock.forward(hours=2)
    with pytest.raises(NotAllowed):
        door.access().personal(ADA).token()
    town.run_jobs()
    (mail,) = town.post.mails
    assert f"/connect/{door.provider}?ticket=" in mail.get_body(("plain",)).get_content().replace("\n", "")
    connections.forget(town.parts, town.organization_id, door.ada, there)
    assert door.access().personal(ADA) is None


def test_a_sign_in_that_is_down_breaks_nothing(door):
    """Case 63."""
    door.connect()
    door.town.clock.forward(hours=2)
    door.fake.faults.add(answer(503, {}), path="token$", times=1)

    with pytest.raises(Exception, match="not answering"):
        door.access().personal(ADA).token()
    assert door.status()["status"] == "connected"
    assert door.access().personal(ADA).token()


def test_what_was_granted_can_be_thrown_away(door):
    door.connect()
    connections.forget(door.town.parts, door.town.organization_id, door.ada)

    assert door.status()["status"] == "not_connected"
    assert door.access().personal(ADA) is None


def test_what_somebody_granted_goes_with_them(door):
    door.connect()
    interviewers.delete(door.town.parts, door.town.organization_id, door.ada)

    assert door.access().personal(ADA) is None
    assert doctor.connected(granting(door)) == "0 connected"


@pytest.mark.parametrize(
    ("calendars", "kept"),
    [
        ({"calendar": {"provider": "ics", "address": ADA}}, False),
        ({"calendar": {"provider": "ics", "address": ADA}, "busy_calendars": ["the old one"]}, True),
        ({"name": "Ada Obi"}, True),
    ],
    ids=["another", "another, still read", "the same"],
)
def test_what_was_granted_lasts_as_long_as_the_calendar_is_theirs(door, calendars, kept):
    door.connect()
    if "busy_calendars" in calendars:
        calendars = calendars | {"busy_calendars": [{"provider": door.provider, "address": ADA}]}

    interviewers.update(door.town.parts, door.town.organization_id, door.ada, calendars)

    assert (door.access().personal(ADA) is not None) == kept


def test_who_has_gone_meanwhile_connects_nothing(door):
    leaving = door.leave()
    answer = door.back(leaving)
    interviewers.delete(door.town.parts, door.town.organization_id, door.ada)

    with pytest.raises(WrongLink):
        door.arrive(answer, leaving.mark)


def test_who_goes_while_they_connect_leaves_nothing(door):
    leaving, gone = door.leave(), []
    answer = door.back(leaving)

    def go() -> None:
        gone.append(
            Beside(
                door.town, lambda: interviewers.delete(door.town.parts, door.town.organization_id, door.ada)
            )
        )

    with after(["FROM organizations", "pk_1"], go):
        door.arrive(answer, leaving.mark)

    assert [other.end() for other in gone] == [None]
    assert grants.connected(door.town.parts, door.town.organization_id, door.provider) == {}


def test_a_calendar_that_needs_no_connection_says_so(town):
    ada = town.hire("Ada")

    status = connections.status(town.parts, town.organization_id, ada)

    assert status["status"] == "not_needed"
    with pytest.raises(Conflict):
        connections.invite(town.parts, town.organization_id, ada)


def test_a_service_without_a_client_names_the_settings(town):
    ada = town.hire("Ada", calendar={"provider": "google", "address": ADA})

    with pytest.raises(Conflict, match="GOOGLE_CLIENT_ID"):
        connections.invite(town.parts, town.organization_id, ada)


def test_access_for_everybody_is_said_of_calendars_that_it_opens(town):
    """An Entra application may be there for single people's grants alone."""
    with FakeMicrosoft() as fake:
        fake.now = town.clock
        for address in (ADA, "bob@acme.example"):
            fake.add_person(address)
        fake.no_access("bob@acme.example")
        application = EntraApplication(
            fake.tenant_id, fake.client_id, Credential(secret=fake.client_secret), authority=fake.authority
        )
        provider = MicrosoftCalendars(application, endpoint=fake.graph_endpoint, now=town.clock)
        town.parts = replace(
            town.parts,
            granted=lambda _: {"microsoft": provider},
            for_everybody=frozenset({"microsoft"}),
        )
        ada, bob = (
            town.hire(name, calendar={"provider": "microsoft", "address": f"{name.lower()}@acme.example"})
            for name in ("Ada", "Bob")
        )
        before = connections.status(town.parts, town.organization_id, bob)
        with town.parts.database.transaction(town.organization_id) as session:
            people = [convert.interviewer(session.get_one(rows.Interviewer, id_)) for id_ in (ada, bob)]
        window = Interval(town.clock(), town.clock() + timedelta(days=1))
        readings.read_all(town.parts, town.organization_id, people, window)

    opened, closed = (connections.status(town.parts, town.organization_id, id_) for id_ in (ada, bob))
    assert (before["status"], "the first look tells" in before["what_to_do"]) == ("organization", True)
    assert (opened["status"], opened["reason"]) == ("organization", None)
    assert (closed["status"], bool(closed["reason"])) == ("not_connected", True)
    assert "POST" in closed["what_to_do"]


def test_the_doctor_tries_every_connection(door):
    door.connect()
    well = doctor.connected(granting(door))
    door.fake.revoke(ADA)
    door.town.clock.forward(hours=2)

    with pytest.raises(doctor.Unwell, match="1 connected, 1 do not work") as told:
        doctor.connected(granting(door))
    assert well == "1 connected"
    assert "1 of them: " in str(told.value)
    assert "connected again" in str(told.value)
    assert ADA not in str(told.value)


def test_the_doctor_changes_nothing_and_mails_nobody(door):
    door.connect()
    door.fake.revoke(ADA)
    door.town.clock.forward(hours=2)
    door.town.parts = replace(door.town.parts, only_looks=True)

    with pytest.raises(doctor.Unwell, match="connected again"):
        doctor.connected(granting(door))
    door.town.run_jobs()

    assert door.status()["status"] == "connected"
    assert door.town.post.mails == []


def test_the_doctor_finds_a_client_that_the_vendor_does_not_accept(door):
    assert doctor.sign_in(sign_in_of(door.fake), "The") == "people can connect their The calendars"
    wrong = door.fake.client_secret + "x"
    if door.provider == "google":
        client = GoogleSignIn(door.fake.client_id, wrong, token_url=door.fake.token_uri)
    else:
        credential = Credential(secret=wrong)
        client = MicrosoftSignIn(
            door.fake.tenant_id, door.fake.client_id, credential, authority=door.fake.authority
        )

    with pytest.raises(Outage, match="does not accept"):
        doctor.sign_in(client, "The")
