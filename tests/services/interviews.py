# SPDX-License-Identifier: Apache-2.0
"""Interviews that are booked, what happens to them, and how they look afterwards."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from calendars.ics import IcsFolder
from scheduler.db import rows
from scheduler.domain.intervals import parse_instant
from scheduler.domain.options import OptionSession
from scheduler.services import bookings, fresh_options, losses, moving, replacing, rooms, upkeep
from tests.services.town import CONTACT, RECRUITER, candidates

WEDNESDAY = {"start": "2026-12-02T09:00:00Z", "end": "2026-12-02T12:00:00Z"}
CANDY, ROSA = "candy@example.net", CONTACT["email"]
PYTHON = [{"skill": "python"}]
TWO_DAYS = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-04T00:00:00Z"}
THREE_DAYS = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-05T00:00:00Z"}
HOUR = timedelta(hours=1)
TEN_O_CLOCK = {"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T11:00:00Z"}
FOR_TWO = {"capacity": 2}


def talk(key="talk", *, seats=PYTHON, **more):
    return {"key": key, "title": f"A {key}", "minutes": 60, "seats": seats, **more}


def booked(town, name="Candy Ray", *, sessions=None, on_decline="replace", window=WEDNESDAY, **plan):
    """A booking in the time of the window."""
    candidate = {
        "name": name,
        "email": f"{name.split()[0].lower()}@example.net",
        "time_zone": "Europe/London",
    }
    made = town.plan(sessions=sessions or [talk()], on_decline=on_decline, **plan)
    booking = town.book(town.offer(made, window=window, options=1, candidates=[candidate]))
    town.run_jobs()
    return now(town, booking)


def now(town, booking):
    return bookings.get(town.parts, town.organization_id, booking["id"])


def standing(town, name, booking, key="talk"):
    """The event in somebody's calendar, or None."""
    return town.calendars.find_event(f"{name.lower()}@acme.example", f"{booking['id']}.{key}@convene")


def when_standing(town, name, booking, key="talk"):
    """When it stands there, or None."""
    found = standing(town, name, booking, key)
    return found and (found.start, found.end)


def hire(town, *names, skills=("python",), **fields):
    for name in names:
        town.hire(name, skills=skills, **fields)


def add_room(town, name, capacity=4):
    address = f"{name.lower()}@rooms.example"
    town.calendars.add_calendar(address)
    made = rooms.create(
        town.parts,
        town.organization_id,
        {
            "name": name,
            "capacity": capacity,
            "time_zone": "Europe/London",
            "calendar": {"provider": "ics", "address": address},
        },
    )
    town.people[name] = made["id"]


def booked_in_room(town, *, room="Blue", on_decline="suggest", sessions=None, **asked):
    """A booking with Ada in this room, which is made if it is not there."""
    if "Ada" not in town.people:
        hire(town, "Ada")
    if room not in town.people:
        add_room(town, room)
    return booked(
        town,
        sessions=sessions or [talk(room=FOR_TWO)],
        on_decline=on_decline,
        **{"window": TEN_O_CLOCK, **asked},
    )


def keep_diaries(town, folder, *names):
    """Calendars that are files, and empty so far."""
    for name in names:
        empty = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Acme//Diary//EN", "END:VCALENDAR", "")
        (folder / f"{name}@acme.example.ics").write_text("\r\n".join(empty), newline="")
    town.parts = town.parts.evolve(providers={"ics": IcsFolder(folder, now=town.clock)})


def arranged(town, plan=None, **asked):
    """A booking whose entries are written and whose mails are sent."""
    run = town.offer(plan, **{"window": TWO_DAYS, **asked})
    booking = town.book(run)
    town.run_jobs()
    return now(town, booking)


def booked_by(town, plan, name="Candy"):
    return town.book(town.offer(plan, window=THREE_DAYS, candidates=candidates(name)))


def people_of(thing):
    return [p["id"] for s in thing["sessions"] for p in s["interviewers"]]


def panel(booking, key="talk"):
    return [p["name"] for s in booking["sessions"] if s["key"] == key for p in s["interviewers"]]


def where(booking):
    return [session["room"]["name"] for session in booking["sessions"]]


def told(booking, event="booking.needs_attention"):
    return [entry for entry in booking["history"] if entry["event"] == event]


def text_to(town, address):
    mail = next(mail for mail in reversed(town.post.mails) if address in str(mail["To"]))
    return " ".join(mail.get_body(("plain",)).get_content().split())


def answer(diary, before, after):
    """Somebody says something else to the only invitation in their file."""
    text = diary.read_bytes()
    assert text.count(f"PARTSTAT={before}".encode()) == 1
    diary.write_bytes(text.replace(f"PARTSTAT={before}".encode(), f"PARTSTAT={after}".encode()))


def events(booking):
    return [entry["event"] for entry in booking["history"]]


def during(booking):
    return parse_instant(booking["start"]), parse_instant(booking["end"])


def fresh(town, booking, *, actor=RECRUITER, **question):
    return fresh_options.find(town.parts, town.organization_id, booking["id"], actor=actor, **question)[
        "data"
    ]


def at(options, start):
    return next(option for option in options if option["start"] == start)


def move(town, booking, option, *, actor=RECRUITER):
    return moving.reschedule(town.parts, town.organization_id, booking["id"], option["id"], actor=actor)


def mover(town, booking, option, actor=RECRUITER):
    return lambda: moving.reschedule(
        town.parts, town.organization_id, booking["id"], option["id"], actor=actor
    )


def canceller(town, booking):
    return lambda: bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)


def replace_person(town, booking, leaving, by=None, *, key="talk"):
    return replacing.replace_interviewer(
        town.parts,
        town.organization_id,
        booking["id"],
        session_key=key,
        interviewer_id=town.people[leaving],
        replacement_id=by and town.people[by],
        actor=RECRUITER,
    )


def replace_room(town, booking, leaving, by=None, *, key="talk"):
    return replacing.replace_room(
        town.parts,
        town.organization_id,
        booking["id"],
        session_key=key,
        room_id=town.people[leaving],
        replacement_id=by and town.people[by],
        actor=RECRUITER,
    )


def busy(town, name, booking):
    start, end = parse_instant(booking["start"]), parse_instant(booking["end"])
    town.calendars.add_busy(f"{name.lower()}@acme.example", start, end)


def note(town, booking, name, cause=losses.DECLINED, *, key="talk"):
    """It is noticed that somebody, or a room, is lost."""
    with town.parts.database.transaction(town.organization_id) as session:
        row = bookings.locked(session, booking["id"])
        item = next(OptionSession.from_json(item) for item in row.sessions if item["key"] == key)
        id_ = town.people[name]
        who = session.get(rows.Interviewer, id_) or session.get_one(rows.Room, id_)
        losses.note(session, town.parts, row, item, who, cause)


def lose(town, booking, *who, **how):
    """The same, and whatever follows is carried out."""
    note(town, booking, *who, **how)
    town.run_jobs()
    return now(town, booking)


def looked_at(town):
    """The clock has the calendars looked at that hold interviews."""
    town.clock.forward(minutes=2)
    upkeep.sweep(town.parts)
    town.run_jobs()


def losses_of(town):
    with town.parts.database.transaction(town.organization_id) as session:
        found = session.scalars(sa.select(rows.Loss).order_by(rows.Loss.found_at))
        return [(loss.cause, loss.outcome) for loss in found]


class PowerCut(BaseException):
    """The process is gone."""


def looks(town):
    subjects = town.post.subjects_to(ROSA)
    return [subject.partition(":")[0] for subject in subjects if "look" in subject]
