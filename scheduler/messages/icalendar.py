# SPDX-License-Identifier: Apache-2.0
"""Calendar events for mail (RFC 5545 data, RFC 5546 methods, RFC 6047 transport).

A mail carries exactly one VEVENT. Outlook reads the first of a message and ignores the rest ([MS-STANOICAL]
2.2.175), and several UIDs under one METHOD:REQUEST are read differently by every client, so a loop of several
sessions is one event from its first minute to its last, with the programme in the description. Where that
reaches over more than one day it does not block the reader's calendar: the nights between are theirs.

Times are UTC: a single event needs no VTIMEZONE and every client converts. The reader is the only attendee,
so nobody's address travels; there is no alarm (clients set their own) and no link with a token, because
events are forwarded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from icalendar import Calendar, Event, vCalAddress, vText

from scheduler.domain.wording import local_date
from scheduler.messages.content import MailFacts, SessionFacts

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]

PRODUCT = "-//Convene//Interview scheduling//EN"

#: (ROLE, PARTSTAT) of the reader, RFC 5545 3.2.16 and 3.2.12. Candidates have chosen the time: asking again
#: would be odd. Contacts are told, not invited. Nobody is asked to answer by mail, where no one would read.
_STANDING = {
    "candidate": ("REQ-PARTICIPANT", "ACCEPTED"),
    "interviewer": ("REQ-PARTICIPANT", "NEEDS-ACTION"),
    "contact": ("NON-PARTICIPANT", "NEEDS-ACTION"),
}

#: Parameters have no escapes of their own. Quotes and carets would be written as RFC 6868 says, which Outlook
#: shows raw; some readers take a backslash for an escape.
_PLAIN_NAME = str.maketrans({'"': "'", "^": "", "\\": "/"})


@dataclass(frozen=True, kw_only=True)
class EventWords:
    """What a calendar shows: a title of one line, and text."""

    summary: str
    description: str


def invite(facts: MailFacts, words: EventWords) -> bytes:
    """METHOD:REQUEST: a new event, or by a higher SEQUENCE the same one changed."""
    return _calendar("REQUEST", facts, words)


def cancel(facts: MailFacts, words: EventWords) -> bytes:
    """METHOD:CANCEL of an event sent before, by a SEQUENCE higher than its last (RFC 5546 2.1.4)."""
    return _calendar("CANCEL", facts, words)


def publish(facts: MailFacts, words: EventWords) -> bytes:
    """METHOD:PUBLISH for download: the event without attendees (RFC 5546 3.2.1)."""
    return _calendar("PUBLISH", facts, words)


def _calendar(method: Method, facts: MailFacts, words: EventWords) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(_event(method, facts, words))
    return bytes(calendar.to_ical())


def _event(method: Method, facts: MailFacts, words: EventWords) -> Event:
    event = Event()
    event.add("uid", facts.uid)
    event.add("sequence", facts.sequence)
    event.add("dtstamp", facts.now)
    event.add("dtstart", facts.start)
    event.add("dtend", facts.end)
    event.add("organizer", _address(facts.brand.name, facts.sender))
    if method != "PUBLISH":
        event.add("attendee", _attendee(facts))
    event.add("summary", _text(words.summary))
    event.add("description", _text(words.description))
    if location := location_line(facts):
        event.add("location", _text(location))
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event.add("transp", "OPAQUE" if _occupies(facts) else "TRANSPARENT")
    if facts.recipient_role != "candidate":
        # The title names a candidate: it is not for colleagues who share the calendar.
        event.add("class", "PRIVATE")
    return event


def location_line(facts: MailFacts) -> str:
    """Where, each place once: the video link itself, since clients make it a button."""
    places = (place for session in facts.sessions for place in _places(session))
    return "; ".join(dict.fromkeys(place for place in places if place))


def _places(session: SessionFacts) -> tuple[str, str]:
    return ", ".join(part for part in (session.room, session.location) if part), session.conference_url


def _text(text: str) -> str:
    # The library takes a typed \N for an escaped line break: `Hall\North` would be shown on two lines.
    return text.replace("\\N", "/N")


def _occupies(facts: MailFacts) -> bool:
    zone = facts.recipient.time_zone
    one_day = local_date(facts.start, zone) == local_date(facts.end, zone)
    return facts.recipient_role != "contact" and (one_day or len(facts.sessions) == 1)


def _attendee(facts: MailFacts) -> vCalAddress:
    role, standing = _STANDING[facts.recipient_role]
    attendee = _address(facts.recipient.name, facts.recipient.email)
    attendee.params["CUTYPE"] = vText("INDIVIDUAL")
    attendee.params["ROLE"] = vText(role)
    attendee.params["PARTSTAT"] = vText(standing)
    attendee.params["RSVP"] = vText("FALSE")
    return attendee


def _address(name: str, email: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    address.params["CN"] = vText(name.translate(_PLAIN_NAME))
    return address
