# SPDX-License-Identifier: Apache-2.0
"""Reading schedules from Graph: cases 7 to 13 of the conformance list, and what blocks (15 to 32)."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars import Blocks, CalendarKey, TryLater
from calendars.microsoft import Slots
from calendars.microsoft.reading import UNKNOWN_ZONE, UNRESOLVED, WITHHELD, events_of, schedules_of
from calendars.values import Busy
from tests.calendars.microsoft.conftest import ADA, BOB, NOW, ROOM, START, Dead, Desk, Grants, at, draft
from tests.fakes.faults import answer, empty_page, html, truncated_json
from tests.patience import PATIENCE

ZURICH = ZoneInfo("Europe/Zurich")
BUSY = (Busy(at(9), at(10)),)


def people(desk: Desk, count: int) -> list[str]:
    addresses = [f"p{number:03}@corp.example" for number in range(count)]
    for address in addresses:
        desk.fake.add_person(address)
    return addresses


def test_45_addresses_are_three_calls_and_one_that_is_unknown_leaves_the_others(desk):
    """Case 7."""
    addresses = people(desk, 44)
    answers = desk.read(*addresses, "nobody@corp.example")

    assert sorted(len(c.json()["schedules"]) for c in desk.calls("/getSchedule")) == [5, 20, 20]
    assert answers.pop("nobody@corp.example").code == "not_found"
    assert set(answers.values()) == {Blocks((), NOW)}


@pytest.mark.parametrize(
    ("case", "shown", "expected"),
    [
        (8, "workingElsewhere", ()),
        (9, "busy", BUSY),
        (9, "unknown", BUSY),
        (15, "free", ()),
        (17, "tentative", (Busy(at(9), at(10), "tentative"),)),
        (19, "oof", (Busy(at(9), at(10), "out_of_office"),)),
    ],
)
@pytest.mark.parametrize("detail", ["free_busy", "events"])
def test_time_counts_as_it_is_shown(desk, case, shown, expected, detail):
    """Cases 8, 9, 15, 17 and 19."""
    desk.fake.add_event(ADA, at(9), at(10), showAs=shown)

    assert desk.busy(detail=detail) == expected, case


@pytest.mark.parametrize("status", ["Busy", "BUSY", "somethingNew", None])
def test_a_status_in_any_spelling_or_none_that_is_known_blocks(status):
    """Case 9."""
    item = {"status": status, "start": moment("09:00"), "end": moment("10:00")}
    told = schedules_of({"value": [{"scheduleId": "Ada@Corp.example", "scheduleItems": [item]}]})

    assert told == {"ada@corp.example": BUSY}


def moment(time: str, zone: str = "UTC") -> dict:
    return {"dateTime": f"2026-11-25T{time}:00.0000000", "timeZone": zone}


@pytest.mark.parametrize(
    "schedule",
    [
        {"scheduleId": "a", "error": {"message": "…", "responseCode": "5009"}},
        {"scheduleId": "a", "error": {"message": "…"}},
        {"scheduleId": "a", "error": {}, "scheduleItems": []},
        {"scheduleId": "a"},
        {"scheduleId": "a", "scheduleItems": None, "availabilityView": "000"},
    ],
)
def test_a_schedule_without_items_is_not_free(schedule):
    """Case 7: any error, and items that are missing."""
    assert not isinstance(schedules_of({"value": [schedule]})["a"], tuple)


def test_items_with_nothing_but_times_are_enough():
    """Case 10."""
    item = {"status": "busy", "start": moment("09:00"), "end": moment("10:00")}
    assert schedules_of({"value": [{"scheduleId": "a", "scheduleItems": [item]}]})["a"] == BUSY


def test_working_hours_of_the_mailbox_are_not_ours_to_read(desk):
    """Cases 11 and 12: hours are the organisation's own setting, in a custom zone or none at all."""
    odd = {"timeZone": {"@odata.type": "#microsoft.graph.customTimeZone", "bias": 480}}
    desk.fake.add_person("odd@corp.example", working_hours=odd)
    desk.fake.add_person("none@corp.example", working_hours={})

    answers = desk.read("odd@corp.example", "none@corp.example")

    assert set(answers.values()) == {Blocks((), NOW)}


def test_a_mailbox_we_may_not_open_is_not_permitted_and_nobody_else_waits(desk):
    """Case 13."""
    desk.fake.add_event(BOB, at(9), at(10))
    desk.fake.no_access(ADA)

    answers = desk.read(ADA, BOB)

    assert answers[ADA].code == "not_permitted"
    assert answers[BOB] == Blocks(BUSY, NOW)
    assert desk.slept == []


@pytest.mark.parametrize("people_refused", [1, 7])
@pytest.mark.parametrize("known", ["closed", "forgotten"])
def test_however_many_may_not_be_opened_the_others_are_read(desk, people_refused, known):
    """Case 13: somebody of the group is found in whose name to ask, and is asked first from then on."""
    addresses = people(desk, 12)
    refused = addresses[:people_refused]
    for address in refused:
        desk.fake.no_access(address) if known == "closed" else desk.fake.forget_person(address)

    answers = desk.read(*addresses)

    codes = {answers[address].code for address in refused}
    assert codes == {"not_permitted" if known == "closed" else "no_mailbox"}
    assert {answers[address] for address in addresses[people_refused:]} == {Blocks((), NOW)}
    desk.fake.requests.clear()
    desk.read(*addresses)
    assert len(desk.calls("/getSchedule")) == 1


def test_a_mailbox_that_is_not_there_by_no_code_is_not_there(desk):
    """A 404 whose code is empty: the other of the group asks."""
    desk.fake.faults.add(answer(404, {"error": {"code": ""}}), path=f"/{ADA}/calendar/getSchedule$")

    answers = desk.read(ADA, BOB)

    assert answers[ADA].code == "no_mailbox"
    assert answers[BOB] == Blocks((), NOW)


def test_a_reader_who_may_not_be_used_leaves_it_to_the_people(desk):
    """Case 13: closed, or connected with a grant that is dead."""
    desk.fake.add_person("talks@corp.example")
    desk.fake.no_access("talks@corp.example")
    everybody = desk.application().organization("")
    for access in (Grants(everybody=everybody), Grants({"talks@corp.example": Dead()}, everybody)):
        desk.provider = desk.made(access=access, reader="talks@corp.example")
        assert set(desk.read(ADA, BOB).values()) == {Blocks((), NOW)}


def test_a_grant_of_ones_own_wins_and_fails_alone(desk):
    everybody = desk.application().organization("")
    desk.provider = desk.made(access=Grants({ADA: Dead()}, everybody))

    answers = desk.read(ADA, BOB)

    assert answers[ADA].code == "reconnect"
    assert answers[BOB] == Blocks((), NOW)


def test_a_calendar_nobody_connected_says_what_to_do(desk):
    desk.provider = desk.made(access=Grants())

    reading = desk.read(ADA)[ADA]

    assert (reading.code, reading.passing) == ("not_connected", False)
    assert "connect" in reading.reason


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ({"message": "…", "responseCode": "5009"}, UNRESOLVED),
        ({"message": "…", "responseCode": "ErrorMailRecipientNotFound"}, UNRESOLVED),
        ({"message": "…"}, UNRESOLVED),
        ({"message": "…", "responseCode": "ErrorFreeBusyGenerationFailed"}, WITHHELD),
        ("in words", UNRESOLVED),
    ],
)
def test_an_owner_hears_whether_the_mailbox_is_unknown_or_only_silent(error, told):
    """Case 7: the codes beyond 5009 are not documented."""
    answered = {"scheduleId": "a", "error": error, "scheduleItems": []}
    assert schedules_of({"value": [answered]}) == {"a": told}


@pytest.mark.parametrize("detail", ["free_busy", "events"])
def test_what_we_do_not_know_of_an_answer_is_passed_over(desk, detail):
    """Case 84."""
    times = {"start": moment("09:00"), "end": moment("10:00")}
    item = {"status": "busy", "showAs": "busy", "type": "holographic", "aiSummary": {"a": 1}, **times}
    value = [{"scheduleId": ADA, "scheduleItems": [item], "mood": []}] if detail == "free_busy" else [item]
    desk.fake.faults.add(answer(200, {"@odata.new": True, "value": value}))

    assert desk.busy(detail=detail) == BUSY


@pytest.mark.parametrize(
    ("case", "fields", "expected"),
    [
        (16, {"response": "declined"}, ()),
        (16, {"response": "accepted"}, BUSY),
        (17, {"response": "notResponded"}, (Busy(at(9), at(10), "tentative"),)),
        (21, {"cancelled": True}, ()),
        (29, {"sensitivity": "private", "subject": "Dentist"}, BUSY),
    ],
)
def test_an_event_blocks_as_its_owner_means_it(desk, case, fields, expected):
    """Cases 16, 17, 21 and 29."""
    desk.fake.add_event(ADA, at(9), at(10), showAs="busy", **fields)

    assert desk.busy(detail="events") == expected, case


def test_a_whole_day_is_the_same_whichever_way_it_is_read(desk):
    """Cases 22 to 24: instants from getSchedule, floating midnights from calendarView."""
    desk.fake.add_person("west@corp.example", time_zone="America/Los_Angeles")
    desk.fake.add_event("west@corp.example", date(2026, 11, 25), date(2026, 11, 27), showAs="busy")

    for detail in ("free_busy", "events"):
        found = desk.busy("west@corp.example", detail=detail, zone="America/Los_Angeles")
        assert found == (Busy(at(8), at(8, day=27)),)


def test_the_repeated_hour_is_told_apart(desk):
    """Case 25: times come in UTC."""
    second = datetime(2027, 10, 31, 1, 30, tzinfo=ZoneInfo("UTC"))
    desk.fake.add_event(ADA, second, second + timedelta(minutes=30), showAs="busy")
    window = {"start": second - timedelta(days=1), "end": second + timedelta(days=1)}

    for detail in ("free_busy", "events"):
        assert desk.busy(detail=detail, **window) == (Busy(second, second + timedelta(minutes=30)),)
    assert all('outlook.timezone="UTC"' in c.headers["prefer"] for c in desk.api_calls())


WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]},
    "range": {"type": "numbered", "startDate": "2027-03-22", "numberOfOccurrences": 2},
}


@pytest.mark.parametrize("detail", ["free_busy", "events"])
def test_a_series_keeps_its_local_time_over_a_change_of_clocks(desk, detail):
    """Case 26: nine in Zurich is eight, then seven o'clock UTC."""
    first = datetime(2027, 3, 22, 9, tzinfo=ZURICH)
    desk.fake.add_event(ADA, first, first + timedelta(hours=1), recurrence=WEEKLY, showAs="busy")

    found = desk.busy(detail=detail, start=first - timedelta(days=1), end=first + timedelta(days=10))

    assert [(block.start.day, block.start.hour) for block in found] == [(22, 8), (29, 7)]


@pytest.mark.parametrize("detail", ["free_busy", "events"])
def test_an_instance_that_was_moved_blocks_where_it_is(desk, detail):
    """Case 27."""
    first = datetime(2027, 3, 22, 9, tzinfo=ZURICH)
    desk.fake.add_event(ADA, first, first + timedelta(hours=1), recurrence=WEEKLY, showAs="busy")
    second = next(event for event in desk.fake.events(ADA) if event["start"]["dateTime"] > "2027-03-28")
    there = datetime(2027, 3, 30, 14, tzinfo=ZoneInfo("UTC"))
    desk.fake.move_event(ADA, second["id"], there, there + timedelta(hours=1))

    found = desk.busy(detail=detail, start=first - timedelta(days=1), end=first + timedelta(days=10))

    assert [(block.start.day, block.start.hour) for block in found] == [(22, 8), (30, 14)]


def test_an_event_of_no_length_and_one_that_ends_where_the_window_starts_do_not_block(desk):
    """Case 28."""
    desk.fake.add_event(ADA, at(9), at(9), showAs="busy")
    desk.fake.add_event(ADA, START - timedelta(hours=1), START, showAs="busy")

    for detail in ("free_busy", "events"):
        assert desk.busy(detail=detail) == ()


def test_our_own_event_is_known_as_ours(desk):
    """Case 30."""
    desk.provider.create_event(ADA, draft())

    assert desk.busy(detail="events") == (Busy(at(10), at(11), "interview", "bkg_1.talk@convene"),)


def test_a_guests_copy_of_our_event_is_known_as_ours_where_the_original_is_read_too(desk):
    """Only the organiser's calendar shows our property; the copies share its iCalUId."""
    desk.provider.create_event(ADA, draft())
    desk.fake.add_event(BOB, at(10), at(11), showAs="busy")

    alone = desk.busy(BOB, detail="events")
    together = desk.read(BOB, ADA, detail="events")

    assert {block.own for block in alone} == {None}
    assert together[BOB].blocks == (
        Busy(at(10), at(11), "busy"),
        Busy(at(10), at(11), "interview", "bkg_1.talk@convene"),
    )
    assert together[ADA].blocks == (Busy(at(10), at(11), "interview", "bkg_1.talk@convene"),)


def test_an_event_around_the_window_blocks_all_of_it(desk):
    """Case 31."""
    desk.fake.add_event(ADA, START - timedelta(days=1), START + timedelta(days=9), showAs="busy")

    for detail in ("free_busy", "events"):
        assert desk.busy(detail=detail) == (Busy(START, START + timedelta(days=7)),)


@pytest.mark.parametrize("zone", ["tzone://Microsoft/Custom", "Customized Time Zone", "", "Nowhere/Land"])
def test_a_zone_that_is_not_known_is_no_silent_utc(zone):
    """Case 32."""
    event = {"start": moment("09:00", zone), "end": moment("10:00", zone), "showAs": "busy"}
    assert events_of([event], "Europe/Zurich") == UNKNOWN_ZONE


def test_a_zone_by_its_windows_name_is_read():
    """Case 32, the other way round."""
    zone = "Pacific Standard Time"
    event = {"start": moment("01:00", zone), "end": moment("02:00", zone), "showAs": "busy"}
    assert events_of([event], "UTC") == BUSY


def test_a_page_that_has_to_wait_is_asked_again_and_nothing_is_doubled(desk):
    """Case 36: the second page answers 429 with three seconds."""
    for day in range(25, 29):
        desk.fake.add_event(ADA, at(9, day=day), at(10, day=day), showAs="busy")
    desk.fake.faults.add(empty_page(), path="/calendarView$")
    desk.fake.faults.add(answer(429, {}, {"Retry-After": "3"}), path="/calendarView$")

    found = desk.busy(detail="events")

    assert [block.start.day for block in found] == [25, 26, 27, 28]
    assert len(desk.slept) == 1
    assert desk.slept[0] >= 3


@pytest.mark.parametrize("detail", ["free_busy", "events"])
@pytest.mark.parametrize("fault", [html(200), html(502), truncated_json()], ids=["html", "502", "cut"])
def test_a_proxys_page_or_half_an_answer_is_an_outage_and_never_no_events(desk, detail, fault):
    """Case 79."""
    desk.fake.faults.add(fault, times=None)

    reading = desk.read(ADA, detail=detail)[ADA]

    assert (reading.code, reading.passing) == ("provider_down", True)


def test_300_people_over_28_days_are_15_calls_and_never_more_than_four_at_once(desk):
    """Case 82."""
    addresses = people(desk, 300)
    desk.fake.latency = 0.02

    desk.read(*addresses, end=START + timedelta(days=28))

    assert len(desk.calls("/getSchedule")) == 15
    assert desk.fake.most_at_once <= 4


def test_several_processes_of_one_machine_share_the_four_places(desk, tmp_path):
    """Case 82: two providers with one folder stand for two processes."""
    addresses = people(desk, 160)
    desk.fake.latency = 0.02
    providers = [desk.made(slots=Slots(folder=tmp_path)) for _ in range(2)]
    keys = [CalendarKey(address, "UTC") for address in addresses]

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: one.read_busy(keys, START, at(9)), providers))

    assert desk.fake.most_at_once <= 4


HOLD = """
import sys, time
from contextlib import ExitStack
from pathlib import Path
from calendars.microsoft import Slots
slots = Slots(folder=Path(sys.argv[1]))
with ExitStack() as held:
    for _ in range(4):
        held.enter_context(slots.one())
    print("held", flush=True)
    sys.stdin.read()
"""


def test_places_of_a_process_that_dies_are_free_again(tmp_path):
    """Case 82: the kernel gives them back."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        slots = Slots(folder=tmp_path)
        with pytest.raises(TryLater), slots.one(time.monotonic() + 0.05):
            pass
        other.kill()
        other.wait()

    with slots.one(time.monotonic() + PATIENCE):
        pass


def test_subjects_bodies_and_attendees_are_not_even_asked_for(desk):
    desk.fake.add_event(ADA, at(9), at(10), subject="Dentist")
    desk.busy(detail="events")

    (call,) = desk.calls("/calendarView")
    assert not {"subject", "body", "attendees", "location"} & set(call.parameter("$select").split(","))


def test_rooms_are_read_like_people(desk):
    desk.fake.add_event(ROOM, at(9), at(10), showAs="busy")

    assert desk.busy(ROOM) == BUSY


def test_a_reader_of_the_organisation_asks_for_everybody(desk):
    desk.fake.add_person("talks@corp.example")
    desk.provider = desk.made(reader="talks@corp.example")

    desk.read(ADA, BOB)

    (call,) = desk.calls("/getSchedule")
    assert "/users/talks@corp.example/" in call.path


def test_a_folder_that_cannot_be_used_leaves_the_limit_to_the_process(desk, tmp_path):
    (tmp_path / "file").write_text("in the way")
    desk.provider = desk.made(slots=Slots(folder=tmp_path / "file" / "slots"))

    assert desk.busy() == ()
