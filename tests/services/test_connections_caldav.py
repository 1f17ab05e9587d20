# SPDX-License-Identifier: Apache-2.0
"""CalDAV accounts: kept once they open the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from scheduler.access import Granted, try_account
from scheduler.domain.errors import Invalid, NotFound
from scheduler.services import connections, grants, interviewers, readings
from scheduler.services.sealing import Sealing
from scheduler.settings import load
from tests.fakes.radicale import PASSWORD, running
from tests.services.doors import ADA, NEW
from tests.services.town import Town

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
