# SPDX-License-Identifier: Apache-2.0
"""What a small organisation stands on: its people and plans, a clock, calendars, workers, crashes, and the
look whether everything is as its model says.

Jobs are carried out by the real task functions, from the real queue, in this thread. A process may crash at
one of `scheduler.points`: the transaction under way is lost, and a job under way goes to another worker.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, time, timedelta
from types import SimpleNamespace
from typing import Any, TypeVar

import procrastinate.testing
import psycopg
import sqlalchemy as sa
from cryptography.fernet import Fernet

from scheduler.db import rows
from scheduler.db.session import Database
from scheduler.domain import ids
from scheduler.domain.errors import Refusal
from scheduler.domain.intervals import parse_instant
from scheduler.jobs.queue import Queue
from scheduler.jobs.tasks import make_app
from scheduler.messages.mailer import Mailer
from scheduler.services import feed, interviewers, invariants, organizations, plans, runs, upkeep, webhooks
from scheduler.services.links import Links
from scheduler.services.parts import Parts
from scheduler.services.sealing import Sealing
from scheduler.webhooks.content import Answer as Posted
from tests.services.stateful.model import NOTICE, Candidate, Choice, Model, Person, Seating
from tests.services.town import NOW, WEEKDAYS, Calendars, Post
from tests.services.traces import traces_of
from tests.standins import Clock

MINUTE = timedelta(minutes=1)
#: name, where the calendar is, skills, minutes before and after, interviews a day
PEOPLE = (
    ("Ada", "google", ("python",), 0, 0, None),
    ("Ben", "ics", ("python",), 15, 15, None),
    ("Cleo", "google", ("design",), 0, 15, None),
    ("Dan", "google", ("python", "design"), 0, 0, 1),
)
#: the skills of the seats, whether times are held, and what is done about somebody who is lost
PLANS = (
    (("python",), False, "none"),
    (("python",), True, "replace"),
    (("python", "design"), True, "none"),
    (("design",), False, "replace"),
)
TAKE = """
    update procrastinate_jobs set status = 'doing'
    where id = (select id from procrastinate_jobs where status = 'todo' order by id limit 1)
    returning id, task_name, args
"""
#: as a worker that lives does for one that died; what waits already stands for both
GIVE_BACK = """
    update procrastinate_jobs j set status = 'todo' where j.id = :id and not exists (
        select from procrastinate_jobs w where w.status = 'todo' and w.queueing_lock = j.queueing_lock)
"""
FINISH = "delete from procrastinate_jobs where id = :id and status = 'doing'"
Answer = TypeVar("Answer")


class Listener:
    """Takes every event that is posted to it, and remembers which."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def objection(self, _url: str) -> None:
        return None

    def send(self, _url: str, _body: bytes, headers: dict[str, str]) -> Posted:
        self.taken.append(headers["webhook-id"])
        return Posted(status=204)


class Crash(BaseException):
    """The process ends here, as by a power cut."""


class Ground:
    """The organisation as it is, and its model."""

    def __init__(self, database_url: str) -> None:
        self.clock, self.post, self.keys = Clock(NOW), Post(), ["key-0"]
        self.houses = {house: Calendars(now=self.clock) for house in ("ics", "google")}
        self.listener = Listener()
        self.armed: str | None = None
        self.crashes = 0
        _empty(database_url)
        self._random_text, dice = ids.random_text, random.Random(1)
        # The same steps have to come to the same: ids break ties.
        ids.random_text = lambda length: "".join(dice.choices(ids.ALPHABET, k=length))
        self.parts = Parts(
            database=Database(database_url, pool_size=2),
            now=self.clock,
            providers=self.houses,
            mail=Mailer(self.post, "interviews@acme.example"),
            links=Links(self.keys, "https://interviews.acme.example"),
            defer=Queue().defer,
            reach=self._reach,
            sealing=Sealing([Fernet.generate_key().decode()]),
            post=self.listener,
        )
        self.use_keys()
        self.organization_id = organizations.create(self.parts, name="Acme")
        webhooks.create(self.parts, self.organization_id, {"url": "https://ats.example.org/"})
        self.model = Model([self._hire(*person) for person in PEOPLE])
        self.plans = [self._plan(*plan) for plan in PLANS]
        #: by the candidate's number: ids of the run's candidate and invitation, and the link's token
        self.ids: dict[int, str] = {}
        self.invitations: dict[int, str] = {}
        self.tokens: dict[int, str] = {}
        #: of those who were erased: what was answered then, and how many mails they had had
        self.erased: dict[int, dict[str, Any]] = {}
        self.heard: dict[int, int] = {}

    def close(self) -> None:
        ids.random_text = self._random_text
        self.parts.database.close()

    def use_keys(self) -> None:
        """Every process starts anew with these keys."""
        self.parts = self.parts.evolve(links=Links(self.keys, "https://interviews.acme.example"))
        app = make_app(procrastinate.testing.InMemoryConnector(), self.parts)
        self._tasks = {name: task.func for name, task in app.tasks.items()}

    # Time, workers and crashes

    def _reach(self, point: str) -> None:
        if point == self.armed:
            self.armed = None
            self.crashes += 1
            raise Crash(point)

    def ask(self, verb: Callable[[], Answer]) -> Answer | Refusal:
        """The answer, or the refusal. Whoever hears nothing asks again."""
        try:
            return verb()
        except Crash:
            return self.ask(verb)
        except Refusal as refusal:
            return refusal

    def sweep(self) -> None:
        """As the clock asks for it, and what follows from it."""
        self.model.pass_time(self.clock())
        self.ask(lambda: upkeep.sweep(self.parts))
        self.work()

    def work(self) -> None:
        """Workers carry out what is in the queue, until it is empty."""
        while job := self._tell(TAKE):
            search = self._search(job.task_name, dict(job.args))
            context = SimpleNamespace(job=SimpleNamespace(id=job.id, attempts=0, task_name=job.task_name))
            try:
                self._tasks[job.task_name](context, **job.args)
            except Crash:
                self._tell(GIVE_BACK, id=job.id)
                self.end_leases()
            else:
                if search is not None:
                    self._take_in(*search)
            self._tell(FINISH, id=job.id)
        self._take_in_repairs()

    def end_leases(self) -> None:
        """The database's clock has gone on, too: whoever died does no work any more."""
        with self.parts.database.transaction(self.organization_id) as session:
            for table in (rows.CalendarEntry, rows.Message, rows.Webhook):
                over = sa.func.clock_timestamp() - MINUTE
                session.execute(
                    sa.update(table).where(table.lease_until.is_not(None)).values(lease_until=over)
                )

    def is_work_left(self) -> bool:
        return self._tell("select id from procrastinate_jobs where status = 'todo' limit 1") is not None

    def _tell(self, statement: str, **about: Any) -> sa.Row | None:
        with self.parts.database.lookup() as session:
            found = session.execute(sa.text(statement), about)
            return found.first() if found.returns_rows else None

    # What workers find

    def _search(self, task: str, about: dict[str, str]) -> tuple[Candidate, str] | None:
        """Whose times are looked for by this job, and what has to come of it."""
        if task not in ("solve_run", "refresh_options"):
            return None
        with self.parts.database.transaction(self.organization_id) as session:
            found = sa.select(rows.RunCandidate.id).where(rows.RunCandidate.run_id == about["run_id"])
            id_ = session.scalars(found).one()
        who = next(who for who in self.model.candidates.values() if self.ids.get(who.number) == id_)
        if who.status not in ("waiting", "offered") or who.open():
            return None
        any_time = self.model.any_start(who, who.window, self.clock())
        return who, "offered" if any_time else "infeasible"

    def _take_in(self, who: Candidate, expected: str) -> None:
        with self.parts.database.transaction(self.organization_id) as session:
            run_candidate = session.get_one(rows.RunCandidate, self.ids[who.number])
            view = runs.get(self.parts, self.organization_id, run_candidate.run_id)["candidates"][0]
        assert view["status"] == expected
        who.status = expected
        if view["invitation"]:
            self.invitations[who.number] = view["invitation"]["id"]
            who.until = parse_instant(view["invitation"]["expires_at"])
            if view["invitation"]["url"]:
                self.tokens[who.number] = token_in(view["invitation"])
        for option in view["options"]:
            if option["id"] not in who.choices:
                choice = Choice(seating_of(option["sessions"]), "offered")
                assert self.model.possible(who, choice.seating, self.clock())
                who.choices[option["id"]] = choice
        if not who.revoked:
            self.model.hold(who, self.clock())

    def _take_in_repairs(self) -> None:
        """Who has come in somebody's place."""
        with self.parts.database.transaction(self.organization_id) as session:
            found = {row.id: seating_of(row.sessions) for row in session.scalars(sa.select(rows.Booking))}
        for who in self.model.candidates.values():
            if who.booked is not None and found[who.booking or ""] != who.booked:
                self.model.mend(who, found[who.booking or ""], self.clock())

    # Looking

    def withdrawn(self) -> set[str]:
        """The options that are off the offer."""
        with self.parts.database.transaction(self.organization_id) as session:
            return set(session.scalars(sa.select(rows.Option.id).where(rows.Option.status == "withdrawn")))

    def compare(self) -> None:
        """Every promise is kept, and everything is as the model says."""
        assert [str(breach) for breach in invariants.check(self.parts, self.organization_id)] == []
        with self.parts.database.transaction(self.organization_id) as session:
            statuses = dict(session.execute(sa.select(rows.RunCandidate.id, rows.RunCandidate.status)).all())
            options = dict(session.execute(sa.select(rows.Option.id, rows.Option.status)).all())
            booked = {row.id: row for row in session.scalars(sa.select(rows.Booking))}
        everybody = self.model.candidates.values()
        assert statuses == {self.ids[who.number]: who.status for who in everybody}
        assert options == {id_: c.status for who in everybody for id_, c in who.choices.items()}
        assert booked.keys() == {who.booking for who in everybody if who.booking}
        for who in everybody:
            if who.booking is not None:
                self._compare_booking(who, booked[who.booking])
        self._see_that_the_erased_are_gone()

    def _see_that_the_erased_are_gone(self) -> None:
        """Nowhere in the database, and they are written to no more."""
        words = [word for number in self.erased for word in traits_of(number)]
        assert not words or traces_of(self.parts.database.url, *words) == set()
        assert {number: self.mails_to(number) for number in self.erased} == self.heard

    def _compare_booking(self, who: Candidate, row: rows.Booking) -> None:
        if who.booked is None:
            assert row.status == "cancelled"
            return
        assert seating_of(row.sessions) == who.booked
        assert row.status in ("confirmed", "needs_attention", "completed")
        assert row.status != "completed" or self.model.is_over(who, self.clock())

    def see_that_declines_are_noticed(self) -> None:
        """Nobody is left on a panel who said no, but for a person who has been told."""
        with self.parts.database.transaction(self.organization_id) as session:
            found = dict(session.execute(sa.select(rows.Booking.id, rows.Booking.status)).all())
        waiting = [found[who.booking] for who in self.model.candidates.values() if who.declined]
        assert set(waiting) <= {"needs_attention", "completed"}

    def see_that_everything_is_told(self) -> None:
        """The web hook has heard of everything, in order; what was told twice, twice in a row."""
        happened, cursor = [], None
        while not happened or cursor:
            page = feed.find(self.parts, self.organization_id, limit=200, cursor=cursor)
            happened += [event["id"] for event in page.data]
            cursor = page.next_cursor
        assert [id_ for id_, _ in itertools.groupby(self.listener.taken)] == happened

    def look_at_calendars(self) -> None:
        """Everybody's calendar shows what they are booked and held for, once, and nothing else of ours;
        nobody was reminded of one thing twice.
        """
        shown = Counter(
            (uid.partition(".")[0], person.house, event.start, event.status)
            for person in self.model.people.values()
            for uid, event in self.events_of(person).items()
        )
        wanted: Counter[tuple[str, str, datetime, str]] = Counter()
        for who in self.model.candidates.values():
            if who.booked is not None:
                houses = Counter(self.model.people[id_].house for id_ in who.booked.people)
                houses["google"] = min(houses["google"], 1)
                for house, number in houses.items():
                    wanted[who.booking or "", house, who.booked.start, "confirmed"] = number
            for id_, choice in who.choices.items():
                if choice.held_until and choice.held_until > self.clock():
                    houses = Counter(self.model.people[person].house for person in choice.seating.people)
                    wanted |= {(id_, h, choice.seating.start, "tentative"): n for h, n in houses.items()}
        assert shown == +wanted
        for number, answer in self.erased.items():
            self._see_that_none_is_named(number, answer["bookings_kept"])
        reminders = [mail for mail in self.post.mails if str(mail["Subject"]).startswith("Reminder")]
        assert len({str(mail["Message-ID"]) for mail in reminders}) == len(reminders)

    def _see_that_none_is_named(self, number: int, kept: list[str]) -> None:
        """No event of a booking that stands names who was erased."""
        said = " ".join(
            f"{event.summary} {event.description}"
            for person in self.model.people.values()
            for uid, event in self.events_of(person).items()
            if uid.partition(".")[0] in kept
        )
        assert [word for word in traits_of(number) if word in said] == []

    # Means

    def mails_to(self, number: int) -> int:
        """How many somebody has had."""
        return len(self.post.subjects_to(str(somebody(number)["email"])))

    def candidate_id(self, who: Candidate) -> str:
        with self.parts.database.transaction(self.organization_id) as session:
            return session.get_one(rows.RunCandidate, self.ids[who.number]).candidate_id

    def events_of(self, person: Person) -> dict[str, Any]:
        """What stands in somebody's calendar of ours, by uid."""
        return self.calendar_of(person).events

    def calendar_of(self, person: Person) -> Any:
        return self.houses[person.house]._calendar(address_of(person))

    def morning(self, day: int) -> datetime:
        """Nine o'clock of the working day that comes so many after the next."""
        today = self.clock().date()
        days = (today + timedelta(days=ahead) for ahead in itertools.count(1))
        found = itertools.islice((date for date in days if date.weekday() < 5), day, None)
        return datetime.combine(next(found), time(9), self.clock().tzinfo)

    def _hire(
        self, name: str, house: str, skills: tuple[str, ...], before: int, after: int, per_day: int | None
    ) -> Person:
        email = f"{name.lower()}@acme.example"
        self.houses[house].add_calendar(email)
        fields = {
            "name": name,
            "email": email,
            "time_zone": "Europe/London",
            "calendar": {"provider": house, "address": email},
            "working_hours": WEEKDAYS,
            "qualifications": [{"skill": skill, "level": "qualified"} for skill in skills],
            "buffer": {"before": before, "after": after},
            "limits": {"per_day": per_day} if per_day else {},
        }
        made = interviewers.create(self.parts, self.organization_id, fields)
        return Person(made["id"], name, house, skills, before * MINUTE, after * MINUTE, per_day)

    def _plan(self, seats: tuple[str, ...], holds: bool, on_decline: str) -> str:  # noqa: FBT001  # a row of PLANS
        session = {
            "key": "talk",
            "title": "A talk",
            "minutes": 60,
            "seats": [{"skill": skill} for skill in seats],
            "conference": "none",
        }
        plan = {
            "name": "Talk",
            "sessions": [session],
            "notice_hours": NOTICE // timedelta(hours=1),
            "offer_days": 2,
            "on_decline": on_decline,
            "holds": holds,
        }
        return str(plans.create(self.parts, self.organization_id, plan)["id"])


def somebody(number: int) -> dict[str, Any]:
    """A candidate as a run names one."""
    return {
        "name": f"Candy {number} Ray",
        "email": f"c{number}@example.net",
        "external_id": f"c{number}",
        "external_refs": {"application": f"application {number} of many"},
    }


def reason_of(number: int) -> str:
    """Why their interview is called off."""
    return f"Number {number} is ill."


def traits_of(number: int) -> list[str]:
    """What tells who somebody is, wherever it is found."""
    who = somebody(number)
    return [who["name"], who["email"], who["external_refs"]["application"], reason_of(number)]


def address_of(person: Person) -> str:
    return f"{person.name.lower()}@acme.example"


def token_in(invitation: dict[str, Any]) -> str:
    return str(invitation["url"]).rpartition("/")[2]


def seating_of(sessions: list[dict[str, Any]]) -> Seating:
    [session] = sessions
    people = [person["id"] for person in session["interviewers"]]
    assert len(set(people)) == len(people)
    return Seating(parse_instant(session["start"]), frozenset(people))


def _empty(database_url: str) -> None:
    """What earlier sequences left behind goes."""
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("truncate organizations, procrastinate_jobs cascade")
