# SPDX-License-Identifier: Apache-2.0
"""
What fakes cannot know, asked of the vendors themselves: `make test-live`. Not part of `make test`.

Credentials come from the environment; a vendor without them is skipped. Give a calendar made for this: events
are written to it, in the week after next, and taken out again.

LIVE_GOOGLE_SERVICE_ACCOUNT_FILE, LIVE_GOOGLE_ADDRESS, LIVE_GOOGLE_GUEST
LIVE_MICROSOFT_TENANT_ID, …_CLIENT_ID, …_CLIENT_SECRET, …_ADDRESS, …_GUEST
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from calendars import Attendee, Blocks, CalendarKey, EventDraft, Gone, Provider
from calendars.google import GoogleCalendars, ServiceAccount
from calendars.microsoft import Credential, EntraApplication, MicrosoftCalendars

DAY = (datetime.now(UTC) + timedelta(days=14)).replace(hour=10, minute=0, second=0, microsecond=0)
PATIENCE = 60


def _google() -> Provider:
    return GoogleCalendars(ServiceAccount.from_file(os.environ["LIVE_GOOGLE_SERVICE_ACCOUNT_FILE"]))


def _microsoft() -> Provider:
    tenant, client, secret = (
        os.environ[f"LIVE_MICROSOFT_{name}"] for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")
    )
    return MicrosoftCalendars(EntraApplication(tenant, client, Credential(secret=secret)))


VENDORS: dict[str, Callable[[], Provider]] = {"GOOGLE": _google, "MICROSOFT": _microsoft}


@pytest.fixture(params=VENDORS)
def vendor(request):
    if not os.environ.get(f"LIVE_{request.param}_ADDRESS"):
        pytest.skip(f"LIVE_{request.param}_ADDRESS is not set")
    return request.param


@pytest.fixture
def provider(vendor):
    return VENDORS[vendor]()


@pytest.fixture
def address(vendor) -> str:
    return os.environ[f"LIVE_{vendor}_ADDRESS"]


@pytest.fixture
def draft(vendor, provider, address):
    guest = os.environ.get(f"LIVE_{vendor}_GUEST")
    made = EventDraft(
        uid=f"live-{uuid.uuid4()}@convene",
        start=DAY,
        end=DAY + timedelta(minutes=30),
        time_zone="Europe/Berlin",
        summary="Convene live test",
        attendees=(Attendee(email=guest),) if guest else (),
        conference="google_meet" if vendor == "GOOGLE" else "teams",
    )
    yield made
    found = provider.find_event(address, made.uid)
    if found is not None:
        provider.cancel_event(found.ref)


def busy(provider, address, detail="free_busy"):
    key = CalendarKey(address, "Europe/Berlin", detail)
    window = (DAY - timedelta(hours=1), DAY + timedelta(hours=2))
    reading = provider.read_busy([key], *window)[address]
    assert isinstance(reading, Blocks), reading
    return reading.blocks


def eventually(look):
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(2)
    return found


def test_an_interview_is_written_found_changed_and_taken_out(provider, address, draft):
    ref = provider.create_event(address, draft)
    again = provider.create_event(address, draft)
    assert again.event_id == ref.event_id
    assert eventually(lambda: busy(provider, address))

    eventually(lambda: provider.find_event(address, draft.uid).ref.conference_url)
    provider.cancel_event(ref)
    assert provider.find_event(address, draft.uid) is None
    with pytest.raises(Gone):
        provider.update_event(ref, draft)


def test_a_hold_takes_time_and_a_change_of_mind_gives_it_back(provider, address, draft):
    """How tentative events count in free/busy is the vendors' to decide."""
    ref = provider.create_event(address, replace(draft, status="tentative", conference="none"))

    assert eventually(lambda: busy(provider, address))
    provider.cancel_event(ref)
    assert eventually(lambda: busy(provider, address) == ())


def test_our_own_event_is_told_from_others_where_events_are_read(provider, address, draft):
    provider.create_event(address, draft)

    found = eventually(lambda: [block for block in busy(provider, address, "events") if block.own])
    assert [block.own for block in found] == [draft.uid]


def test_a_change_is_among_the_changes(provider, address, draft):
    key = CalendarKey(address, "Europe/Berlin")
    begun = provider.changes_since(key, None)
    ref = provider.create_event(address, draft)

    assert eventually(lambda: ref.event_id in (provider.changes_since(key, begun.cursor).event_ids or ()))


def test_an_id_that_was_used_can_be_followed_by_another(provider, address, draft):
    provider.cancel_event(provider.create_event(address, draft))

    provider.create_event(address, draft)

    assert provider.find_event(address, draft.uid) is not None
