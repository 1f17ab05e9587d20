# SPDX-License-Identifier: Apache-2.0
"""Everything a mail says, as values. What a reader must not learn has no field here, or is refused for them.

Text that people typed is brought to one line at construction, so that no name or title can start a header,
a line of a mail or a property of an event.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Literal, get_args

from scheduler.domain.colour import DEFAULT_ACCENT, hex_colour
from scheduler.domain.intervals import Interval, aware
from scheduler.domain.wording import DEFAULT_LOCALE, one_line

Role = Literal["candidate", "interviewer", "contact"]
Kind = Literal[
    "invitation",
    "invitation_again",
    "confirmation",
    "video_link",
    "reminder",
    "cancellation",
    "no_options",
    "calendar_unreadable",
    "needs_attention",
    "settled",
    "asked_for_help",
    "candidate_silent",
    "webhook_failing",
]

#: who may get what
READERS: dict[Kind, frozenset[Role]] = {
    "invitation": frozenset({"candidate"}),
    "invitation_again": frozenset({"candidate"}),
    "confirmation": frozenset(get_args(Role)),
    "video_link": frozenset(get_args(Role)),
    "reminder": frozenset({"candidate", "interviewer"}),
    "cancellation": frozenset(get_args(Role)),
    "no_options": frozenset({"contact"}),
    "calendar_unreadable": frozenset({"interviewer", "contact"}),
    "needs_attention": frozenset({"contact"}),
    "settled": frozenset({"contact"}),
    "asked_for_help": frozenset({"contact"}),
    "candidate_silent": frozenset({"contact"}),
    "webhook_failing": frozenset({"contact"}),
}

#: kinds that speak of a booking, and so need its sessions
ABOUT_A_BOOKING: frozenset[Kind] = frozenset(
    {"confirmation", "video_link", "reminder", "cancellation", "needs_attention", "settled"}
)

#: what a contact may want to answer: the answer goes to the candidate. The others do not know of it yet
ANSWERED_TO_THE_CANDIDATE: frozenset[Kind] = ABOUT_A_BOOKING | {"asked_for_help", "candidate_silent"}

_WEB_LINK = re.compile(r"https?://[^\s<>\"]+\Z")


def is_web_link(text: str) -> bool:
    """Something a reader may safely click: http or https and nothing that ends or opens markup."""
    return bool(_WEB_LINK.match(text))


class _Clean:
    """Text fields are one line each, tuples of text a tuple of lines; `whole` ones keep their breaks."""

    whole: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        for each in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            cleaned = _cleaned(getattr(self, each.name), keep_lines=each.name in self.whole)
            object.__setattr__(self, each.name, cleaned)


def _cleaned(value: Any, *, keep_lines: bool) -> Any:
    if isinstance(value, str):
        lines = value.splitlines() if keep_lines else [value]
        return "\n".join(line for line in map(one_line, lines) if line)
    if isinstance(value, tuple):
        return tuple(_cleaned(item, keep_lines=keep_lines) for item in value)
    return aware(value) if isinstance(value, datetime) else value


@dataclass(frozen=True, kw_only=True)
class Brand(_Clean):
    """Whose interviews these are; `accent` is checked and raises ValueError."""

    name: str
    accent: str = DEFAULT_ACCENT

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "accent", hex_colour(self.accent))


@dataclass(frozen=True, kw_only=True)
class Person(_Clean):
    """Somebody mail goes to or comes from. `time_zone` is an IANA name, `locale` a BCP 47 tag."""

    name: str
    email: str
    time_zone: str = "UTC"
    locale: str = DEFAULT_LOCALE


@dataclass(frozen=True, kw_only=True)
class Part(_Clean):
    """A session before it has a time."""

    title: str
    minutes: int


@dataclass(frozen=True, kw_only=True)
class SessionFacts(_Clean):
    """A session as it is booked. People are names only: their addresses are nobody else's business."""

    whole = frozenset({"instructions"})

    key: str
    title: str
    start: datetime
    end: datetime
    people: tuple[str, ...] = ()
    room: str = ""
    location: str = ""
    #: by video or telephone, whether or not there is a link
    video: bool = False
    conference_url: str = ""
    #: how to prepare, written for the candidate
    instructions: str = ""

    @property
    def interval(self) -> Interval:
        return Interval(self.start, self.end)


@dataclass(frozen=True, kw_only=True)
class MailFacts(_Clean):
    """One mail to one person. Raises ValueError for a reader who must not get this kind or see a field."""

    whole = frozenset({"reason", "question"})

    kind: Kind
    recipient: Person
    recipient_role: Role
    brand: Brand
    now: datetime
    #: what the interviews are for, as candidates may read it, and whom they are with
    plan_name: str = ""
    candidate_name: str = ""
    #: where the candidate reads mail; for the contact only
    candidate_email: str = ""
    #: whether the candidate is told such things; not once their data was erased
    candidate_hears: bool = True
    #: the person to turn to
    contact: Person | None = None
    #: the booked sessions this reader takes part in, in order
    sessions: tuple[SessionFacts, ...] = ()
    #: invitations: what the interview is made of, and the times on offer; needs_attention: the times that it
    #: could be moved to
    parts: tuple[Part, ...] = ()
    options: tuple[Interval, ...] = ()
    #: until when something can be chosen
    expires_at: datetime | None = None
    #: the candidate's own page; for candidates only
    candidate_link: str = ""
    #: where recruiters and interviewers look (the run, the calendar's connection); never for candidates
    team_link: str = ""
    #: team mails name the candidate's zone where it differs
    candidate_time_zone: str = ""
    #: a confirmation of a changed booking: its first version is 1; when it was before, if the time changed
    version: int = 1
    moved_from: Interval | None = None
    #: a confirmation of a time that the candidate has not chosen: they were given it
    assigned: bool = False
    #: a cancellation: by whom; `continues` when only this interviewer is no longer needed
    cancelled_by: Literal["candidate", "us"] = "us"
    continues: bool = False
    #: a cancellation: its entry came by the calendar, not by mail, and that does not let it go
    entry_stands: bool = False
    #: whether the calendar event goes with it, where its kind has one; not when the reader has it otherwise
    invites: bool = True
    #: candidate_silent: whether the candidate was never written to
    unasked: bool = False
    #: why, in words that stay within the team
    reason: str = ""
    #: no_options: what the solver says
    summary: str = ""
    blockers: tuple[str, ...] = ()
    #: no_options: whose calendars could not be read, and whether the run names changes that would help
    unread: tuple[str, ...] = ()
    relaxable: bool = False
    #: no_options: whether it is of times that the candidate has named, and times are on offer all the same
    named_times: bool = False
    still_offered: bool = False
    #: needs_attention: who, or which room, could stand in, a line for each place; the least loaded first
    stand_ins: tuple[str, ...] = ()
    #: needs_attention: whether somebody deleted or moved our event in a calendar, and where it was moved to:
    #: start and end, which may be the same
    event_altered: bool = False
    event_moved_to: tuple[datetime, datetime] | None = None
    #: needs_attention, settled: under which id the API knows the booking
    booking_id: str = ""
    #: settled: whether something else of the interview is still to be looked at
    more_to_see: bool = False
    #: calendar_unreadable: whose calendar
    calendar_owner: str = ""
    #: webhook_failing: which, since when it takes nothing, and whether it is called no more
    hook_url: str = ""
    hook_id: str = ""
    hook_failing_since: datetime | None = None
    hook_ended: bool = False
    #: asked_for_help: what the candidate wrote
    question: str = ""
    #: the calendar event: From and ORGANIZER address, UID for the life of the booking, SEQUENCE that rises
    sender: str = ""
    uid: str = ""
    sequence: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.recipient_role not in READERS[self.kind]:
            msg = f"a {self.recipient_role} gets no {self.kind} mail"
            raise ValueError(msg)
        if self.candidate_link and self.recipient_role != "candidate":
            raise ValueError("only the candidate may see the candidate's link")
        if self.candidate_email and self.recipient_role != "contact":
            raise ValueError("only the contact may see the candidate's address")
        if (
            self.team_link or self.reason or self.blockers or self.unread or self.stand_ins
        ) and self.recipient_role == "candidate":
            raise ValueError("the candidate does not see what is said within the team")
        if self.kind in ABOUT_A_BOOKING and not self.sessions:
            msg = f"a {self.kind} mail needs the sessions it is about"
            raise ValueError(msg)

    @property
    def reply_to(self) -> Person | None:
        """Who gets an answer to this mail: the contact; for the contact, the candidate."""
        if self.recipient_role != "contact":
            return self.contact
        if not self.candidate_email or self.kind not in ANSWERED_TO_THE_CANDIDATE:
            return None
        return Person(name=self.candidate_name, email=self.candidate_email)

    @property
    def start(self) -> datetime:
        """When the first session begins."""
        return min(session.start for session in self.sessions)

    @property
    def end(self) -> datetime:
        """When the last session is over."""
        return max(session.end for session in self.sessions)
