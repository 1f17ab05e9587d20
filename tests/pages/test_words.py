# SPDX-License-Identifier: Apache-2.0
"""Facts, programmes, zones, nonces and colours, each by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.colour import contrast
from scheduler.domain.options import OptionSession, Panelist, RoomRef
from scheduler.domain.plans import Plan
from scheduler.pages import arranged, assets, facts, programme, zones
from scheduler.pages.facts import Fact, Place
from scheduler.pages.forms import Nonces, StaleForm
from scheduler.pages.programme import Reader
from scheduler.services.links import Links
from tests.pages.house import HANA, KEY, LOOP, LOOPS, NOW, TALK, TALKS

LONDON = Reader(zone="Europe/London", home="Europe/London", locale="en-GB", now=NOW)


def plan(*sessions: dict[str, object], **fields: object) -> Plan:
    usual = {"minutes": 60, "seats": [{"skill": "any"}]}
    named = [usual | {"key": f"s{n}", "title": f"Talk {n}"} | each for n, each in enumerate(sessions)]
    return Plan.from_json({"name": "Interview", "sessions": named, **fields})


# Facts


def test_who_differs_between_times_is_counted() -> None:
    other = replace(TALKS[1].sessions[0], interviewers=(HANA,))
    proposals = [TALKS[0].sessions, (other, TALKS[1].sessions[1])]
    people = [fact for fact in facts.of_plan(TALK, proposals, "en-GB") if fact.icon == "people"]
    assert people == [
        Fact(
            icon="people",
            about="With whom",
            main="Three people from the team",
            details=("Named when you check a time",),
        )
    ]


def test_optional_people_are_promised_to_nobody() -> None:
    session = TALKS[0].sessions[0]
    panel = (*session.interviewers, Panelist("ivw_9", "Maybe Present", "shadow", optional=True))
    assert facts.with_whom([replace(session, interviewers=panel)], "en-GB") == "Ada Keller"


@pytest.mark.parametrize(
    ("session", "room", "place"),
    [
        ({"location": "12 Quay Street"}, None, Place(icon="place", main="12 Quay Street")),
        (
            {"location": "12 Quay Street"},
            "Aurora",
            Place(icon="place", main="12 Quay Street", detail="Aurora"),
        ),
        ({"room": {"capacity": 4}}, None, Place(icon="place", main="In person")),
        ({"room": {"capacity": 4}}, "Aurora", Place(icon="place", main="In person", detail="Aurora")),
        (
            {"conference": "teams"},
            None,
            Place(icon="video", main="By video", detail="We will tell you how to join before the interview"),
        ),
        (
            {"conference": "none", "conference_url": "https://meet.example"},
            None,
            Place(icon="video", main="By video", detail="The link comes with the confirmation"),
        ),
        ({}, None, Place(icon="video", main="How to join", detail="We will tell you before the interview")),
        ({"conference": "none"}, None, None),
    ],
)
def test_where_a_session_is_held(session: dict[str, object], room: str | None, place: Place | None) -> None:
    assert facts.place_of(plan(session).sessions[0], room) == place


@pytest.mark.parametrize(
    ("told", "main", "details"),
    [
        (["Bring a laptop."], "Bring a laptop", ()),
        (
            ["Bring a laptop. Any will do.\nOr borrow ours."],
            "Bring a laptop",
            ("Any will do.", "Or borrow ours."),
        ),
        (["x" * 61], "How to prepare", ("x" * 61,)),
        (["Read it.", "Read it."], "Read it", ()),
        (["Read it.", "Write it."], "How to prepare", ("Talk 0: Read it.", "Talk 1: Write it.")),
        (["", " "], None, ()),
    ],
)
def test_how_to_prepare(told: list[str], main: str | None, details: tuple[str, ...]) -> None:
    found = facts.of_plan(plan(*({"instructions": text} for text in told)), [], "en-GB")
    notes = [(fact.main, fact.details) for fact in found if fact.icon == "note"]
    assert notes == ([(main, details)] if main else [])


def test_a_long_plan_is_not_one_sitting_and_neither_is_one_with_pauses() -> None:
    assert facts.in_one_sitting(TALK, [option.sessions for option in TALKS])
    assert not facts.in_one_sitting(LOOP, [])
    late = replace(TALKS[0].sessions[1], start=TALKS[0].end, end=TALKS[0].end + timedelta(minutes=30))
    assert not facts.in_one_sitting(TALK, [(TALKS[0].sessions[0], late)])
    assert facts.in_one_sitting(plan({"minutes": 240}), [])


def test_rooms_of_one_place_are_named_together() -> None:
    rooms = [RoomRef("room_1", "Juniper"), RoomRef("room_2", "Larch"), RoomRef("room_1", "Juniper")]
    visit = plan(*({"room": {"capacity": 2}} for _ in rooms))
    sessions = [replace(LOOPS[0].sessions[n], key=f"s{n}", room=room) for n, room in enumerate(rooms)]
    assert arranged.where(visit, sessions, "en-GB") == "In person, Juniper and Larch"


def in_rooms(*rooms: str) -> list[list[OptionSession]]:
    """One session, offered in each of these rooms."""
    first = replace(LOOPS[0].sessions[0], key="s0")
    return [[replace(first, room=RoomRef(room, room.capitalize()))] for room in rooms]


@pytest.mark.parametrize(
    ("rooms", "place", "details"),
    [
        (["juniper"], "12 Quay Street", ("Juniper",)),
        (["juniper", "larch"], "12 Quay Street", ()),  # which of them is told when a time is checked
        (["juniper", "maple"], "In person", ()),
        (["willow"], "In person", ("Willow",)),
    ],
)
def test_a_room_is_where_its_address_says(rooms: list[str], place: str, details: tuple[str, ...]) -> None:
    addresses = {"juniper": "12 Quay Street", "larch": "12 Quay Street", "maple": "Harbour"}
    proposals = in_rooms(*rooms)
    placed = facts.with_addresses(plan({"room": {"capacity": 2}}), proposals, addresses)
    [fact] = [fact for fact in facts.of_plan(placed, proposals, "en-GB") if fact.icon == "place"]
    assert (fact.main, fact.details) == (place, details)


def test_where_the_plan_says_where_the_rooms_address_is_not_asked() -> None:
    upstairs = plan({"room": {"capacity": 2}, "location": "Come upstairs"})
    assert facts.with_addresses(upstairs, in_rooms("juniper"), {"juniper": "12 Quay Street"}) == upstairs


# Programmes


def test_breaks_are_read_on_the_candidates_clock_wherever_the_page_is_read() -> None:
    in_tokyo = replace(LONDON, zone="Asia/Tokyo")
    [lunch] = [line for line in programme.lines(LOOP, LOOPS[0].sessions, in_tokyo) if line.title == "Lunch"]
    assert lunch.time == "21:00–22:00"


def test_a_break_that_does_not_fit_is_not_shown() -> None:
    [_, _, third, fourth] = LOOPS[0].sessions
    assert list(programme.breaks(LOOP, (third, fourth), "Europe/London")) == []


def test_places_are_named_beside_sessions_where_they_differ() -> None:
    two_places = plan({"location": "Quay Street"}, {"location": "Harbour"})
    sessions = [replace(session, key=f"s{n}", room=None) for n, session in enumerate(LOOPS[0].sessions[:2])]
    assert [line.place for line in programme.lines(two_places, sessions, LONDON)] == [
        "Quay Street",
        "Harbour",
    ]
    assert {line.place for line in programme.lines(LOOP, LOOPS[0].sessions, LONDON)} == {""}


@pytest.mark.parametrize(
    ("hour", "part"), [(0, "Morning"), (11, "Morning"), (12, "Afternoon"), (18, "Evening")]
)
def test_parts_of_a_day(hour: int, part: str) -> None:
    assert programme.part_of_day(hour) == part


def test_only_a_break_of_every_proposal_is_told_of_all() -> None:
    with_lunch, without = LOOPS[0].sessions, LOOPS[1].sessions
    assert programme.shared_pauses(LOOP, [with_lunch], "Europe/London") == ["lunch"]
    assert programme.shared_pauses(LOOP, [with_lunch, without], "Europe/London") == []
    assert programme.shared_pauses(LOOP, [], "Europe/London") == []


# Zones


@pytest.mark.parametrize(
    ("asked", "known", "zone"),
    [
        ("Asia/Tokyo", "Europe/London", zones.Zone("Asia/Tokyo", "chosen")),
        ("Europe/London", "Europe/London", zones.Zone("Europe/London", "known")),
        (None, "Europe/London", zones.Zone("Europe/London", "known")),
        ("../../etc/passwd", None, zones.Zone("Europe/Berlin", "assumed")),
        ("", "Mars/Olympus", zones.Zone("Europe/Berlin", "assumed")),
    ],
)
def test_which_zone_is_shown(asked: str | None, known: str | None, zone: zones.Zone) -> None:
    assert zones.zone_for(asked, known, "Europe/Berlin") == zone


def test_likely_zones_begin_with_the_shown_one_and_name_each_once() -> None:
    shown = zones.Zone("Asia/Calcutta", "known")
    found = zones.likely(shown, ["Asia/Calcutta", "Europe/London", None], NOW, "en-GB")
    assert found[:2] == [
        ("Asia/Calcutta", "Calcutta (IST, now 15:11)"),
        ("Europe/London", "London (GMT, now 09:41)"),
    ]
    assert ("UTC", "UTC (now 09:41)") in found
    assert len(found) == len(dict(found)) == len(zones.COMMON) + 1


# Nonces


def nonces(at: datetime = NOW) -> Nonces:
    return Nonces(Links([KEY], "http://127.0.0.1"), at)


def test_a_nonce_knows_its_age_and_lasts_half_an_hour() -> None:
    nonce = nonces().make("book", "token", "opt_1")
    half = timedelta(minutes=30)
    assert nonces(NOW + half).age(nonce, "book", "token", "opt_1") == half
    with pytest.raises(StaleForm):
        nonces(NOW + half + timedelta(seconds=1)).age(nonce, "book", "token", "opt_1")


@pytest.mark.parametrize(
    "bound",
    [("cancel", "token", "opt_1"), ("book", "other", "opt_1"), ("book", "token", "opt_2"), ("book", "token")],
)
def test_a_nonce_serves_one_purpose(bound: tuple[str, ...]) -> None:
    nonce = nonces().make("book", "token", "opt_1")
    with pytest.raises(StaleForm):
        nonces().age(nonce, *bound)


def test_a_nonce_of_an_older_key_still_counts() -> None:
    nonce = nonces().make("ask", "token")
    rotated = Nonces(Links(["a-newer-key", KEY], "http://127.0.0.1"), NOW)
    assert rotated.age(nonce, "ask", "token") == timedelta()


@given(st.text(max_size=60))
def test_no_made_up_nonce_is_taken(nonce: str) -> None:
    with pytest.raises(StaleForm):
        nonces(datetime(2026, 12, 1, tzinfo=UTC)).age(nonce, "book", "token", "opt_1")


# Colours


@given(st.integers(min_value=0, max_value=0xFFFFFF).map("{:06x}".format))
def test_any_accent_can_be_read_on_light_and_dark(colour: str) -> None:
    sheet = assets.find(f"accent-{colour}.css")
    assert sheet is not None
    light, dark = sheet.body.decode().split("@media")
    for part, paper, ratio in ((light, "#fbfaf6", 4.5), (dark, "#1c2220", 7)):
        accent = part.partition("--accent:")[2][:7]
        ink = part.partition("--on-accent:")[2][:7]
        assert contrast(accent, paper) >= ratio
        assert contrast(accent, ink) >= 4.5


def test_what_is_told_later_needs_no_heading_behind_where() -> None:
    untold = plan({})

    assert arranged.where(untold, [replace(TALKS[0].sessions[0], key=untold.sessions[0].key)], "en-GB") == (
        "We will tell you before the interview"
    )
