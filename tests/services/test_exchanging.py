# SPDX-License-Identifier: Apache-2.0
"""A place of a booking that is filled anew because somebody asks for it: what is the same for an
interviewer's place and for a room.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from scheduler.db import rows
from scheduler.domain.errors import Conflict, Invalid, NotFound, Unavailable
from scheduler.domain.intervals import parse_instant
from scheduler.services import bookings
from tests.races import at_once
from tests.services.interviews import (
    CANDY,
    WEDNESDAY,
    PowerCut,
    add_room,
    arranged,
    booked_in_room,
    hire,
    now,
    panel,
    replace_person,
    replace_room,
    told,
    where,
)
from tests.services.town import RECRUITER


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Who, or what, is replaced, and by which calls."""

    #: whose place it is, and who could come
    leaves: str
    comes: str
    domain: str
    event: str
    table: type
    add: Callable
    booked: Callable
    replace: Callable
    names: Callable

    def is_booked(self, town):
        if self.leaves == "Ada":
            hire(town, "Ada")
        return self.booked(town)


PERSON = Kind(
    leaves="Ada",
    comes="Ben",
    domain="acme.example",
    event="interviewer.replaced",
    table=rows.Interviewer,
    add=hire,
    booked=lambda town: arranged(town, window=WEDNESDAY, options=1),
    replace=replace_person,
    names=panel,
)
ROOM = Kind(
    leaves="Blue",
    comes="Green",
    domain="rooms.example",
    event="room.replaced",
    table=rows.Room,
    add=add_room,
    booked=booked_in_room,
    replace=replace_room,
    names=where,
)
pytestmark = pytest.mark.parametrize("kind", [PERSON, ROOM], ids=["an interviewer", "a room"])


def refused(town, kind, booking):
    with pytest.raises(Conflict) as refusal:
        kind.replace(town, booking, kind.leaves)
    assert now(town, booking) == booking
    return refusal.value.reason


def test_the_same_question_twice_is_one_change(town, kind):
    booking = kind.is_booked(town)
    kind.add(town, kind.comes)
    kind.add(town, "Cleo")

    first = kind.replace(town, booking, kind.leaves)

    assert kind.replace(town, booking, kind.leaves) == first
    assert kind.replace(town, booking, kind.leaves, *kind.names(first)) == first


def test_the_same_question_twice_at_the_same_moment_is_one_change(town, kind):
    booking = kind.is_booked(town)
    kind.add(town, kind.comes)
    kind.add(town, "Cleo")

    answers = at_once(*[lambda: kind.replace(town, booking, kind.leaves)] * 2)

    after = now(town, booking)
    assert answers == [after, after]
    assert len(told(after, kind.event)) == 1


def test_what_is_not_there_is_pointed_at(town, kind):
    booking = kind.is_booked(town)
    town.people["Nothing"] = "nothing_like_it"

    with pytest.raises(Invalid, match="/session_key"):
        kind.replace(town, booking, kind.leaves, key="lunch")
    with pytest.raises(Invalid, match="/replacement_id"):
        kind.replace(town, booking, kind.leaves, "Nothing")
    with pytest.raises(NotFound):
        kind.replace(town, {"id": "bkg_nothing"}, kind.leaves)


def test_what_is_cancelled_or_has_begun_stays_as_it_is(town, kind):
    booking = kind.is_booked(town)
    kind.add(town, kind.comes)
    town.clock.instant = parse_instant(booking["start"])
    assert refused(town, kind, booking) == "begun"
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)

    assert refused(town, kind, now(town, booking)) == "not_booked"


def test_a_calendar_that_cannot_be_read_is_never_free(town, kind):
    booking = kind.is_booked(town)
    kind.add(town, kind.comes)
    calendar = f"{kind.comes.lower()}@{kind.domain}"
    town.calendars.make_unreadable(calendar, "The server is down.")

    for name in (None, kind.comes):
        with pytest.raises(Unavailable):
            kind.replace(town, booking, kind.leaves, name)
    kind.add(town, "Cleo")

    assert kind.names(kind.replace(town, booking, kind.leaves)) == ["Cleo"]
    town.calendars.make_readable(calendar)


@pytest.mark.parametrize("point", ["looked", "changed", "told", "committed"])
def test_a_change_that_dies_in_the_middle_is_whole_or_nothing(town, kind, point):
    booking = kind.is_booked(town)
    kind.add(town, kind.comes)
    usual = town.parts

    def reach(name):
        if name == f"replace.{point}":
            raise PowerCut

    town.parts = usual.evolve(reach=reach)
    with pytest.raises(PowerCut):
        kind.replace(town, booking, kind.leaves)
    town.parts = usual
    assert kind.names(now(town, booking)) == [kind.comes if point == "committed" else kind.leaves]

    replaced = kind.replace(town, booking, kind.leaves)
    town.run_jobs()

    assert (kind.names(replaced), len(told(replaced, kind.event))) == ([kind.comes], 1)
    assert len([mail for mail in town.post.subjects_to(CANDY) if mail.startswith("Updated")]) == 1
    with town.parts.database.transaction(town.organization_id) as session:
        left = session.get_one(kind.table, town.people[kind.leaves]).resource_id
        assert session.query(rows.Reservation).filter_by(resource_id=left, state="booked").count() == 0
