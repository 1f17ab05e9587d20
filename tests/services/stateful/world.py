# SPDX-License-Identifier: Apache-2.0
"""Everything that can happen to a small organisation, one after the other (`World.do`), and whether the
answers are those that its model expects.

Every step is a verb with plain numbers and names, so that a sequence can be written down and gone through
again.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.errors import Refusal
from scheduler.services import (
    bookings,
    candidate_link,
    erasing,
    fresh_options,
    invitations,
    moving,
    picking,
    replacing,
    runs,
)
from tests.services.stateful.ground import (
    MINUTE,
    PLANS,
    Crash,
    Ground,
    address_of,
    reason_of,
    seating_of,
    somebody,
    token_in,
)
from tests.services.stateful.model import HOUR, Candidate, Choice, Person, Seating
from tests.services.town import CONTACT, RECRUITER

#: how far the clock is put forward, in minutes
LEAPS = (6, 60, 300, 1440, 3000)
#: where a step may crash, by its verb
CRASHES = {
    "offer": (
        *("run.written", "run.committed", "solve.looked", "solve.stored", "solve.committed"),
        "hold.written",
    ),
    "book": ("pick.looked", "pick.locked", "pick.reserved", "pick.announced", "pick.committed"),
    "cancel": ("cancel.released", "cancel.announced", "cancel.committed"),
    "erase": ("erase.changed", "erase.committed", "cancel.released", "cancel.announced"),
    "resend": ("link.resent", "hold.written"),
    "revoke": ("link.revoked",),
    "ask_for_moves": ("fresh.found", "fresh.stored"),
    "move": ("pick.looked", "move.changed", "move.told", "move.committed"),
    "replace": ("replace.looked", "replace.changed", "replace.told", "replace.committed"),
    "work": (
        *(
            "errand.begun",
            "errand.done",
            "refresh.solved",
            "refresh.stored",
            "entry.claimed",
            "entry.written",
        ),
        *("entry.kept", "mail.claimed", "mail.handed_over", "mail.kept"),
        *("feed.published", "hook.claimed", "hook.answered", "hook.kept"),
    ),
    "tick": (
        *(
            "sweep.begun",
            "sweep.deferred",
            "expire.changed",
            "complete.changed",
            "hold.ended",
            "errand.begun",
        ),
        *("entry.claimed", "entry.written", "entry.kept", "mail.claimed", "mail.handed_over", "mail.kept"),
        *("verify.claimed", "verify.found", "verify.compared", "sync.claimed", "sync.answered", "sync.kept"),
        *("notice.looked", "repair.taken", "repair.looked", "repair.solved", "repair.written", "repair.left"),
    ),
}


class World(Ground):
    """The organisation, and the steps so far."""

    def __init__(self, database_url: str) -> None:
        self.steps: list[tuple[str, dict[str, Any]]] = []
        super().__init__(database_url)

    def do(self, verb: str, **how: Any) -> None:
        """Take one step, and see that everything is as the model says. The steps so far are in the error's
        notes.
        """
        self.steps.append((verb, how))
        try:
            getattr(self, f"_{verb}")(**how)
            self.compare()
        except Exception as error:
            error.add_note(f"after {json.dumps(self.steps)}")
            raise

    def end(self) -> None:
        """Everything comes to rest, calendars show what is so, and others have heard of it."""
        self.armed = None
        for _ in range(3):
            self.do("tick", leap=0)
        self.do("look")
        self.see_that_everything_is_told()

    # Who can be meant

    def offered(self) -> list[Candidate]:
        """To whom times were ever on offer."""
        return [who for who in self.model.candidates.values() if who.choices]

    def choosing(self) -> list[Candidate]:
        """Who has not chosen yet, and can."""
        return [who for who in self.offered() if who.status == "offered" and who.open()]

    def invited(self) -> list[Candidate]:
        return [who for who in self.model.candidates.values() if who.number in self.invitations]

    def booked(self, *, ever: bool = False) -> list[Candidate]:
        """For whom something is booked, or ever was."""
        return [who for who in self.model.candidates.values() if (who.booking if ever else who.booked)]

    # What happens

    def _crash(self, point: str) -> None:
        """At the next step that comes there."""
        self.armed = point

    def _offer(self, plan: int, day: int, options: int) -> None:
        """A run of its own for somebody new, in a morning of one of the next working days."""
        seats, holds, on_decline = PLANS[plan]
        number, start = len(self.model.candidates), self.morning(day)
        self.model.candidates[number] = Candidate(
            number, seats, holds, (start, start + 3 * HOUR), mends=on_decline == "replace"
        )
        asked = {
            "plan_id": self.plans[plan],
            "candidates": [somebody(number)],
            "window": {"start": start.isoformat(), "end": (start + 3 * HOUR).isoformat()},
            "options": options,
            "contact": CONTACT,
        }
        while self._known(number) is None:
            with suppress(Crash):  # who hears nothing looks whether it is there, and asks again if not
                runs.request(self.parts, self.organization_id, asked, actor=RECRUITER)
        self.ids[number] = self._known(number) or ""
        self.work()

    def _erase(self, candidate: int, cancel: bool) -> None:  # noqa: FBT001  # as a step says it
        """Everything personal goes. What is booked stays or is cancelled."""
        who = _one_of(list(self.model.candidates.values()), candidate)
        now, already, cancelled, kept = self.clock(), who.erased, [], []
        if who.booked is not None and not self.model.is_over(who, now):
            (cancelled if cancel and self.model.is_ahead(who, now) else kept).append(who.booking)
        answer = self.ask(
            lambda: erasing.erase(
                self.parts,
                self.organization_id,
                self.candidate_id(who),
                cancel_bookings=cancel,
                actor=RECRUITER,
            )
        )
        if already:
            assert answer == self.erased[who.number]
            return
        assert (answer["bookings_cancelled"], answer["bookings_kept"]) == (cancelled, kept)
        self.model.erase(who, now, cancel=cancel)
        self.erased[who.number] = answer
        self.heard[who.number] = self.mails_to(who.number)

    def _known(self, number: int) -> str | None:
        """The id of a run's candidate."""
        with self.parts.database.transaction(self.organization_id) as session:
            return session.scalar(
                sa.select(rows.RunCandidate.id)
                .join(rows.Candidate, rows.Candidate.id == rows.RunCandidate.candidate_id)
                .where(rows.Candidate.external_id == f"c{number}")
            )

    def _book(self, candidate: int, option: int) -> None:
        """A candidate picks one of all the times that were ever on offer to them."""
        who = _one_of(self.offered(), candidate)
        id_ = _choice(who, option)
        expected = self.model.refusal_of_pick(who, id_, self.clock())
        answer = self.ask(lambda: picking.book(self.parts, self.organization_id, id_, actor=RECRUITER))
        assert _code(answer) == expected
        if expected == "slot_taken":
            self.model.lose(who, id_, _left(answer), self.withdrawn(), self.clock())
        elif expected is None:
            if who.status != "booked":
                self.model.book(who, id_, seating_of(answer["sessions"]), self.clock())
                who.booking = answer["id"]
            assert answer["id"] == who.booking

    def _cancel(self, candidate: int) -> None:
        who = _one_of(self.booked(ever=True), candidate)
        over, id_, why = self.model.is_over(who, self.clock()), who.booking or "", reason_of(who.number)
        answer = self.ask(
            lambda: bookings.cancel(self.parts, self.organization_id, id_, reason=why, actor=RECRUITER)
        )
        assert _code(answer) == ("illegal_move" if over else None)
        if who.booked is not None and not over:
            self.model.cancel(who)

    def _revoke(self, candidate: int) -> None:
        """The link is taken back."""
        who = _one_of(self.invited(), candidate)
        id_ = self.invitations[who.number]
        answer = self.ask(lambda: invitations.revoke(self.parts, self.organization_id, id_, actor=RECRUITER))
        assert _code(answer) is None
        who.revoked = True
        self.model.let_go(who)

    def _resend(self, candidate: int) -> None:
        """The mail once more; a link that was taken back, or made with an old key, is a new one then."""
        who = _one_of(self.invited(), candidate)
        id_, old = self.invitations[who.number], self.tokens[who.number]
        answer = self.ask(lambda: invitations.resend(self.parts, self.organization_id, id_, actor=RECRUITER))
        is_open = who.status == "offered" and self.model.is_anything_in_time(who, self.clock())
        assert isinstance(answer, Refusal) == (not is_open)
        if isinstance(answer, Refusal):
            return
        if who.revoked:
            self.model.hold(who, self.clock())
        who.revoked = False
        self.tokens[who.number] = token_in(answer)
        if self.tokens[who.number] != old:
            assert _code(self.ask(lambda: candidate_link.open(self.parts, old))) == "not_found"

    def _ask_for_moves(self, candidate: int) -> None:
        """Fresh times for what is booked."""
        who = _one_of(self.booked(ever=True), candidate)
        id_, now = who.booking or "", self.clock()
        window = who.window if who.window[1] > now else (now, now + 14 * 24 * HOUR)
        refusal = self.model.immovable(who, now)
        expected = not refusal and self.model.any_start(who, window, now)
        answer = self.ask(
            lambda: fresh_options.find(self.parts, self.organization_id, id_, actor=RECRUITER, options=3)
        )
        assert _code(answer) == refusal
        if refusal:
            return
        found = {option["id"]: seating_of(option["sessions"]) for option in answer["data"]}
        assert bool(found) == expected
        assert all(self.model.possible(who, seating, now) for seating in found.values())
        for gone in who.open().keys() - found.keys():
            who.choices[gone].status = "withdrawn"
        who.choices |= {new: Choice(seating, "offered") for new, seating in found.items()}

    def _move(self, candidate: int, option: int) -> None:
        """What is booked is moved to one of the times that were ever on offer."""
        who = _one_of(self.booked(ever=True), candidate)
        id_, booking_id = _choice(who, option), who.booking or ""
        expected = self.model.refusal_of_move(who, id_, self.clock())
        answer = self.ask(
            lambda: moving.reschedule(self.parts, self.organization_id, booking_id, id_, actor=RECRUITER)
        )
        assert _code(answer) == expected
        if expected == "slot_taken":
            self.model.lose(who, id_, _left(answer), self.withdrawn(), self.clock())
        elif expected is None and id_ != who.chosen:
            self.model.book(who, id_, seating_of(answer["sessions"]), self.clock())

    def _replace(self, candidate: int, seat: int) -> None:
        """Somebody else takes a place of what is booked."""
        who = _one_of(self.booked(), candidate)
        assert who.booked is not None
        leaving, now = sorted(who.booked.people)[seat % len(who.seats)], self.clock()
        refusal = self.model.immovable(who, now)
        able = set() if refusal else self.model.instead(who, leaving, now)
        answer = self.ask(
            lambda: replacing.replace_interviewer(
                self.parts,
                self.organization_id,
                who.booking or "",
                session_key="talk",
                interviewer_id=leaving,
                actor=RECRUITER,
            )
        )
        assert _code(answer) == (refusal or (None if able else "nobody_can"))
        if able:
            there = seating_of(answer["sessions"])
            [comes] = there.people - who.booked.people
            assert comes in able
            assert there == Seating(who.booked.start, who.booked.people - {leaving} | {comes})
            self.model.reseat(who, there)

    def _meet(self, person: int, day: int, hour: int) -> None:
        """A meeting of somebody's own, in their own calendar."""
        who = list(self.model.people.values())[person]
        start = self.morning(day) + hour * HOUR
        self.houses[who.house].add_busy(address_of(who), start, start + HOUR)
        self.model.meetings.append((who.id, start, start + HOUR))

    def _decline(self, candidate: int) -> None:
        """Somebody of the panel says no to the invitation, where the event stands there already."""
        who = _one_of(self.booked(), candidate)
        assert who.booked is not None
        if who.booked.start <= self.clock():
            return
        panel = [self.model.people[id_] for id_ in sorted(who.booked.people)]
        invited = [person for person in panel if person.house == "google"]
        for holder in invited:
            for uid, event in self.events_of(holder).items():
                guests = {guest.email for guest in event.attendees}
                guest = next((person for person in invited if address_of(person) in guests), None)
                if uid.startswith(f"{who.booking}.") and event.start == who.booked.start and guest:
                    self._says_no(who, holder, uid, guest)
                    return

    def _says_no(self, who: Candidate, holder: Person, uid: str, person: Person) -> None:
        event = self.events_of(holder)[uid]
        guests = [
            replace(guest, status="declined") if guest.email == address_of(person) else guest
            for guest in event.attendees
        ]
        self.events_of(holder)[uid] = replace(event, attendees=tuple(guests))
        self.calendar_of(holder).changes.append(uid)
        who.declined = person.id

    def _rotate(self) -> None:
        """A new key comes in front; links made with those before go on."""
        self.keys = [f"key-{len(self.keys)}", *self.keys]
        self.use_keys()
        for number, token in self.tokens.items():
            answer = self.ask(lambda token=token: candidate_link.open(self.parts, token))
            assert _code(answer) == ("revoked" if self.model.candidates[number].revoked else None)

    def _work(self) -> None:
        self.work()

    def _tick(self, leap: int) -> None:
        """Time passes, and the clock has everything looked at that is due."""
        crashes = self.crashes
        self.clock.instant += LEAPS[leap] * MINUTE
        self.end_leases()
        for _ in range(2):
            self.sweep()
            self.clock.forward(seconds=6)
        self.sweep()
        if self.crashes == crashes:
            self.see_that_declines_are_noticed()

    def _look(self) -> None:
        self.look_at_calendars()


def _one_of(people: list[Candidate], number: int) -> Candidate:
    return people[number % len(people)]


def _choice(who: Candidate, option: int) -> str:
    """One of all times that were ever on offer, those that are now first."""
    ordered = sorted(who.choices, key=lambda id_: id_ not in who.open())
    return ordered[option % len(ordered)]


def _left(answer: Any) -> set[str]:
    return {option["id"] for option in answer.options}


def _code(answer: object) -> str | None:
    return answer.reason if isinstance(answer, Refusal) else None
