# SPDX-License-Identifier: Apache-2.0
"""People connect their own calendars: from the link to the sealed grant, and what becomes of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from calendars.errors import NotAllowed, Outage, TryLater
from calendars.google import GoogleCalendars
from calendars.google.oauth import GoogleSignIn
from calendars.microsoft import Credential, EntraApplication, MicrosoftCalendars
from calendars.microsoft.oauth import MicrosoftSignIn
from calendars.oauth import Tokens
from scheduler import doctor
from scheduler.access import Granted, OrganizationAccess, try_account
from scheduler.db import convert, rows
from scheduler.db.session import CONNECTIONS
from scheduler.domain.errors import Conflict, Invalid, NotFound
from scheduler.domain.intervals import Interval
from scheduler.services import connecting, connections, grants, interviewers, readings
from scheduler.services.connecting import WrongLink, WrongPerson
from scheduler.services.sealing import Sealing
from scheduler.settings import load
from tests.calendars.caldav.radicale_server import PASSWORD, running
from tests.fakes.faults import answer
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft
from tests.services.test_erasing_races import wait_until_somebody_waits
from tests.services.test_races import Beside, after
from tests.services.town import Town

ADA = "ada@acme.example"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@dataclass
class Door:
    """One vendor's sign-in, and Ada who is to connect."""

    town: Town
    fake: FakeGoogle | FakeMicrosoft
    provider: str
    ada: str

    def ticket(self) -> str:
        url = connections.invite(self.town.parts, self.town.organization_id, self.ada)["url"]
        return parse_qs(urlsplit(url).query)["ticket"][0]

    def leave(self) -> connecting.Leaving:
        return connecting.leave(self.town.parts, self.provider, self.ticket())

    def back(self, leaving, address=ADA, **how) -> dict[str, str]:
        return self.fake.approve(urlsplit(leaving.url).query, address, **how)

    def arrive(self, answer, mark) -> connecting.Arrived:
        return connecting.arrive(self.town.parts, self.provider, answer, mark)

    def connect(self) -> None:
        leaving = self.leave()
        self.arrive(self.back(leaving), leaving.mark)

    def status(self) -> dict:
        return connections.status(self.town.parts, self.town.organization_id, self.ada)

    def access(self) -> OrganizationAccess:
        sign_in = self.town.parts.sign_ins[self.provider]
        return OrganizationAccess(self.town.parts, self.town.organization_id, sign_in, None, self.provider)

    def row(self) -> rows.Connection:
        with self.town.parts.database.transaction(self.town.organization_id) as session:
            return session.scalars(sa.select(rows.Connection)).one()


@pytest.fixture(params=["google", "microsoft"])
def door(request, town) -> Iterator[Door]:
    with FakeGoogle() if request.param == "google" else FakeMicrosoft() as fake:
        fake.now = town.clock
        fake.add_person(ADA)
        fake.add_person("bob@acme.example")
        town.parts = replace(
            town.parts, sign_ins={request.param: sign_in_of(fake)}, sealing=Sealing([NEW, OLD])
        )
        ada = town.hire("Ada", calendar={"provider": request.param, "address": ADA})
        yield Door(town, fake, request.param, ada)


def sign_in_of(fake):
    if isinstance(fake, FakeGoogle):
        return GoogleSignIn(
            fake.client_id,
            fake.client_secret,
            authorize_url=fake.authorize_url,
            token_url=fake.token_uri,
        )
    credential = Credential(secret=fake.client_secret)
    return MicrosoftSignIn(fake.tenant_id, fake.client_id, credential, authority=fake.authority)


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
        go_on.wait(30)
        return Tokens(access_token="new", expires_at=parts.now() + timedelta(hours=1))

    threads = [
        threading.Thread(target=grants.access_token, args=(parts, organization_id, con, hang))
        for _ in range(2 * CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    try:
        assert asked.wait(5)
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


def granting(door):
    """The door's town with providers that open through what Ada granted."""
    kind = {"google": GoogleCalendars, "microsoft": MicrosoftCalendars}[door.provider]
    endpoint = door.fake.api_endpoint if door.provider == "google" else door.fake.graph_endpoint
    return replace(
        door.town.parts,
        granted=lambda _: {door.provider: kind(door.access(), endpoint=endpoint, now=door.town.clock)},
    )


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


# CalDAV accounts


@dataclass
class House:
    """A CalDAV server with a calendar of Ada's, and the town where she is an interviewer."""

    town: Town
    url: str
    work: str
    ada: str

    def give(self, **account: str) -> dict:
        given = {"url": self.work, "username": ADA, "password": PASSWORD} | account
        return connections.keep_account(self.town.parts, self.town.organization_id, self.ada, given)


@pytest.fixture
def house(town, tmp_path) -> Iterator[House]:
    with running(tmp_path, ADA) as radicale:
        radicale.add_calendar(ADA, "work")
        radicale.add_calendar(ADA, "second")
        town.parts = replace(town.parts, try_account=try_account, sealing=Sealing([NEW]))
        work = radicale.url_of(ADA, "work")
        ada = town.hire("Ada", calendar={"provider": "caldav", "address": work})
        yield House(town, radicale.url, work, ada)


def test_an_account_is_kept_once_it_opens_the_calendar(house):
    assert house.give()["status"] == "connected"
    assert house.give(url=house.url)["status"] == "connected"


def test_an_account_may_be_for_a_calendar_that_is_only_read(house):
    second = {"provider": "caldav", "address": house.work.replace("work", "second")}
    town = house.town
    interviewers.update(town.parts, town.organization_id, house.ada, {"busy_calendars": [second]})
    account = {"url": house.url, "username": ADA, "password": PASSWORD}

    kept = connections.keep_account(
        town.parts, town.organization_id, house.ada, account, {"address": second["address"]}
    )

    assert (kept["address"], kept["status"]) == (second["address"], "connected")
    assert connections.status(town.parts, town.organization_id, house.ada)["status"] == "not_connected"


@pytest.mark.parametrize(
    ("account", "pointer"),
    [({"password": "wrong"}, "/password"), ({"url": "second"}, "/url")],
    ids=["password", "another calendar"],
)
def test_an_account_that_does_not_open_it_says_what_is_wrong(house, account, pointer):
    if "url" in account:
        account = {"url": house.work.replace("work", account["url"])}

    with pytest.raises(Invalid) as refused:
        house.give(**account)
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_an_account_for_somebody_who_has_gone_meanwhile_is_not_kept(house):
    town = house.town

    def go(address, account):
        interviewers.delete(town.parts, town.organization_id, house.ada)

    town.parts = replace(town.parts, try_account=go)

    with pytest.raises(NotFound):
        house.give()
    assert grants.connected(town.parts, town.organization_id, "caldav") == {}


def test_whoever_has_just_connected_can_be_read_at_once(house, tmp_path):
    """Another process has looked a moment before, when nobody was connected."""
    granted = Granted(load({"DATA_DIR": str(tmp_path)}))
    elsewhere = granted.parts = replace(house.town.parts, granted=granted)
    assert granted(house.town.organization_id) == {}

    house.give()

    start = house.town.clock()
    busy = readings.busy(elsewhere, house.town.organization_id, house.ada, start, start + timedelta(days=1))
    assert busy["data"] == []
    connections.forget(house.town.parts, house.town.organization_id, house.ada)
    assert granted(house.town.organization_id) == {}


def test_providers_are_kept_while_nothing_changes(house, tmp_path):
    granted = Granted(load({"DATA_DIR": str(tmp_path)}))
    granted.parts = house.town.parts
    house.give()

    first = granted(house.town.organization_id)

    assert granted(house.town.organization_id)["caldav"] is first["caldav"]
