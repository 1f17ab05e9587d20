# SPDX-License-Identifier: Apache-2.0
"""The judge. It reads rules and weights from the plan by itself and knows nothing of how options are
found.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations, groupby, pairwise, product
from zoneinfo import ZoneInfo

from scheduler.domain.hours import day_of, expand, hours_on, week_of
from scheduler.domain.intervals import Interval, format_instant, merge
from scheduler.domain.options import Option, OptionSession, Panelist, Reason
from scheduler.domain.plans import Break, Seat, Session
from scheduler.solver.problem import InterviewerFacts, Problem, RoomFacts

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Violation:
    """A hard rule that an option breaks."""

    code: str
    text: str


def violations(problem: Problem, option: Option) -> tuple[Violation, ...]:
    """Every hard rule this option breaks; an option may only be stored or booked when there is none."""
    wrong_sessions = tuple(_sessions_as_planned(problem, option))
    if wrong_sessions:
        return wrong_sessions
    found = [violation for session in option.sessions for violation in _session(problem, session)]
    found += _sequence(problem, option)
    found += _days(problem, option)
    found += _people_across_sessions(problem, option)
    return tuple(found)


def set_violations(problem: Problem, options: Sequence[Option]) -> tuple[Violation, ...]:
    """Every hard rule that these options break together, whatever each does by itself."""
    found = []
    if len(options) > problem.options:
        found.append(Violation("options", f"{len(options)} options, and {problem.options} were asked for"))
    for (i, one), (j, other) in combinations(enumerate(options, 1), 2):
        if one.start == other.start:
            found.append(Violation("options_alike", f"options {i} and {j} start at the same time"))
        if problem.options_apart and any(
            a.interval.overlaps(b.interval) for a in one.sessions for b in other.sessions
        ):
            found.append(Violation("options_apart", f"sessions of options {i} and {j} overlap"))
    return tuple(found)


def _sessions_as_planned(problem: Problem, option: Option) -> Iterator[Violation]:
    planned = sorted(session.key for session in problem.plan.sessions)
    if sorted(session.key for session in option.sessions) != planned:
        yield Violation("sessions", "the sessions are not those of the plan")
        return
    for placed in option.sessions:
        minutes = problem.plan.session(placed.key).minutes
        if placed.end - placed.start != timedelta(minutes=minutes):
            yield Violation("sessions", f"{placed.title} does not last {minutes} minutes")


def _session(problem: Problem, placed: OptionSession) -> Iterator[Violation]:
    yield from time_violations(problem, placed)
    yield from _panel(problem, placed)
    yield from _room(problem, placed)
    for panelist in placed.interviewers:
        person = problem.interviewer(panelist.id)
        if person is None:
            yield Violation("unknown_interviewer", f"{panelist.name} is not among the interviewers")
        else:
            session = problem.plan.session(placed.key)
            yield from _person(problem, person, session, placed.interval)
            if panelist.optional and _overbooks(problem, person, session, placed.interval):
                yield Violation("busy", f"{panelist.name} is not free, and need not be there")


def time_violations(problem: Problem, placed: OptionSession) -> Iterator[Violation]:
    """What is wrong with when one session is, whoever holds it."""
    plan, during = problem.plan, placed.interval
    when = f"{placed.title} at {format_instant(placed.start)}"
    if not problem.window.contains(during):
        yield Violation("window", f"{when} is outside the window")
    if during.start < problem.now + timedelta(hours=plan.notice_hours):
        yield Violation("notice", f"{when} is sooner than {plan.notice_hours} hours from now")
    if during.end > problem.now + timedelta(days=1) * plan.horizon_days:
        yield Violation("horizon", f"{when} is more than {plan.horizon_days} days from now")
    if not problem.ignore_candidate_hours:
        if not _covered(_candidate_hours(problem, during), during):
            yield Violation("candidate_hours", f"{when} is outside the candidate's hours")
        said = problem.candidate.availability
        if said and not _covered(said, during):
            yield Violation("candidate_availability", f"{when} is not a time the candidate offered")
    if not any(_on_grid(plan.grid, placed.start, p.zone) for p in _required_people(problem, placed)):
        yield Violation("grid", f"{when} is on nobody's {plan.grid}-minute grid")


def _required_people(problem: Problem, placed: OptionSession) -> list[InterviewerFacts]:
    people = (problem.interviewer(p.id) for p in placed.interviewers if not p.optional)
    return [person for person in people if person]


def _on_grid(grid: int, instant: datetime, zone: ZoneInfo) -> bool:
    wall = instant.astimezone(zone)
    return (wall.hour * 60 + wall.minute) % grid == 0 and not wall.second and not wall.microsecond


def _candidate_hours(problem: Problem, during: Interval) -> list[Interval]:
    start, end = problem.plan.candidate_hours
    zone = problem.candidate_zone
    first = day_of(during.start, zone)
    days = (first + timedelta(days=n) for n in (-1, 0, 1))
    return [hours for day in days if (hours := hours_on(day, start, end, zone))]


def _covered(intervals: tuple[Interval, ...] | list[Interval], during: Interval) -> bool:
    return any(piece.contains(during) for piece in merge(intervals))


def _panel(problem: Problem, placed: OptionSession) -> Iterator[Violation]:
    session = problem.plan.session(placed.key)
    ids = [panelist.id for panelist in placed.interviewers]
    if len(set(ids)) != len(ids):
        yield Violation("distinct_people", f"somebody sits twice in {placed.title}")
    seatings = list(_seatings(problem, session, placed.interviewers))
    if not seatings:
        yield Violation("seats", f"the panel of {placed.title} does not fill its seats")
    elif all(sum(map(_in_training, seats)) > 1 for seats in seatings):
        yield Violation("two_trainees", f"two people in training sit in {placed.title}")


def _in_training(seat: Seat) -> bool:
    return bool(seat.skill) and seat.level != "qualified"


def _seatings(problem: Problem, session: Session, panel: tuple[Panelist, ...]) -> Iterator[list[Seat]]:
    """Every way to read the panel as people in the session's seats: the seat of each panelist."""
    allowed = {seat: {person.id for person in problem.pool(seat)} for seat in session.seats}
    fitting = [
        [
            i
            for i, seat in enumerate(session.seats)
            if (seat.role, seat.optional) == (p.role, p.optional) and p.id in allowed[seat]
        ]
        for p in panel
    ]
    for chosen in product(*fitting):
        counts = [chosen.count(i) for i in range(len(session.seats))]
        if all(_count_fits(seat, n) for seat, n in zip(session.seats, counts, strict=True)):
            yield [session.seats[i] for i in chosen]


def _count_fits(seat: Seat, people: int) -> bool:
    return people <= seat.count if seat.optional else people == seat.count


def _room(problem: Problem, placed: OptionSession) -> Iterator[Violation]:
    wanted = problem.plan.session(placed.key).room_capacity
    if wanted is None:
        if placed.room:
            yield Violation("room", f"{placed.title} needs no room")
        return
    room = next((r for r in problem.rooms if placed.room and r.id == placed.room.id), None)
    if room is None:
        yield Violation("room", f"{placed.title} has no room")
        return
    if room.capacity < wanted:
        yield Violation("room_capacity", f"{room.name} holds {room.capacity} people, not {wanted}")
    if not is_room_free(room, placed.interval):
        yield Violation("room_busy", f"{room.name} is taken at {format_instant(placed.start)}")


def is_room_free(room: RoomFacts, during: Interval) -> bool:
    """Whether nothing occupies the room at any moment of this time."""
    return not any(block.during.overlaps(during) for block in room.busy) and not any(
        item.buffer.around(item.during).overlaps(during) for item in room.booked
    )


def _person(
    problem: Problem, person: InterviewerFacts, session: Session, during: Interval
) -> Iterator[Violation]:
    """What keeps this person from this session at this time, other sessions of the plan aside."""
    when = f"{person.name} at {format_instant(during.start)}"
    around = Interval(during.start - 2 * DAY, during.end + 2 * DAY)
    if not _covered(expand(person.working_hours, person.zone, around), during):
        yield Violation("outside_hours", f"{when} is outside working hours")
    ours = person.buffer_for(session).around(during)
    for event in problem.blocking(person):
        if event.overlaps(ours):
            code = "busy" if event.overlaps(during) else "buffer"
            yield Violation(code, f"{when} is busy, or too close to something else")
            break
    for item in person.booked:
        if item.buffer.around(item.during).overlaps(ours):
            code = "busy" if item.during.overlaps(during) else "buffer"
            yield Violation(code, f"{when} has another interview, or too little time around it")
            break
    yield from _limits(problem, person, [during])
    if person.met and problem.plan.distinct_interviewers:
        yield Violation("met_before", f"{person.name} has met the candidate before")


def _overbooks(problem: Problem, person: InterviewerFacts, session: Session, during: Interval) -> bool:
    """The interview or its buffers lie over an event that may be overbooked."""
    ours = person.buffer_for(session).around(during)
    return any(event.overlaps(ours) for event in problem.overbooked(person))


def _limits(problem: Problem, person: InterviewerFacts, new: list[Interval]) -> Iterator[Violation]:
    limits = (("day", person.limits.per_day, day_of), ("week", person.limits.per_week, week_of))
    zone = problem.limits_in(person)
    for word, most, unit in limits:
        if most is None:
            continue
        booked: list[Hashable] = [unit(item.during.start, zone) for item in person.booked]
        added: list[Hashable] = [unit(during.start, zone) for during in new]
        if any(booked.count(key) + added.count(key) > most for key in added):
            yield Violation(f"limit_per_{word}", f"{person.name} holds at most {most} interviews a {word}")


def _sequence(problem: Problem, option: Option) -> Iterator[Violation]:
    placed = sorted(option.sessions, key=lambda session: session.start)
    for before, after in pairwise(placed):
        if before.end > after.start:
            yield Violation("overlap", f"{before.title} and {after.title} overlap")
    at = {session.key: session for session in option.sessions}
    for first, then in _precedence(problem):
        if at[first].end > at[then].start:
            yield Violation("order", f"{at[then].title} does not come after {at[first].title}")


def _precedence(problem: Problem) -> Iterator[tuple[str, str]]:
    plan = problem.plan
    if plan.order == "fixed":
        yield from pairwise(session.key for session in plan.sessions)
    for session in plan.sessions:
        yield from ((key, session.key) for key in session.after)


def _by_day(problem: Problem, option: Option) -> list[tuple[date, list[Interval]]]:
    zone = problem.days_in
    during = sorted(session.interval for session in option.sessions)
    return [(day, list(group)) for day, group in groupby(during, key=lambda i: day_of(i.start, zone))]


def _days(problem: Problem, option: Option) -> Iterator[Violation]:
    plan, days = problem.plan, _by_day(problem, option)
    if (days[-1][0] - days[0][0]).days >= plan.max_days:
        yield Violation("max_days", f"the sessions span more than {plan.max_days} days")
    for day, during in days:
        gaps = _minutes_between(during)
        if any(gap < plan.gap.min for gap in gaps):
            yield Violation("gap_min", f"less than {plan.gap.min} minutes between sessions on {day}")
        owed = _owed(problem, day, during)
        places = [[i for i in range(len(gaps)) if _taken_in(problem, day, item, during, i)] for item in owed]
        if not all(places):
            yield Violation("break", f"no time for a break on {day}")
        elif not any(_gaps_short_enough(plan.gap.max, gaps, owed, chosen) for chosen in product(*places)):
            yield Violation("gap_max", f"more than {plan.gap.max} minutes between sessions on {day}")


def _minutes_between(during: list[Interval]) -> list[int]:
    return [(after.start - before.end) // MINUTE for before, after in pairwise(during)]


def _owed(problem: Problem, day: date, during: list[Interval]) -> list[Break]:
    windows = ((item, _break_window(problem, day, item)) for item in problem.plan.breaks)
    return [
        item
        for item, window in windows
        if window and during[0].start < window.start and during[-1].end > window.end
    ]


def _break_window(problem: Problem, day: date, item: Break) -> Interval | None:
    return hours_on(day, item.earliest, item.latest, problem.days_in)


def _taken_in(problem: Problem, day: date, item: Break, during: list[Interval], index: int) -> bool:
    """The break has its minutes between session `index` and the next."""
    window = _break_window(problem, day, item)
    free_from, free_until = during[index].end, during[index + 1].start
    if window is None or free_from >= free_until:
        return False
    common = Interval(free_from, free_until).clipped(window)
    return common is not None and common.duration >= timedelta(minutes=item.minutes)


def _gaps_short_enough(most: int | None, gaps: list[int], owed: list[Break], chosen: tuple[int, ...]) -> bool:
    taken = [
        sum(item.minutes for item, at in zip(owed, chosen, strict=True) if at == i) for i in range(len(gaps))
    ]
    return most is None or all(gap - minutes <= most for gap, minutes in zip(gaps, taken, strict=True))


def _people_across_sessions(problem: Problem, option: Option) -> Iterator[Violation]:
    for id_ in sorted(option.people):
        person = problem.interviewer(id_)
        held = sorted(
            (s for s in option.sessions if id_ in {p.id for p in s.interviewers}), key=lambda s: s.start
        )
        if person is None or len(held) < 2:
            continue
        if problem.plan.distinct_interviewers:
            yield Violation("distinct_interviewers", f"{person.name} would meet the candidate twice")
        if any(_too_close(problem, person, before, after) for before, after in pairwise(held)):
            yield Violation("buffer", f"{person.name} has too little time between two sessions")
        yield from _limits(problem, person, [session.interval for session in held])


def _too_close(
    problem: Problem, person: InterviewerFacts, before: OptionSession, after: OptionSession
) -> bool:
    """Sessions that touch share their reservation; others keep both buffers."""
    if before.end == after.start:
        return False
    kept = person.buffer_for(problem.plan.session(before.key)).after
    kept += person.buffer_for(problem.plan.session(after.key)).before
    return after.start - before.end < timedelta(minutes=kept)


def recount(problem: Problem, option: Option) -> tuple[int, tuple[Reason, ...]]:
    """What the weights say against an option, and the reasons; the cost is the sum of their values."""
    reasons = (
        *_lateness(problem, option),
        *_waiting(problem, option),
        *_room_changes(problem, option),
        *_load(problem, option),
        *_preferences(problem, option),
        *_overbooking(problem, option),
        *_cover(problem, option),
    )
    return int(sum(reason.value for reason in reasons)), reasons


def _lateness(problem: Problem, option: Option) -> Iterator[Reason]:
    opening = problem.open_window.start if problem.open_window else problem.now
    days = [day for day, _ in _by_day(problem, option)]
    late = max(0, (days[-1] - day_of(opening, problem.days_in)).days)
    verb = "On" if len(days) == 1 else "Ends on"
    words = f"{verb} {days[-1]:%A} {days[-1].day} {days[-1]:%B}"
    if late:
        words += f", {_count(late, 'day')} after the first possible day"
    else:
        words += ", the first possible day"
    yield Reason("day", words, problem.weights.day * late)
    if len(days) > 1:
        yield Reason("days", f"Needs {len(days)} days", problem.weights.extra_day * (len(days) - 1))


def _waiting(problem: Problem, option: Option) -> Iterator[Reason]:
    weights, minutes, value = problem.weights, 0, 0
    for day, during in _by_day(problem, option):
        idle = sum(_minutes_between(during))
        if not weights.breaks_are_waiting:
            idle -= sum(item.minutes for item in _owed(problem, day, during))
        minutes += max(0, idle)
        value += weights.waiting(max(0, idle))
    if minutes:
        yield Reason("waiting", f"{_count(minutes, 'minute')} of waiting between interviews", value)


def _room_changes(problem: Problem, option: Option) -> Iterator[Reason]:
    zone = problem.days_in
    inside = sorted((s for s in option.sessions if s.room), key=lambda s: s.start)
    changes = sum(
        1
        for a, b in pairwise(inside)
        if a.room and b.room and a.room.id != b.room.id and day_of(a.start, zone) == day_of(b.start, zone)
    )
    if changes:
        yield Reason(
            "room_change", f"{_count(changes, 'change')} of room", problem.weights.room_change * changes
        )


def _required(problem: Problem, option: Option) -> Iterator[tuple[OptionSession, InterviewerFacts]]:
    for placed in sorted(option.sessions, key=lambda session: session.start):
        yield from ((placed, person) for person in _required_people(problem, placed))


def _load(problem: Problem, option: Option) -> Iterator[Reason]:
    for _, person in _required(problem, option):
        load = problem.load_of(person)
        if load and person.load is None:
            text = f"{person.name} is new and counts like the others, with {_count(load, 'recent interview')}"
        else:
            text = f"{person.name} has {_count(load, 'recent interview')}"
        if load:
            yield Reason("load", text, problem.weights.load * load)


def _preferences(problem: Problem, option: Option) -> Iterator[Reason]:
    for placed, person in _required(problem, option):
        around = Interval(placed.start - 2 * DAY, placed.end + 2 * DAY)
        liked = expand(person.preferred_hours, person.zone, around)
        if person.preferred_hours and not _covered(liked, placed.interval):
            text = f"{placed.title} is outside the preferred hours of {person.name}"
            yield Reason("preferred_hours", text, problem.weights.preferred_hours)


def _overbooking(problem: Problem, option: Option) -> Iterator[Reason]:
    for placed, person in _required(problem, option):
        if _overbooks(problem, person, problem.plan.session(placed.key), placed.interval):
            text = f"{placed.title} lies over something else in the calendar of {person.name}"
            yield Reason("overbooked", text, problem.weights.overbooked)


def _cover(problem: Problem, option: Option) -> Iterator[Reason]:
    if not problem.weights.no_cover:
        return
    for placed in sorted(option.sessions, key=lambda session: session.start):
        session = problem.plan.session(placed.key)
        for seat in session.seats:
            pool = problem.pool(seat)
            if seat.optional or len(pool) <= seat.count:
                continue
            able = [person for person in pool if not any(_person(problem, person, session, placed.interval))]
            if len(able) <= seat.count:
                text = f"Nobody could stand in as {seat.role} for {placed.title}"
                yield Reason("no_cover", text, problem.weights.no_cover)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
