# SPDX-License-Identifier: Apache-2.0
"""The days on which clocks change, in eight zones: what is offered, and what everybody reads of it.

When they change is asked of the time zone database, not known here; what must be offered is found by walking
through each day minute by minute in UTC, where nothing ever changes.
"""

from __future__ import annotations

import email
import email.policy
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlsplit
from urllib.request import Request as Question
from urllib.request import urlopen
from zoneinfo import ZoneInfo

from benchmarks.prove import offers
from benchmarks.prove.crowd import Answer, Request, send
from benchmarks.prove.house import House, eventually
from benchmarks.prove.proof import Proof, booked, expect
from scheduler.services import candidates, runs

#: whoever sits in one of these meets somebody in the next; two of them never change
ZONES = (
    *("America/New_York", "Asia/Tehran", "Europe/Berlin", "America/Santiago"),
    *("Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Chatham"),
)
YEARS = (2026, 2027)
#: minutes of an interview, and between two that may begin
MINUTES, GRID = 45, 15
#: hours on either side of a change that are asked about
AROUND = 30
#: interviewers sit there from nine in the evening to nine in the morning, as the clocks change at night
NIGHT = [
    {"days": offers.HOURS[0]["days"], "start": "21:00", "end": "00:00"},
    {"days": offers.HOURS[0]["days"], "start": "00:00", "end": "09:00"},
]
#: candidates all day long, or not at night
ALL_DAY, AWAKE = ("00:00", "00:00"), ("06:00", "23:00")
A_MINUTE = timedelta(minutes=1)
START = re.compile(rb"^DTSTART:(\d{8}T\d{6}Z)\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """A change of somebody's clock, and who meets then."""

    at: datetime
    interviewer: str
    candidate: str
    candidate_hours: tuple[str, str]

    @property
    def window(self) -> tuple[datetime, datetime]:
        return self.at - timedelta(hours=AROUND), self.at + timedelta(hours=AROUND)


def weeks(house: House, dice: random.Random, *, share: float) -> Proof:
    """A share of the cases of all years. The service's clock is set to the end of the year before."""
    asked = wrong_starts = starts = 0
    answers: list[Answer] = []
    disagree: list[str] = []
    for year in YEARS:
        now = datetime(year - 1, 12, 20, tzinfo=UTC)
        house.restart((now - datetime.now(UTC)).total_seconds())
        cases = list(_cases(year))
        cases = dice.sample(cases, max(1, round(len(cases) * share)))
        asked += len(cases)
        plans = [_plan(house, case) for case in cases]
        for case, plan in zip(cases, plans, strict=True):
            offered = _available(house, case, plan)
            starts += len(offered)
            wrong_starts += len(offered ^ set(_allowed(case)))
        links = _links(house, cases, plans)
        for case, link in zip(cases, links, strict=True):
            answer, wrong = _booked(house, case, link)
            answers.append(answer)
            disagree += wrong
        house.settle()
        disagree += _mailed_otherwise(house, cases, answers[-len(cases) :])
    return Proof(
        what=f"{asked} changes of clocks in {', '.join(map(str, YEARS))}, {len(ZONES)} zones, in pairs",
        figures=f"{starts} starts offered, {wrong_starts} more or less than a walk through UTC allows;"
        f" {len(booked(answers))} booked, page, JSON, ICS and mail disagree about {len(set(disagree))}",
        acknowledged=booked(answers),
        broken=[
            *expect(wrong_starts, 0, "offered_as_the_clocks_allow"),
            *expect(len(booked(answers)), asked, "everybody_gets_through"),
            *expect(disagree, [], "everybody_reads_the_same_instant"),
        ],
    )


def _cases(year: int) -> Iterator[Case]:
    """Each change of each zone, with the next zone's people as candidates and as interviewers."""
    for here, there in zip(ZONES, (*ZONES[1:], ZONES[0]), strict=True):
        for zone in (here, there):
            for at in changes(ZoneInfo(zone), year):
                yield Case(at, here, there, ALL_DAY if zone == here else AWAKE)


def changes(zone: ZoneInfo, year: int) -> Iterator[datetime]:
    """The instants of a year at which the offset from UTC changes, to the minute."""
    at, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    hour = timedelta(hours=1)
    while at < end:
        if (at + hour).astimezone(zone).utcoffset() != (before := at.astimezone(zone).utcoffset()):
            minutes = (at + minute * A_MINUTE for minute in range(1, 61))
            yield next(each for each in minutes if each.astimezone(zone).utcoffset() != before)
        at += hour


def _allowed(case: Case) -> Iterator[datetime]:
    """The starts at which both are there all the time, by their own clocks, minute by minute."""
    here, there = ZoneInfo(case.interviewer), ZoneInfo(case.candidate)
    start, end = case.window
    sits = _within(case.candidate_hours, there)
    good = 0
    at = end - A_MINUTE
    while at >= start:
        wall = at.astimezone(here)
        good = good + 1 if (wall.hour >= 21 or wall.hour < 9) and sits(at) else 0
        if good >= MINUTES and wall.minute % GRID == 0:
            yield at
        at -= A_MINUTE


def _within(hours: tuple[str, str], zone: ZoneInfo) -> Callable[[datetime], bool]:
    first, last = hours[0], hours[1] if hours[1] != "00:00" else "24:00"
    return lambda at: first <= f"{at.astimezone(zone):%H:%M}" < last


def _plan(house: House, case: Case) -> dict[str, object]:
    person = offers.hire(house, time_zone=case.interviewer, working_hours=NIGHT)
    return offers.talk(person, minutes=MINUTES) | {
        "grid": GRID,
        "notice_hours": 0,
        "horizon_days": 366,
        "candidate_hours": dict(zip(("start", "end"), case.candidate_hours, strict=True)),
    }


def _available(house: House, case: Case, plan: dict[str, object]) -> set[datetime]:
    """Every start of the interview by `POST /v1/availability`."""
    somebody = offers.somebody() | {"time_zone": case.candidate}
    candidate = candidates.create(house.parts, house.organization_id, somebody)
    body = {"plan": plan, "window": _window(case), "candidate_id": candidate["id"]}
    headers = {"Authorization": f"Bearer {house.key}"}
    answer = send(house.addresses[0], Request(path="/v1/availability", body=body, headers=headers))
    return {datetime.fromisoformat(each["start"]) for each in answer.body["data"]}


def _window(case: Case) -> dict[str, str]:
    return dict(zip(("start", "end"), (at.isoformat() for at in case.window), strict=True))


def _links(house: House, cases: list[Case], plans: list[dict[str, object]]) -> list[str]:
    """A run for each, over the hours around its change; the paths of the candidates' links."""
    asked = []
    for case, plan in zip(cases, plans, strict=True):
        near = {
            "start": (case.at - timedelta(hours=AROUND)).isoformat(),
            "end": (case.at + timedelta(hours=AROUND)).isoformat(),
        }
        candidate = offers.somebody() | {"time_zone": case.candidate}
        asked.append(offers.ask_for(house, plan, options=50, wait=False, window=near, candidates=[candidate]))
    open_ = "select count(*) from run_candidates where status = 'waiting'"
    eventually(lambda: all(count == 0 for (count,) in house.ask(open_)), "options", 120)
    query = "select run_id from run_candidates where id = :asked"
    paths = []
    for id_ in asked:
        [(run_id,)] = house.ask(query, asked=id_)
        [found] = runs.get(house.parts, house.organization_id, run_id)["candidates"]
        paths.append(urlsplit(found["invitation"]["url"]).path)
    return paths


def _booked(house: House, case: Case, link: str) -> tuple[Answer, list[str]]:
    """Book what is nearest to the change; in what the page, the JSON and the file tell of it otherwise."""
    choices = json.loads(_seen(house, link, "application/json"))["options"]
    chosen = min(choices, key=lambda o: abs(datetime.fromisoformat(o["start"]) - case.at))
    answer = send(house.addresses[0], Request(path=f"{link}/book", body={"option": chosen["id"]}))
    if answer.status != 201:
        return answer, []
    start, end = (datetime.fromisoformat(answer.body[name]) for name in ("start", "end"))
    told = json.loads(_seen(house, link, "application/json"))["booking"]
    page = unescape(_seen(house, link, "text/html").decode())
    file = _seen(house, f"{link}/invite.ics", "text/calendar")
    right = (
        start == datetime.fromisoformat(chosen["start"]) == datetime.fromisoformat(told["start"])
        and end - start == timedelta(minutes=MINUTES)
        and _starts_of(file) == {start}
        and _reads(page, start, case.candidate)
    )
    return answer, [] if right else [answer.body["id"]]


def _seen(house: House, path: str, form: str) -> bytes:
    question = Question(f"{house.addresses[0]}{path}", headers={"Accept": form})  # noqa: S310  # ours
    with urlopen(question, timeout=30) as answer:  # noqa: S310
        return bytes(answer.read())


def _starts_of(file: bytes) -> set[datetime]:
    return {
        datetime.strptime(found.decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        for found in START.findall(file)
    }


def _reads(text: str, start: datetime, zone: str) -> bool:
    """Whether it says this time on that clock, and which of two clocks where one would not do."""
    wall = start.astimezone(ZoneInfo(zone))
    return f"{wall:%H:%M}" in text and f"{wall:%-d}" in text and _name(wall) in text


def _name(wall: datetime) -> str:
    """`CEST`; where a zone has no letters, `UTC+10:30`."""
    if (wall.tzname() or "").isalpha():
        return str(wall.tzname())
    minutes = round((wall.utcoffset() or timedelta()) / A_MINUTE)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def _mailed_otherwise(house: House, cases: list[Case], answers: list[Answer]) -> list[str]:
    """The bookings whose confirmation says something else, in its words or in its invitation."""
    query = """
        select booking_id, id from messages where kind = 'confirmation' and recipient_role = 'candidate'
    """
    mails = dict(house.ask(query))
    wrong = []
    for case, answer in zip(cases, answers, strict=True):
        if answer.status != 201:
            continue
        id_ = answer.body["id"]
        start = datetime.fromisoformat(answer.body["start"])
        mail = email.message_from_bytes(house.mailbox.mails[mails[id_]], policy=email.policy.default)
        text = mail.get_body(("plain",)).get_content()
        files = [part.get_content() for part in mail.walk() if part.get_content_type() == "text/calendar"]
        invited = {start for file in files for start in _starts_of(file.encode())}
        if not (_reads(text, start, case.candidate) and invited == {start}):
            wrong.append(id_)
    return wrong
