# SPDX-License-Identifier: Apache-2.0
"""What our own bookings and holds leave of an option, told from them alone where that is possible: no
calendar, no solver and no stored Problem. Most of a crowd at the same few times hears from here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from scheduler.db.casts import Cast
from scheduler.domain.intervals import Interval
from scheduler.domain.options import Option, OptionSession
from scheduler.domain.people import Interviewer
from scheduler.domain.plans import Plan, Seat, Session


class Standing:
    """Judges options of one plan by one cast. The cast reaches as far as they do."""

    def __init__(self, plan: Plan, cast: Cast) -> None:
        self._plan = plan
        self.cast = cast
        self._people = {person.id: person for person in cast.interviewers}
        self._rooms = {room.id: room for room in cast.rooms}
        self._taken = {id_: list(held) for id_, held in cast.held.items()}
        for id_, interviews in cast.booked.items():
            self._taken.setdefault(id_, []).extend(
                interview.buffer.around(interview.during) for interview in interviews
            )
        self._pools: dict[Seat, tuple[str, ...]] = {}

    def of(self, option: Option) -> bool | None:
        """True: nothing of ours touches its people and rooms. False: for what is ours there are not even
        others who could take part. None: that takes a closer look.
        """
        if all(self._is_untouched(session) for session in option.sessions) and self._is_in_order(option):
            return True
        return False if any(self._is_lost(session) for session in option.sessions) else None

    def _is_in_order(self, option: Option) -> bool:
        """Whether those who hold several of its sessions have no limits, and time between them: buffers may
        have grown since it was offered.
        """
        during: dict[str, list[Interval]] = defaultdict(list)
        for session in option.sessions:
            planned = self._plan.session(session.key)
            for panelist in session.interviewers:
                during[panelist.id].append(self._with_buffer(panelist.id, session, planned))
        several = {id_: sorted(times) for id_, times in during.items() if len(times) > 1}
        return not any(
            self._is_limited(self._people[id_]) or any(one.overlaps(next_) for one, next_ in pairwise(times))
            for id_, times in several.items()
        )

    def _is_untouched(self, session: OptionSession) -> bool:
        planned = self._plan.session(session.key)
        return (session.room is None or self._has_room(session.room.id, session)) and all(
            self._has_time(panelist.id, session, planned) for panelist in session.interviewers
        )

    def _has_time(self, id_: str, session: OptionSession, planned: Session) -> bool:
        person = self._people.get(id_)
        if person is None or (self._is_limited(person) and id_ in self._taken):
            return False
        return self._is_free(id_, self._with_buffer(id_, session, planned))

    def _with_buffer(self, id_: str, session: OptionSession, planned: Session) -> Interval:
        return (planned.buffer or self._people[id_].buffer).around(session.interval)

    def _has_room(self, id_: str, session: OptionSession) -> bool:
        return id_ in self._rooms and self._is_free(id_, session.interval)

    def _is_lost(self, session: OptionSession) -> bool:
        """Whether a seat must stay empty, or there is no room. Buffers of the interview itself are left out:
        what is lost without them is lost with them.
        """
        planned = self._plan.session(session.key)
        if planned.room_capacity is not None and not any(
            room.capacity >= planned.room_capacity and self._is_free(room.id, session.interval)
            for room in self._rooms.values()
        ):
            return True
        return any(
            self._count_free(self._pool(seat), session.interval) < seat.count
            for seat in planned.seats
            if not seat.optional
        )

    def _pool(self, seat: Seat) -> tuple[str, ...]:
        if seat not in self._pools:
            self._pools[seat] = tuple(
                id_
                for id_, person in self._people.items()
                if id_ in seat.interviewers
                or (not seat.interviewers and person.may_hold(seat.skill or "", seat.level))
            )
        return self._pools[seat]

    def _count_free(self, ids: Iterable[str], during: Interval) -> int:
        return sum(self._is_free(id_, during) for id_ in ids)

    def _is_free(self, id_: str, during: Interval) -> bool:
        return not any(taken.overlaps(during) for taken in self._taken.get(id_, ()))

    @staticmethod
    def _is_limited(person: Interviewer) -> bool:
        return person.limits.per_day is not None or person.limits.per_week is not None
