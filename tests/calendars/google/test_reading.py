# SPDX-License-Identifier: Apache-2.0
"""Reading free/busy from Google: cases 1 to 6 of the conformance list, and what blocks (15 to 31)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars import Blocks, CalendarKey, NotAllowed
from calendars.google.problems import RECONNECT
from calendars.values import Busy
from tests.calendars.google.conftest import ADA, BOB, NOW, START, Desk, at, draft
from tests.fakes.faults import answer, empty_page, html, truncated_json

ZURICH = ZoneInfo("Europe/Zurich")


def test_a_calendar_with_an_error_and_no_busy_time_is_unreadable_and_the_others_are_used(desk):
    """Case 1."""
    desk.fake.add_event(BOB, at(9), at(10))
    answers = desk.read(ADA, BOB, "nobody@corp.example")

    assert answers["nobody@corp.example"].code == "not_found"
    assert answers["nobody@corp.example"].reason.endswith(".")
    assert answers[ADA] == Blocks((), NOW)
    assert answers[BOB] == Blocks((Busy(at(9), at(10)),), NOW)


def test_an_unknown_reason_is_unreadable_and_no_crash(desk):
    """Case 2."""
    desk.fake.freebusy_says(ADA, "quantumFlux")

    assert desk.code() == "refused"


def test_an_address_that_the_answer_leaves_out_is_unreadable(desk):
    """Case 3."""
    desk.fake.freebusy_says(ADA, None)

    assert desk.code() == "no_answer"


def test_120_people_are_three_calls_and_one_that_fails_for_good_leaves_its_own_people_unreadable(desk):
    """Case 4."""
    addresses = people(desk, 120)
    refusal = {"error": {"errors": [{"domain": "global", "reason": "forbidden"}], "code": 403}}
    desk.fake.faults.add(answer(403, refusal), path="freeBusy")

    answers = desk.read(*addresses)

    sizes = sorted(len(call.json()["items"]) for call in desk.calls("/freeBusy"))
    assert sizes == [20, 50, 50]
    refused = [person for person, reading in answers.items() if not isinstance(reading, Blocks)]
    assert len(refused) in (20, 50)
    assert {answers[person].code for person in refused} == {"not_permitted"}


def test_a_long_window_is_read_in_pieces_and_a_block_over_the_seam_is_one(desk):
    """Case 5: 180 days, at most 60 in a query."""
    seam = START + timedelta(days=60)
    desk.fake.add_event(ADA, seam - timedelta(hours=2), seam + timedelta(hours=2))

    blocks = desk.busy(end=START + timedelta(days=180))

    assert blocks == (Busy(seam - timedelta(hours=2), seam + timedelta(hours=2)),)
    spans = [
        datetime.fromisoformat(c.json()["timeMax"]) - datetime.fromisoformat(c.json()["timeMin"])
        for c in desk.calls("/freeBusy")
    ]
    assert len(spans) == 3
    assert max(spans) <= timedelta(days=60)


def test_a_range_that_google_finds_too_long_is_halved_once(desk):
    """Case 5, its end."""
    refusal = {
        "error": {
            "errors": [{"domain": "calendar", "reason": "timeRangeTooLong"}],
            "code": 400,
            "message": "The requested time range is too long.",
        }
    }
    desk.fake.faults.add(answer(400, refusal), path="freeBusy")
    desk.fake.add_event(ADA, at(9), at(10))

    assert desk.busy() == (Busy(at(9), at(10)),)
    assert len(desk.calls("/freeBusy")) == 3


@pytest.mark.parametrize(
    ("reason", "code", "passing"),
    [
        ("groupTooBig", "group_too_big", False),
        ("notFound", "not_found", False),
        ("tooManyCalendarsRequested", "too_many", True),
        ("internalError", "provider_down", True),
    ],
)
def test_every_reason_inside_an_answer_says_what_it_is(desk, reason, code, passing):
    """Cases 1 and 6."""
    desk.fake.freebusy_says(ADA, reason)

    reading = desk.read(ADA)[ADA]

    assert (reading.code, reading.passing) == (code, passing)


def test_300_people_over_28_days_are_six_calls(desk):
    desk.read(*people(desk, 300), end=START + timedelta(days=28))

    assert len(desk.calls("/freeBusy")) == 6


def test_a_subject_that_is_gone_keeps_nobody_else_from_being_read(desk):
    """Case 62: the first of the group would ask; she has left."""
    desk.fake.add_event(BOB, at(9), at(10))
    desk.fake.forget_person(ADA)

    answers = desk.read(ADA, BOB)

    assert answers[ADA].code == "not_found"
    assert answers[BOB] == Blocks((Busy(at(9), at(10)),), NOW)


def test_whoever_is_asked_about_alone_and_is_gone_is_unreadable(desk):
    """Case 62, alone."""
    desk.fake.forget_person(ADA)

    assert desk.code() == "no_such_person"


def test_a_room_that_comes_first_asks_for_nobody_and_is_read_all_the_same(desk):
    desk.fake.add_event("blue@corp.example", at(9), at(10))

    answers = desk.read("blue@corp.example", ADA)

    assert answers["blue@corp.example"] == Blocks((Busy(at(9), at(10)),), NOW)
    assert answers[ADA] == Blocks((), NOW)


def people(desk: Desk, count: int) -> list[str]:
    addresses = [f"p{number:03}@corp.example" for number in range(count)]
    for address in addresses:
        desk.fake.add_person(address)
    return addresses


def test_a_group_of_nothing_but_rooms_is_asked_for_by_somebody_beside_it(desk):
    rooms = [f"room{number:02}@corp.example" for number in range(12)]
    for room in rooms:
        desk.fake.add_room(room)

    answers = desk.read(*people(desk, 50), *rooms)

    assert len(desk.calls("/freeBusy")) == 2
    assert set(answers.values()) == {Blocks((), NOW)}


def test_rooms_alone_are_asked_for_by_somebody_of_the_organisations(desk):
    desk.fake.add_event("blue@corp.example", at(9), at(10))
    desk.provider = desk.made(people=[ADA])

    assert desk.read("blue@corp.example") == {"blue@corp.example": Blocks((Busy(at(9), at(10)),), NOW)}


def test_rooms_are_read_where_everybody_has_connected_their_own_calendar(desk):
    """Whoever asks about them does so as one of the organisation's, and not with what they granted."""

    class Hers:
        def personal(self, address):
            return desk.account.organization(address) if address == ADA else None

        def organization(self, address):
            asked.append(address)
            return desk.account.organization(address)

    asked: list[str] = []
    desk.provider = desk.made(access=Hers())

    assert desk.read(ADA, "blue@corp.example")["blue@corp.example"] == Blocks((), NOW)
    assert asked[-1] == ADA


def test_however_many_have_left_the_others_are_read(desk):
    """Case 62: somebody of the group is found in whose name to ask, and is asked first from then on."""
    addresses = people(desk, 14)
    for gone in addresses[:11]:
        desk.fake.forget_person(gone)

    answers = desk.read(*addresses)

    assert {answers[gone].code for gone in addresses[:11]} == {"not_found"}
    assert {answers[address] for address in addresses[11:]} == {Blocks((), NOW)}
    desk.fake.requests.clear()
    desk.read(*addresses)
    assert [call.path for call in desk.fake.requests if call.path == "/token"] == []


def test_a_reader_whose_own_grant_is_dead_leaves_it_to_the_people(desk):
    class Dead:
        def token(self):
            raise NotAllowed(RECONNECT)

        def drop(self, _token):
            pass

    class Both:
        def personal(self, address):
            return Dead() if address == "talks@corp.example" else None

        def organization(self, address):
            return desk.account.organization(address)

    desk.provider = desk.made(access=Both(), reader="talks@corp.example")

    assert set(desk.read(ADA, BOB).values()) == {Blocks((), NOW)}


@pytest.mark.parametrize(
    "nothing", [answer(200, {}), answer(204), answer(200, {"kind": "calendar#freeBusy"})]
)
def test_an_answer_that_is_no_list_of_events_is_not_free(desk, nothing):
    desk.fake.faults.add(nothing, times=None)

    assert desk.read(ADA, detail="events")[ADA].code == "provider_down"


def test_rooms_are_read_as_whoever_asks_for_the_group(desk):
    desk.fake.add_event("blue@corp.example", at(9), at(10))

    assert desk.read(ADA, "blue@corp.example")["blue@corp.example"] == Blocks((Busy(at(9), at(10)),), NOW)


@pytest.mark.parametrize("detail", ["free_busy", "events"])
@pytest.mark.parametrize("fault", [html(200), html(502), truncated_json()], ids=["html", "502", "cut"])
def test_a_proxys_page_or_half_an_answer_is_an_outage_and_never_no_events(desk, detail, fault):
    """Case 79."""
    desk.fake.faults.add(fault, times=None)

    reading = desk.read(ADA, detail=detail)[ADA]

    assert (reading.code, reading.passing) == ("provider_down", True)


@pytest.mark.parametrize("detail", ["free_busy", "events"])
def test_being_sent_elsewhere_is_an_outage_and_not_followed(desk, detail):
    """Case 79: a page in between that wants somebody to log in."""
    desk.fake.faults.add(answer(302, {}, {"Location": "https://evil.example/"}), times=None, path="calendar")

    reading = desk.read(ADA, detail=detail)[ADA]

    assert (reading.code, reading.passing) == ("provider_down", True)


def test_a_time_zone_that_nobody_knows_is_unreadable_and_not_utc(desk):
    """Case 32, as Google has it."""
    desk.fake.faults.add(answer(200, {"timeZone": "Mars/Olympus", "items": []}), path="/events$")

    assert desk.code(detail="events") == "unknown_time_zone"


@pytest.mark.parametrize("item", ["junk", {}, {"start": {"dateTime": 5}, "end": {}}, {"attendees": ["x"]}])
def test_an_event_that_makes_no_sense_is_an_outage_and_never_free(desk, item):
    """Case 79."""
    desk.fake.faults.add(answer(200, {"timeZone": "UTC", "items": [item]}), path="/events$")

    assert desk.code(detail="events") == "provider_down"


@pytest.mark.parametrize("detail", ["free_busy", "events"])
def test_unknown_fields_in_an_answer_are_nothing(desk, detail):
    """Case 84."""
    desk.fake.validates = False
    desk.fake.add_event(ADA, at(9), at(10), futureField={"a": 1})

    assert desk.busy(detail=detail) == (Busy(at(9), at(10)),)


# Which events block


def blocks_of(desk: Desk, **fields) -> tuple[Busy, ...]:
    desk.fake.add_event(ADA, at(9), at(10), **fields)
    return desk.busy(detail="events")


def invited(answer_: str, **guest) -> dict:
    return {
        "organizer": {"email": "boss@corp.example"},
        "attendees": [{"email": ADA, "self": True, "responseStatus": answer_}, *guest.get("more", ())],
    }


BUSY = (Busy(at(9), at(10)),)
TENTATIVE = (Busy(at(9), at(10), "tentative"),)


@pytest.mark.parametrize(
    ("case", "fields", "expected"),
    [
        (15, {"transparency": "transparent"}, ()),
        (15, {}, BUSY),
        (16, invited("declined"), ()),
        (16, invited("accepted", more=[{"email": BOB, "responseStatus": "declined"}]), BUSY),
        (17, invited("needsAction"), TENTATIVE),
        (17, invited("tentative"), TENTATIVE),
        (19, {"eventType": "outOfOffice"}, (Busy(at(9), at(10), "out_of_office"),)),
        (19, {"eventType": "workingLocation"}, ()),
        (19, {"eventType": "birthday"}, ()),
        (19, {"eventType": "focusTime"}, (Busy(at(9), at(10), "focus"),)),
        (19, {"eventType": "futureThing"}, BUSY),
        (19, {"eventType": "futureThing", "transparency": "transparent"}, ()),
        (29, {"visibility": "private", "summary": "Dentist"}, BUSY),
    ],
)
def test_an_event_blocks_as_its_owner_means_it(desk, case, fields, expected):
    """Cases 15 to 17, 19 and 29."""
    desk.fake.validates = False
    assert blocks_of(desk, **fields) == expected, case


def test_an_answer_that_is_not_known_blocks(desk):
    """Case 18: attendees left out, and no entry of one's own."""
    fields = {"organizer": {"email": "boss@corp.example"}, "attendeesOmitted": True, "attendees": []}
    assert blocks_of(desk, **fields) == BUSY


def test_what_is_left_of_a_cancelled_instance_removes_it_and_breaks_nothing(desk):
    """Case 20."""
    series = desk.fake.add_event(ADA, at(9), at(10), recurrence=["RRULE:FREQ=DAILY;COUNT=3"])
    instance = f"{series}_20261126T090000Z"
    desk.fake.delete_event(ADA, instance)

    assert [b.start.day for b in desk.busy(detail="events")] == [25, 27]


def test_a_whole_day_counts_in_the_calendars_zone_and_is_found(desk):
    """Cases 22 and 24: the window is padded, the last day is not in it."""
    desk.fake.add_person("west@corp.example", time_zone="America/Los_Angeles")
    desk.fake.add_event("west@corp.example", date(2026, 11, 25), date(2026, 11, 27))

    found = desk.busy("west@corp.example", detail="events", zone="Europe/Berlin")

    assert found == (Busy(at(8), at(8, day=27)),)


def test_the_repeated_hour_is_told_apart(desk):
    """Case 25: 01:30 to 02:30 when clocks go back in Zurich, twice."""
    first = datetime(2027, 10, 31, 0, 30, tzinfo=ZoneInfo("UTC"))
    second = first + timedelta(hours=1)
    desk.fake.add_event(ADA, second, second + timedelta(minutes=30))

    window = {"start": first - timedelta(days=1), "end": first + timedelta(days=1)}
    assert desk.busy(detail="events", **window) == (Busy(second, second + timedelta(minutes=30)),)


def test_a_weekly_event_keeps_its_local_time_over_a_clock_change(desk):
    """Case 26."""
    begins = datetime(2027, 3, 22, 9, tzinfo=ZURICH)
    desk.fake.add_event(ADA, begins, begins + timedelta(hours=1), recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"])

    window = {"start": begins - timedelta(days=1), "end": begins + timedelta(days=14)}
    assert [b.start.hour for b in desk.busy(detail="events", **window)] == [8, 7]


def test_a_moved_instance_blocks_where_it_is_now_and_nowhere_else(desk):
    """Case 27."""
    series = desk.fake.add_event(ADA, at(9), at(10), recurrence=["RRULE:FREQ=DAILY;COUNT=2"])
    desk.fake.move_event(ADA, f"{series}_20261126T090000Z", at(15, day=26), at(16, day=26))

    found = desk.busy(detail="events")

    assert found == (Busy(at(9), at(10)), Busy(at(15, day=26), at(16, day=26)))


def test_an_event_of_no_length_and_one_that_ends_where_the_window_starts_do_not_block(desk):
    """Case 28."""
    desk.fake.add_event(ADA, at(9), at(9))
    desk.fake.add_event(ADA, START - timedelta(hours=1), START)

    assert desk.busy(detail="events") == ()


def test_our_own_event_is_known_as_ours_on_every_calendar_that_shows_it(desk):
    """Case 30: so that an interview never blocks itself."""
    desk.provider.create_event(ADA, draft())

    ours = (Busy(at(10), at(11), "interview", "bkg_1.talk@convene"),)
    assert desk.busy(ADA, detail="events") == ours
    assert desk.busy(BOB, detail="events") == ours


def test_an_event_around_the_window_blocks_all_of_it(desk):
    """Case 31."""
    desk.fake.add_event(ADA, START - timedelta(days=1), START + timedelta(days=9))

    for detail in ("free_busy", "events"):
        assert desk.busy(detail=detail) == (Busy(START, START + timedelta(days=7)),)


def test_titles_descriptions_and_other_peoples_addresses_are_not_even_asked_for(desk):
    desk.fake.add_event(ADA, at(9), at(10), summary="Dentist", description="Root canal")
    desk.busy(detail="events")

    (call,) = desk.calls("/events")
    fields = call.parameter("fields")
    assert not any(word in fields for word in ("summary", "description", "email", "location"))


def test_a_page_of_nothing_that_has_a_next_page_is_not_the_end(desk):
    """Case 33."""
    desk.fake.add_event(ADA, at(9), at(10))
    desk.fake.faults.add(empty_page(), path="/events$")

    assert desk.busy(detail="events") == BUSY


def test_a_reader_of_the_organisation_asks_for_everybody(desk):
    desk.fake.add_person("interviews@corp.example")
    provider = desk.made(reader="interviews@corp.example")

    provider.read_busy([CalendarKey(ADA, "UTC"), CalendarKey(BOB, "UTC")], START, at(9))

    (token,) = [r for r in desk.fake.requests if r.path == "/token"]
    assert "assertion" in token.form()
    assert len(desk.calls("/freeBusy")) == 1
