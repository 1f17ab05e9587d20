# SPDX-License-Identifier: Apache-2.0
"""Calendars, mail and web hooks away under load, apart and together; then the backlog of it."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from benchmarks.prove import offers
from benchmarks.prove.crowd import Answer, Request, p99, send
from benchmarks.prove.house import House
from benchmarks.prove.offers import Offered
from benchmarks.prove.proof import Proof, book, booked, expect, seconds_of
from scheduler.services import picks
from tests.fakes.faults import drop_before_apply
from tests.fakes.server import FakeServer

#: seconds after the end of everything until nothing is owed any more
LONGEST_BACKLOG = 900
#: seconds that anything may take that was under way when something changed
UNDER_WAY = 4.0
#: mails that were due in the meantime, of each kind
REMINDERS = 6
POLICIES = ("refuse", "book_pending")
MARKED = "select count(*) from events where type = 'booking.needs_attention' and data ->> 'reason' = :why"
SHIFTED = sa.text("""
    update messages set due_at = :due, attempt_at = :due, not_after = :end where id in (
        select id from messages where kind = 'reminder' and status = 'queued' and due_at > :later
        order by id limit :number)
""")


@dataclass
class Visit:
    """Somebody who wants to book, and comes back until they have."""

    request: Request
    policy: str
    turned_away: list[Answer] = field(default_factory=list)
    answer: Answer | None = None
    #: seconds after the beginning
    answered: float = 0.0


@dataclass(frozen=True)
class Plan:
    """When what is away. Seconds after the beginning."""

    #: how long each of the two is away
    away: float

    @property
    def mail_goes(self) -> float:
        """First calendars alone are away, last the mail and web hooks alone."""
        return self.away / 6

    @property
    def mail_comes(self) -> float:
        return self.mail_goes + self.away


def outage(house: House, dice: random.Random, *, away: float, rate: float) -> Proof:
    """Neither the vendors nor the CalDAV server answer, a sixth of the time later nor do the mail server and
    who listens to web hooks; each for `away` seconds. Meanwhile `rate` candidates a second book, of an
    organisation that refuses then and of one that books.
    """
    plan = Plan(away)
    number = int(plan.mail_comes * rate)
    crowd = _crowd(house, dice, number + 2 * REMINDERS * len(POLICIES), rate, plan)
    early, visits = crowd[number:], crowd[:number]
    for visit in early:
        _insist(house, visit, time.monotonic(), patience=60.0)
    house.settle()
    reminders = _reminders(house, plan)
    began = time.monotonic()
    arriving = threading.Thread(target=_arrive, args=(house, visits, began, plan))
    arriving.start()
    back = _go_and_come(house, plan, began)
    arriving.join()
    answered = max(visit.answered for visit in visits)
    house.settle(LONGEST_BACKLOG + away)
    done = time.monotonic() - began - plan.mail_comes
    answers = [visit.answer for visit in (*early, *visits) if visit.answer is not None]
    lost = len(visits) + len(early) - len(booked(answers))
    too_late, in_time = (len(reminders[what]) for what in ("too late", "in time"))
    tail = f"backlog done {done:.0f} s after, the last candidate {answered - plan.mail_comes:.0f} s"
    return Proof(
        what=f"calendars, mail and web hooks each away for {_span(away)}, {rate * 60:g} bookings/min",
        figures="; ".join(
            (
                f"{len(booked(answers))} booked, {_marked(house)} of them unchecked, {lost} lost",
                f"{_figures(visits)}; {tail}",
                f"{back.asked} calls of web hooks while they were away",
                f"then at most {back.busiest()} a second",
                f"{too_late} reminders too late and not sent, {in_time} in time",
            )
        ),
        acknowledged=booked(answers),
        broken=[
            *expect(lost, 0, "everybody_gets_through"),
            *expect(_refused_politely(visits), True, "503_with_retry_after"),
            *expect(_as_its_policy_says(visits, plan), True, "the_policy_is_kept"),
            *expect(_sent_late(house), [], "nothing_is_sent_late"),
            *expect(_kept(house, reminders), True, "reminders_as_promised"),
            *expect(done <= LONGEST_BACKLOG, True, "backlog_within_15_min"),
        ],
    )


def _figures(visits: Iterable[Visit]) -> str:
    refused = sum(len(visit.turned_away) for visit in visits)
    pending = [visit.answer for visit in visits if visit.policy == "book_pending" and visit.answer]
    slowest = p99(seconds_of(pending))
    return f"{refused} x 503 where the policy is to refuse, p99 {slowest:.2f} s where it is to book"


def _span(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


def _crowd(house: House, dice: random.Random, number: int, rate: float, plan: Plan) -> list[Visit]:
    """So many candidates of two organisations in turn, each with a slot of their own."""
    waiting: dict[str, list[Offered]] = {}
    for policy in POLICIES:
        house.found(policy, policies={"provider_down": policy})
        waiting[policy] = _candidates(house, -(-number // len(POLICIES)), plan)
        dice.shuffle(waiting[policy])
    visits = []
    for count in range(number):
        policy = POLICIES[count % len(POLICIES)]
        candidate = waiting[policy].pop()
        visits.append(Visit(book(candidate, candidate.options[0], due=count / rate), policy))
    return visits


def _candidates(house: House, number: int, plan: Plan) -> list[Offered]:
    """With times that do not come too near while somebody waits."""
    ends = timedelta(seconds=plan.mail_comes + LONGEST_BACKLOG)
    first = house.parts.now() + offers.NOTICE + ends
    found: list[Offered] = []
    servers = itertools.cycle(house.servers)
    each = -(-number // len(house.servers))
    while len(found) < number:
        person = offers.hire_at(house, next(servers))
        original = offers.ask_for(house, offers.talk(person), options=200)
        there = offers.slots_of(house, original)
        most = min(each, number - len(found))
        slots = [id_ for id_, slot in there.items() if slot.start > first][:most]
        found += [offers.copy(house, original, [slot], 1)[0] for slot in slots]
    return found


def _reminders(house: House, plan: Plan) -> dict[str, list[str]]:
    """As if some reminders were due while the mail is away: for some it is too late afterwards."""
    now = house.parts.now()
    middle = now + timedelta(seconds=plan.mail_goes + plan.away / 2)
    there: dict[str, list[str]] = {}
    ends = {
        "too late": now + timedelta(seconds=plan.mail_comes - plan.away / 4),
        "in time": now + timedelta(seconds=plan.mail_comes + LONGEST_BACKLOG),
    }
    with house.parts.database.transaction(house.organization_id) as session:
        for what, end in ends.items():
            facts = {"due": middle, "end": end, "later": now + timedelta(hours=3), "number": REMINDERS}
            session.execute(SHIFTED, facts)
            there[what] = list(
                session.scalars(sa.text("select id from messages where not_after = :end"), {"end": end})
            )
    return there


@dataclass
class Back:
    """How it was when they were back."""

    #: by `time.time`
    since: float
    #: calls of all calendar servers, and of web hooks, in each second
    calls: Counter[int] = field(default_factory=Counter)
    events: Counter[int] = field(default_factory=Counter)
    #: how often web hooks were called while nobody was there
    asked: int = 0
    #: mails in each second
    mails: Counter[int] = field(default_factory=Counter)

    def busiest(self) -> str:
        calls, mails, events = map(_most, (self.calls, self.mails, self.events))
        return f"{calls} calls, {mails} mails, {events} events"


def _go_and_come(house: House, plan: Plan, began: float) -> Back:
    """Take things away, bring them back, and watch the first minutes of that."""
    servers = tuple(house.servers.values())
    for server in servers:
        server.faults.add(drop_before_apply(), times=None)
    _sleep_until(began + plan.mail_goes)
    house.mailbox.close()
    house.receiver.requests.clear()
    house.receiver.faults.add(drop_before_apply(), times=None)
    _sleep_until(began + plan.away)
    for server in servers:
        server.requests.clear()
        server.faults.clear()
    back = Back(time.time())
    _sleep_until(began + plan.mail_comes)
    house.mailbox.open()
    back.asked = len(house.receiver.requests)
    house.receiver.requests.clear()
    house.receiver.faults.clear()
    while house.owed():
        time.sleep(0.5)
    back.calls = sum(map(_by_second, servers), Counter())
    back.events = _by_second(house.receiver)
    back.mails = _mails(house, back.since)
    return back


def _by_second(asked: FakeServer) -> Counter[int]:
    return Counter(int(request.at.timestamp()) for request in list(asked.requests))


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _arrive(house: House, visits: list[Visit], began: float, plan: Plan) -> None:
    """Everybody comes when it is their turn, and stays until they are done."""
    patience = plan.mail_comes + LONGEST_BACKLOG
    here = []
    for visit in visits:
        _sleep_until(began + visit.request.due)
        here.append(threading.Thread(target=_insist, args=(house, visit, began, patience)))
        here[-1].start()
    for one in here:
        one.join()


def _insist(house: House, visit: Visit, began: float, patience: float) -> None:
    """Come back when one is told to, later and later as people do."""
    pause = 1.0
    asked = time.monotonic()
    while time.monotonic() - asked < patience:
        answer = send(house.addresses[len(visit.turned_away) % len(house.addresses)], visit.request)
        if answer.status == 201:
            visit.answer, visit.answered = answer, time.monotonic() - began
            return
        visit.turned_away.append(answer)
        if answer.status in (409, 410):
            return
        time.sleep(max(pause, float(answer.headers.get("Retry-After", 1))))
        pause = min(pause * 2, max(4.0, patience / 30))


def _refused_politely(visits: Iterable[Visit]) -> bool:
    return all(
        answer.status == 503 and "Retry-After" in answer.headers and answer.code == "calendars_unreadable"
        for visit in visits
        for answer in visit.turned_away
    )


def _as_its_policy_says(visits: Iterable[Visit], plan: Plan) -> bool:
    """While calendars were away nobody was booked where the policy is to refuse, and everybody at once where
    it is to book.
    """
    return all(
        not visit.turned_away
        if visit.policy == "book_pending"
        else not UNDER_WAY < visit.answered < plan.away
        for visit in visits
    )


def _marked(house: House) -> int:
    found = house.ask(MARKED, why=picks.UNCHECKED)
    return sum(count for (count,) in found)


def _most(counted: Counter[int]) -> int:
    return max(counted.values(), default=0)


def _mails(house: House, since: float) -> Counter[int]:
    return Counter(int(at) for times in house.mailbox.times.values() for at in times if at > since)


def _sent_late(house: House) -> list[str]:
    """Messages that reached the mail server when their time was over."""
    latest = dict(house.ask("select id, extract(epoch from not_after)::float from messages"))
    return [
        id_
        for id_, times in house.mailbox.times.items()
        if latest.get(id_) is not None and max(times) > latest[id_] + 1
    ]


def _kept(house: House, reminders: dict[str, list[str]]) -> bool:
    """Those for which it was too late were not sent, the others were, once."""
    sent = {id_: len(house.mailbox.times.get(id_, ())) for ids in reminders.values() for id_ in ids}
    wanted = dict.fromkeys(reminders["too late"], 0) | dict.fromkeys(reminders["in time"], 1)
    return sent == wanted and len(wanted) == 2 * REMINDERS
