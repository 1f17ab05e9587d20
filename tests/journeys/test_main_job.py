# SPDX-License-Identifier: Apache-2.0
"""From nothing to an interview in a calendar, and back: through real processes and a real browser."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from playwright.sync_api import Browser, Page, expect

from tests.journeys import exports
from tests.journeys.driver import (
    CANDY,
    CONTACT,
    Api,
    MailFolder,
    MailServer,
    Service,
    eventually,
    for_program,
    invitation_in,
    link_of,
    text_of,
)

BERLIN = ZoneInfo("Europe/Berlin")


@dataclass
class Booked:
    """An interview as the API, the calendar and the mailbox have it."""

    booking: dict[str, Any]
    start: datetime
    end: datetime
    link: str


@pytest.mark.parametrize("way", ["serve, mail in files", "three commands, mail by SMTP"])
def test_an_interview_is_arranged_reminded_of_and_cancelled(
    way: str,
    install: Callable[..., Service],
    browser: Browser,
    request: pytest.FixtureRequest,
) -> None:
    server = MailServer()
    if way.startswith("serve"):
        service = install()
        mailbox: MailFolder | MailServer = MailFolder(service.folder / "mail")
    else:
        service = install(
            database_url=request.getfixturevalue("database_url"),
            environment={"MAIL_URL": server.url},
            commands=("web", "worker", "clock"),
        )
        mailbox = server
    with server.listening() if mailbox is server else nullcontext():
        _journey(service, mailbox, browser)


def _journey(service: Service, mailbox: MailFolder | MailServer, browser: Browser) -> None:
    service.start()
    api = service.new_organization()
    original = exports.export(datetime.now(UTC).date())
    calendar = service.put_calendar(exports.ADA, original)
    booked = _arrange(api, calendar, browser)
    _stands_in_the_calendar(calendar, original, booked)
    request = _is_confirmed(mailbox, booked)

    # A day before, the reminder comes once: when the next one is due, an hour later, there are two in all.
    offset = (booked.start - timedelta(hours=24) - datetime.now(UTC)).total_seconds() + 5
    service.restart(CLOCK_OFFSET_SECONDS=str(offset))
    [reminder] = eventually(lambda: _mails(mailbox, "Reminder"), "the reminder")
    assert f"{booked.start.astimezone(BERLIN):%H:%M}" in text_of(reminder)
    service.restart(CLOCK_OFFSET_SECONDS=str(offset + 3600))
    eventually(lambda: len(_mails(mailbox, "Reminder")) > 1, "the next reminder")
    sent = [mail["Message-ID"] for mail in _mails(mailbox, "Reminder")]
    assert len(sent) == len(set(sent)) == 2

    _cancel(browser, booked)
    eventually(lambda: calendar.read_bytes() == original, "the calendar as it was")
    [cancelled] = eventually(lambda: _mails(mailbox, "Cancelled"), "the cancellation")
    withdrawn = invitation_in(cancelled)
    assert str(withdrawn["METHOD"]) == "CANCEL"
    assert _event(withdrawn)["UID"] == _event(request)["UID"]
    assert _event(withdrawn)["SEQUENCE"] > _event(request)["SEQUENCE"]
    reminders = [m for m in api.messages(booking_id=booked.booking["id"]) if m["kind"] == "reminder"]
    assert [m["status"] for m in sorted(reminders, key=lambda m: m["due_at"])] == [
        *("sent", "sent", "cancelled"),
    ]
    service.stop()


def _arrange(api: Api, calendar: Path, browser: Browser) -> Booked:
    """A recruiter's tool asks; the candidate chooses, checks and confirms."""
    api.post("interviewers", exports.interviewer())
    plan = api.post("plans", exports.talk(reminders=[1440, 1380, 60]))
    run = api.run(plan["id"], CANDY, contact=CONTACT)
    assert (run["status"], run["candidates"][0]["status"]) == ("finished", "offered")
    options = run["candidates"][0]["options"]
    assert len(options) == 5
    assert [o for o in options if _is_taken(calendar, _instant(o["start"]), _instant(o["end"]))] == []
    chosen = max(options, key=lambda option: option["start"])
    _choose(browser, link_of(run), chosen)
    answer = for_program(link_of(run)).json()
    assert (answer["status"], answer["booking"]["option_id"]) == ("booked", chosen["id"])
    booking = api.get(f"bookings/{answer['booking']['id']}")
    return Booked(booking, _instant(chosen["start"]), _instant(chosen["end"]), link_of(run))


def _choose(browser: Browser, link: str, option: dict[str, Any]) -> None:
    page = _open(browser, link)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Candy")
    page.locator(f"input[value={option['id']}]").check()
    page.get_by_role("button", name="Check and confirm").last.click()
    local = _instant(option["start"]).astimezone(BERLIN)
    expect(page.locator("main")).to_contain_text(f"{local:%H:%M}")
    assert for_program(link).json()["status"] == "offered"
    page.get_by_role("button", name="Confirm this time").click()
    expect(page.get_by_text("It is arranged, Candy")).to_be_visible()
    page.context.close()


def _cancel(browser: Browser, booked: Booked) -> None:
    page = _open(browser, booked.link)
    page.get_by_role("link", name="Cancel").click()
    assert for_program(booked.link).json()["status"] == "booked"
    page.get_by_label("Would you like to say why?").fill("I am ill.")
    page.get_by_role("button", name="Cancel the interview").click()
    expect(page.get_by_text("You have cancelled this interview")).to_be_visible()
    page.context.close()


def _open(browser: Browser, link: str) -> Page:
    page = browser.new_context(timezone_id="Europe/Berlin").new_page()
    page.goto(link)
    return page


def _stands_in_the_calendar(calendar: Path, original: bytes, booked: Booked) -> None:
    """Another program's parser finds the interview; every byte that was there before is there still."""
    uid = eventually(lambda: _entry_uid(calendar, original), "the entry")
    found = [
        event
        for event in recurring_ical_events.of(_parsed(calendar)).between(booked.start, booked.end)
        if event["UID"] == uid
    ]
    assert [(event.start, event.end) for event in found] == [(booked.start, booked.end)]
    assert "Candy Doe" in str(found[0]["SUMMARY"]) + str(found[0]["DESCRIPTION"])
    data = calendar.read_bytes()
    end = b"END:VCALENDAR\r\n"
    assert data.startswith(original.removesuffix(end))
    assert data.endswith(end)


def _entry_uid(calendar: Path, original: bytes) -> str | None:
    known = {str(event["UID"]) for event in icalendar.Calendar.from_ical(original).events}
    return next((str(e["UID"]) for e in _parsed(calendar).events if str(e["UID"]) not in known), None)


def _is_confirmed(mailbox: MailFolder | MailServer, booked: Booked) -> icalendar.Calendar:
    """The confirmation says when in the candidate's zone, names the zone, and carries an invitation."""
    [mail] = eventually(lambda: _mails(mailbox, "Confirmed"), "the confirmation")
    assert f"{booked.start.astimezone(BERLIN):%H:%M}" in text_of(mail)
    assert "Berlin" in text_of(mail)
    request = invitation_in(mail)
    assert str(request["METHOD"]) == "REQUEST"
    event = _event(request)
    assert (event.start.astimezone(UTC), event.end.astimezone(UTC)) == (booked.start, booked.end)
    eventually(lambda: _mails(mailbox, "", to=CONTACT["email"]), "the contact's mail")
    return request


def _mails(mailbox: MailFolder | MailServer, start: str, to: str = CANDY["email"]) -> list[EmailMessage]:
    """Mails to somebody whose subject starts so; as often as they were handed over."""
    return [mail for mail in mailbox.mails() if mail["Subject"].startswith(start) and to in mail["To"]]


def _is_taken(calendar: Path, start: datetime, end: datetime) -> bool:
    """Whether another program's parser finds something in the way."""
    return any(
        event.get("TRANSP") != "TRANSPARENT" and event.get("STATUS") != "CANCELLED"
        for event in recurring_ical_events.of(_parsed(calendar)).between(start, end)
    )


def _parsed(calendar: Path) -> icalendar.Calendar:
    return icalendar.Calendar.from_ical(calendar.read_bytes())


def _event(calendar: icalendar.Calendar) -> icalendar.Event:
    [event] = calendar.events
    return event


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
