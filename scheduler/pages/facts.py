# SPDX-License-Identifier: Apache-2.0
"""The column of facts: how long, with whom, where, how to prepare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from scheduler.domain.options import OptionSession, Panelist
from scheduler.domain.plans import Plan, Session
from scheduler.domain.wording import count_words, duration_words, list_words, people_words, sentence_case

Icon = Literal["clock", "people", "video", "place", "note"]
#: what the candidate is told of it: before they choose, when it is arranged, and once nothing follows
Stage = Literal["open", "arranged", "over"]
_LINK: dict[Stage, str] = {
    "open": "The link comes with the confirmation",
    "arranged": "The link is in the confirmation",
    "over": "",
}
_NO_LINK: dict[Stage, str] = {
    "open": "We will tell you how to join before the interview",
    "arranged": "We will tell you how to join before the interview",
    "over": "",
}
#: conversations in a row of at most this many minutes are one appointment in parts, not a day of interviews
ONE_SITTING = 120
#: heads what will be told later
HOW_TO_JOIN = "How to join"
#: so many people of a loop are named in the facts; more are named beside their conversations
FEW = 3
#: characters of instructions that may stand as the line itself
SHORT = 60
_FIRST_SENTENCE = re.compile(rf"(?s)\A(.{{1,{SHORT}}}?[.!?])\s+(.+)\Z")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing worth knowing: a line, smaller lines below, and `about` for those who cannot see the icon."""

    icon: Icon
    about: str
    main: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a session is held: by video, or somewhere."""

    icon: Icon
    main: str
    detail: str = ""


def of_plan(
    plan: Plan,
    proposals: Sequence[Sequence[OptionSession]],
    locale: str,
    *,
    pauses: Sequence[str] = (),
    stage: Stage = "open",
) -> tuple[Fact, ...]:
    """Facts of a plan and of the options (or the booking) it led to, each given as its sessions; `pauses`
    are what every one of them has.
    """
    found = (
        _length(plan, proposals, locale, pauses),
        _people(plan, proposals, locale),
        *_places(plan, proposals, locale, stage),
        _preparation(plan),
    )
    return tuple(fact for fact in found if fact)


def in_one_sitting(plan: Plan, proposals: Iterable[Sequence[OptionSession]]) -> bool:
    """Whether each option is one appointment: short, without pauses, its sessions in the plan's order."""
    keys = [session.key for session in plan.sessions]
    if len(keys) > 1 and sum(session.minutes for session in plan.sessions) > ONE_SITTING:
        return False
    return all(
        [session.key for session in sessions] == keys
        and all(one.end == next_.start for one, next_ in pairwise(sessions))
        for sessions in map(in_order, proposals)
    )


def in_order(sessions: Sequence[OptionSession]) -> list[OptionSession]:
    return sorted(sessions, key=lambda session: session.start)


def names(people: Iterable[Panelist]) -> list[str]:
    """Who will be there. Optional people come if they can, so nobody is promised them."""
    return [person.name for person in people if not person.optional]


def with_whom(sessions: Sequence[OptionSession], locale: str) -> str:
    return people_words((names(session.interviewers) for session in in_order(sessions)), locale)


def place_of(session: Session, room: str | None, stage: Stage = "open") -> Place | None:
    """Where a session of a plan is held; none when the plan does not say."""
    if session.location:
        return Place(icon="place", main=session.location, detail=room or "")
    if room or session.needs_room:
        return Place(icon="place", main="In person", detail=room or "")
    if session.conference_url:
        return Place(icon="video", main="By video", detail=_LINK[stage])
    if session.conference == "none":
        return None
    if session.conference == "auto":
        told = Place(icon="video", main=HOW_TO_JOIN, detail="We will tell you before the interview")
        return None if stage == "over" else told
    return Place(icon="video", main="By video", detail=_NO_LINK[stage])


def with_addresses(
    plan: Plan, proposals: Iterable[Sequence[OptionSession]], addresses: Mapping[str, str]
) -> Plan:
    """The plan with the address of its rooms, by their ids, where it names no place itself and all proposals
    hold the session at one.
    """
    found: dict[str, set[str]] = {}
    for sessions in proposals:
        for session in sessions:
            address = addresses.get(session.room.id, "") if session.room else ""
            found.setdefault(session.key, set()).add(address)
    one = {key: places.pop() for key, places in found.items() if len(places) == 1}
    return replace(
        plan,
        sessions=tuple(
            replace(session, location=session.location or one.get(session.key) or None)
            for session in plan.sessions
        ),
    )


def _length(
    plan: Plan, proposals: Sequence[Sequence[OptionSession]], locale: str, pauses: Sequence[str]
) -> Fact:
    minutes = sum(session.minutes for session in plan.sessions)
    titles = [session.title for session in plan.sessions]
    length = duration_words(minutes, locale)
    if len(titles) == 1:
        details = tuple(title for title in titles if title != plan.name)
        return Fact(icon="clock", about="How long", main=length, details=details)
    if in_one_sitting(plan, proposals):
        main = f"{length} in {count_words(len(titles), 'part', locale=locale)}"
        return Fact(icon="clock", about="How long", main=main, details=(", then ".join(titles),))
    main = sentence_case(count_words(len(titles), "conversation", locale=locale))
    rest = f", with {list_words(pauses, locale)}" if pauses else ""
    return Fact(icon="clock", about="How long", main=main, details=(f"{length} in all{rest}",))


def _people(plan: Plan, proposals: Sequence[Sequence[OptionSession]], locale: str) -> Fact | None:
    """Their names where every proposal has the same few people; else how many they are, and where named."""
    panels = {tuple(tuple(names(s.interviewers)) for s in in_order(sessions)) for sessions in proposals}
    counts = [len({name for panel in panel_list for name in panel}) for panel_list in panels]
    if not any(counts):
        return None
    one_sitting = in_one_sitting(plan, proposals)
    if len(panels) == 1 and (one_sitting or counts[0] <= FEW):
        return Fact(icon="people", about="With whom", main=people_words(panels.pop(), locale))
    main = sentence_case(count_words(max(counts), "person", "people", locale)) + " from the team"
    where = "Named when you check a time" if one_sitting else "Named beside each conversation"
    return Fact(icon="people", about="With whom", main=main, details=(where,))


def _places(
    plan: Plan, proposals: Sequence[Sequence[OptionSession]], locale: str, stage: Stage
) -> list[Fact]:
    rooms: dict[str, set[str | None]] = {}
    for sessions in proposals:
        for session in sessions:
            rooms.setdefault(session.key, set()).add(session.room.name if session.room else None)
    merged: dict[tuple[Icon, str], list[str]] = {}
    for planned in plan.sessions:
        known = rooms.get(planned.key, set())
        place = place_of(planned, next(iter(known)) if len(known) == 1 else None, stage)
        if place:
            details = merged.setdefault((place.icon, place.main), [])
            if place.detail and place.detail not in details:
                details.append(place.detail)
    return [
        Fact(icon=icon, about="Where", main=main, details=(list_words(details, locale),) if details else ())
        for (icon, main), details in merged.items()
    ]


def _preparation(plan: Plan) -> Fact | None:
    told = [
        (s.title, s.instructions.strip()) for s in plan.sessions if s.instructions and s.instructions.strip()
    ]
    texts = list(dict.fromkeys(text for _, text in told))
    if not texts:
        return None
    if len(texts) > 1:
        return _prepare(*dict.fromkeys(f"{title}: {text}" for title, text in told))
    sentence = _FIRST_SENTENCE.match(texts[0])
    if sentence:
        return _prepare(*sentence[2].splitlines(), main=sentence[1].rstrip("."))
    if len(texts[0]) <= SHORT:
        return _prepare(main=texts[0].rstrip("."))
    return _prepare(*texts[0].splitlines())


def _prepare(*details: str, main: str = "How to prepare") -> Fact:
    told = tuple(detail for detail in details if detail.strip())
    return Fact(icon="note", about="How to prepare", main=main, details=told)
