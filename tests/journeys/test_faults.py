# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in the world, met through the real interface: a clear answer, and nothing is lost."""

from __future__ import annotations

import itertools
import re
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from tests.journeys import exports
from tests.journeys.driver import (
    CONTACT,
    Api,
    MailFolder,
    Service,
    for_program,
    link_of,
)
from tests.patience import PATIENCE, eventually

BROKEN = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:yesterday, I think\r\n"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def api(service: Service) -> Api:
    return service.new_organization()


def new_interviewer(api: Api, content: bytes | None) -> dict[str, Any]:
    """Somebody with a skill of their own, so that tests do not meet; None: their calendar has no file."""
    number = next(_numbers)
    address = f"person{number}@northwind.example"
    if content is not None:
        api.service.put_calendar(address, content)
    skill = {"skill": f"skill{number}"}
    return api.post("interviewers", exports.interviewer(address, qualifications=[skill]))


def good_calendar() -> bytes:
    return exports.export(datetime.now(UTC).date())


def plan_for(api: Api, *people: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A talk with one of these people."""
    plan = exports.talk(**more)
    plan["sessions"][0]["seats"] = [{"interviewers": [person["id"] for person in people]}]
    return api.post("plans", plan)


def offered(api: Api, **more: Any) -> tuple[str, list[dict[str, Any]]]:
    """A link with times to choose from."""
    plan = plan_for(api, new_interviewer(api, good_calendar()))
    run = api.run(plan["id"], candidate(), **more)
    return link_of(run), run["candidates"][0]["options"]


def candidate() -> dict[str, str]:
    number = next(_numbers)
    return {"name": f"Candidate {number}", "email": f"candidate{number}@candidate.example"}


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "no calendar file"), (BROKEN, "calendar")], ids=["missing", "broken"]
)
def test_somebody_whose_calendar_cannot_be_read_is_left_out_and_named(api, content, reason):
    dark, bright = new_interviewer(api, content), new_interviewer(api, good_calendar())
    run = api.run(plan_for(api, dark, bright)["id"], candidate())
    [found] = run["candidates"]
    assert (run["status"], found["status"]) == ("finished", "offered")
    held_by = {p["id"] for o in found["options"] for s in o["sessions"] for p in s["interviewers"]}
    assert held_by == {bright["id"]}
    [unreadable] = found["explanation"]["unreadable"]
    assert unreadable["interviewer_id"] == dark["id"]
    assert reason in unreadable["reason"]


def test_when_no_calendar_can_be_read_the_run_fails_and_says_so(api):
    plan = plan_for(api, new_interviewer(api, None), new_interviewer(api, BROKEN))
    run = api.run(plan["id"], candidate())
    assert run["status"] == "failed"
    assert run["error"] == "None of the calendars could be read, so no times could be worked out."
    assert run["candidates"][0]["options"] == []


def test_busy_time_of_an_unreadable_calendar_is_a_conflict_with_the_reason(api):
    person = new_interviewer(api, None)
    answer = api.call(
        "GET",
        f"interviewers/{person['id']}/busy?start=2026-01-05T00:00:00Z&end=2026-01-06T00:00:00Z",
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "calendar_unreadable")
    assert "calendar file" in answer.json()["detail"]


def test_a_plan_that_nobody_can_staff_is_answered_with_what_is_in_the_way(api):
    plan = exports.talk()
    plan["sessions"][0]["seats"] = [{"skill": "nobody-has-this"}]
    run = api.run(api.post("plans", plan)["id"], candidate())
    [found] = run["candidates"]
    assert (run["status"], found["status"]) == ("finished", "infeasible")
    assert found["explanation"]["blockers"] != []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"time_zone": "Europe/Londn"}, "/time_zone"),
        ({"working_hours": [{"days": ["mon"], "start": "17:00", "end": "09:00"}]}, "/working_hours/0/end"),
        ({"nickname": "Addy"}, "/nickname"),
    ],
    ids=["a wrong zone", "an end before the start", "an unknown field"],
)
def test_bad_content_is_refused_with_the_place(api, change, pointer):
    answer = api.call("POST", "interviewers", exports.interviewer("x@northwind.example", **change))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_mail_that_cannot_go_out_goes_out_later_once(api, mail_server):
    link, _ = offered(api, contact=CONTACT)
    message = eventually(lambda: failed_once(api, link), "the first try")
    with mail_server.listening():
        eventually(lambda: state_of(api, message) == "sent", "the second try")
        taken = [mail for mail in mail_server.mails() if message["recipient"]["email"] in mail["To"]]
    assert len(taken) == 1
    assert link in taken[0].get_body(("plain",)).get_content()


def failed_once(api: Api, link: str) -> dict[str, Any] | None:
    name = for_program(link).json()["candidate"]["name"]
    tried = (m for m in api.messages() if m["recipient"]["name"] == name and m["error"])
    return next((m for m in tried if m["status"] == "queued"), None)


def state_of(api: Api, message: dict[str, Any]) -> str:
    found = api.messages(candidate_id=message["candidate_id"])
    return next(str(m["status"]) for m in found if m["id"] == message["id"])


def test_a_wrong_link_and_a_revoked_one_say_nothing_of_what_is_behind(api):
    plan = plan_for(api, new_interviewer(api, good_calendar()))
    run = api.run(plan["id"], candidate())
    link, invitation = link_of(run), run["candidates"][0]["invitation"]
    wrong = link[:-10] + "A" * 10
    assert for_program(wrong).status_code == 404
    api.post(f"invitations/{invitation['id']}/revoke", {})
    option = run["candidates"][0]["options"][0]["id"]
    assert for_program(link).status_code == 410
    assert for_program(link, "/book", {"option": option}).status_code == 410
    pages = [requests.get(address, timeout=PATIENCE) for address in (wrong, link)]
    assert [page.status_code for page in pages] == [404, 410]
    assert "Candidate" not in pages[0].text + pages[1].text


def test_a_used_link_shows_what_is_booked_and_books_nothing_else(api):
    link, options = offered(api)
    first = for_program(link, "/book", {"option": options[0]["id"]})
    assert first.status_code == 201
    again = for_program(link, "/book", {"option": options[0]["id"]})
    assert again.json()["id"] == first.json()["id"]
    other = for_program(link, "/book", {"option": options[1]["id"]})
    assert (other.status_code, other.json()["code"]) == (409, "already_booked")
    assert for_program(link).json()["booking"]["id"] == first.json()["id"]


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_a_mail_scanner_that_follows_every_link_changes_nothing(api, browser, javascript):
    link, _ = offered(api)
    before = for_program(link).json()
    _scan(browser, link, javascript=javascript)
    assert for_program(link).json() == before


def _scan(browser: Browser, link: str, *, javascript: bool) -> None:
    """Look at the page and at all it leads to, twice removed, the way filters do."""
    context = browser.new_context(java_script_enabled=javascript)
    page = context.new_page()
    seen: set[str] = set()
    waiting = [link, *(f"{link}/{path}" for path in ("book", "cancel", "ask", "invite.ics"))]
    while waiting:
        address = waiting.pop()
        if address in seen or not address.startswith(link):
            continue
        seen.add(address)
        assert requests.head(address, timeout=PATIENCE).status_code < 500
        if address.endswith(".ics"):
            continue
        page.goto(address)
        waiting += page.eval_on_selector_all("a", "all => all.map(a => a.href)") if javascript else []
        waiting += re.findall(r'href="([^"]+)"', page.content())
        for option in re.findall(r'value="(opt_\w+)"', page.content())[:2]:
            waiting.append(f"{link}/check?option={option}")
    assert len(seen) > 5
    context.close()


def test_of_two_who_want_one_time_one_gets_it_and_the_other_gets_others(api):
    person = new_interviewer(api, good_calendar())
    plan = plan_for(api, person)
    run = api.run(plan["id"], candidate(), candidate())
    wanted = [found["options"][0] for found in run["candidates"]]
    assert wanted[0]["start"] == wanted[1]["start"]
    answers: list[requests.Response] = []
    together = threading.Barrier(2)

    def book(number: int) -> None:
        together.wait()
        answers.append(for_program(link_of(run, number), "/book", {"option": wanted[number]["id"]}))

    both = [threading.Thread(target=book, args=(number,)) for number in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    got, gone = sorted(answers, key=lambda answer: answer.status_code)
    assert (got.status_code, gone.status_code) == (201, 409)
    assert gone.json()["code"] == "slot_taken"
    starts = {option["start"] for option in gone.json()["options"]}
    assert starts
    assert got.json()["start"] not in starts


def test_a_worker_killed_in_the_middle_leaves_a_run_that_another_one_finishes(install, database_url):
    service = install(database_url=database_url, commands=("web", "worker", "clock"))
    service.start(KILL_AT="solve.solved")
    api = service.new_organization()
    plan = plan_for(api, new_interviewer(api, good_calendar()))
    body = {"plan_id": plan["id"], "candidates": [candidate() for _ in range(2)]}
    run = api.post("runs", body)
    worker = service.running[1]
    eventually(lambda: worker.process.poll() == -signal.SIGKILL, "the end of the worker")
    worker.kill()
    assert api.get(f"runs/{run['id']}")["status"] == "solving"
    service.start_again(1)
    eventually(lambda: api.get(f"runs/{run['id']}")["status"] == "finished", "the answer")
    found = api.get(f"runs/{run['id']}")["candidates"]
    assert {item["status"] for item in found} == {"offered"}
    service.stop()


def test_a_booking_that_was_acknowledged_survives_the_end_of_everything(install: Callable[..., Service]):
    service = install()
    service.start()
    api = service.new_organization()
    link, options = offered(api, contact=CONTACT)
    booking = for_program(link, "/book", {"option": options[-1]["id"]})
    service.kill()
    assert booking.status_code == 201
    service.start()
    assert for_program(link).json()["booking"]["id"] == booking.json()["id"]
    [calendar] = service.calendars.glob("person*.ics")
    eventually(lambda: b"X-CONVENE" in calendar.read_bytes(), "the entry")
    assert calendar.read_bytes().count(b"X-CONVENE:") == 1
    for person in (booking.json()["candidate"], CONTACT):
        eventually(lambda person=person: confirmations_to(service, person["email"]) == 1, "a confirmation")
    # A week later, an invitation nobody answered has run out.
    other, others = offered(api)
    service.restart(CLOCK_OFFSET_SECONDS=str(8 * 24 * 3600))
    assert for_program(other).json()["status"] == "expired"
    late = for_program(other, "/book", {"option": others[-1]["id"]})
    assert (late.status_code, late.json()["code"]) == (410, "expired")
    assert "no longer on offer" in requests.get(other, timeout=PATIENCE).text
    service.stop()


def confirmations_to(service: Service, address: str) -> int:
    mails = MailFolder(service.folder / "mail").mails()
    return sum(address in mail["To"] and len(list(mail.iter_attachments())) > 0 for mail in mails)
