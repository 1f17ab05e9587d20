# SPDX-License-Identifier: Apache-2.0
"""A calendar as a calendar program exports it: recurring, moved, left out, whole days, free and cancelled."""

from __future__ import annotations

from datetime import date, timedelta

ADA = "ada.keller@northwind.example"

_EXPORT = """\
BEGIN:VCALENDAR
PRODID:-//Desktop Calendar 11//EN
VERSION:2.0
METHOD:PUBLISH
X-WR-CALNAME:Ada Keller
BEGIN:VTIMEZONE
TZID:Europe/London
BEGIN:DAYLIGHT
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
TZNAME:BST
DTSTART:19700329T010000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
TZNAME:GMT
DTSTART:19701025T020000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:stand-up@desktop
DTSTAMP:20260101T080000Z
SUMMARY:Stand-up\\, with the whole team and everybody who happens to be in th
 e office that day
DTSTART;TZID=Europe/London:{long_ago}T093000
DTEND;TZID=Europe/London:{long_ago}T094500
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
EXDATE;TZID=Europe/London:{left_out}T093000
SEQUENCE:2
END:VEVENT
BEGIN:VEVENT
UID:one-to-one@desktop
DTSTAMP:20260101T080000Z
SUMMARY:1:1
DTSTART;TZID=Europe/London:{long_ago}T140000
DURATION:PT1H30M
RRULE:FREQ=WEEKLY;BYDAY=MO,WE
ATTENDEE;CN=Ada Keller;PARTSTAT=ACCEPTED:mailto:ada.keller@northwind.example
END:VEVENT
BEGIN:VEVENT
UID:one-to-one@desktop
DTSTAMP:20260201T080000Z
RECURRENCE-ID;TZID=Europe/London:{moved}T140000
SUMMARY:1:1 (moved)
DTSTART;TZID=Europe/London:{moved}T103000
DTEND;TZID=Europe/London:{moved}T120000
SEQUENCE:1
END:VEVENT
BEGIN:VEVENT
UID:review@desktop
DTSTAMP:20260101T080000Z
SUMMARY:Review
DTSTART:{review}T150000Z
DTEND:{review}T163000Z
END:VEVENT
BEGIN:VEVENT
UID:day-off@desktop
DTSTAMP:20260101T080000Z
SUMMARY:Day off
DTSTART;VALUE=DATE:{day_off}
DTEND;VALUE=DATE:{after_day_off}
X-MICROSOFT-CDO-BUSYSTATUS:OOF
END:VEVENT
BEGIN:VEVENT
UID:birthday@desktop
DTSTAMP:20260101T080000Z
SUMMARY:Birthday
DTSTART;VALUE=DATE:{left_out}
TRANSP:TRANSPARENT
END:VEVENT
BEGIN:VEVENT
UID:called-off@desktop
DTSTAMP:20260101T080000Z
SUMMARY:Called off
DTSTART:{left_out}T100000Z
DTEND:{left_out}T160000Z
STATUS:CANCELLED
END:VEVENT
END:VCALENDAR
"""


def export(today: date) -> bytes:
    """A busy calendar of the next two weeks, with CRLF line ends."""
    monday = today - timedelta(days=today.weekday()) + timedelta(weeks=1)
    days = {
        "long_ago": monday - timedelta(weeks=30),
        "left_out": monday + timedelta(days=1),
        "moved": monday + timedelta(days=2),
        "review": monday + timedelta(days=3),
        "day_off": monday + timedelta(days=4),
        "after_day_off": monday + timedelta(days=5),
    }
    text = _EXPORT.format(**{name: f"{day:%Y%m%d}" for name, day in days.items()})
    return text.replace("\n", "\r\n").encode()


def interviewer(email: str = ADA, **more: object) -> dict[str, object]:
    """Somebody with this calendar, in the API's form."""
    return {
        "name": email.partition("@")[0].replace(".", " ").title(),
        "email": email,
        "time_zone": "Europe/London",
        "qualifications": [{"skill": "backend"}],
        **more,
    }


def talk(**more: object) -> dict[str, object]:
    """A plan of one conversation, in the API's form."""
    session = {
        "key": "talk",
        "title": "Backend conversation",
        "minutes": 45,
        "seats": [{"skill": "backend"}],
        "conference_url": "https://meet.northwind.example/backend",
    }
    return {"name": "Backend interview", "sessions": [session], **more}
