# SPDX-License-Identifier: Apache-2.0
"""Calendars in memory of a provider that invites people itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from calendars.values import EventDraft, EventRef, FoundEvent
from tests.services.town import Calendars

LINK = "https://meet.example/abc"


@dataclass
class Inviting(Calendars):
    """Calendars of a provider that invites people and makes video links, at once or later."""

    name: str = "google"
    #: what is said about a link that is asked for
    says: str = "ready"
    drafts: dict[str, list[EventDraft]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def create_event(self, calendar: str, draft: EventDraft) -> EventRef:
        self.drafts.setdefault(calendar, []).append(draft)
        return self._with_link(super().create_event(calendar, draft), draft)

    def update_event(self, ref: EventRef, draft: EventDraft) -> EventRef:
        written = super().update_event(ref, draft)
        self.drafts[ref.calendar].append(draft)
        return self._with_link(written, draft)

    def find_event(self, calendar: str, uid: str) -> FoundEvent | None:
        found = super().find_event(calendar, uid)
        if found is None:
            return None
        return replace(found, ref=self._with_link(found.ref, self.drafts[calendar][-1]))

    def _with_link(self, ref: EventRef, draft: EventDraft) -> EventRef:
        if draft.conference == "none":
            return ref
        url = LINK if self.says == "ready" else ""
        return replace(ref, conference=self.says, conference_url=url)

    def last(self, calendar: str) -> EventDraft:
        return self.drafts[calendar][-1]


def add_provider(town, provider):
    town.parts.providers[provider.name] = provider
    return provider
