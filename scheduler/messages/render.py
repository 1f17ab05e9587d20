# SPDX-License-Identifier: Apache-2.0
"""Facts to text: one wording per kind and reader, shown through two layouts, so that the plain text says all
the HTML says. Wordings live under `templates/<language>/`; languages without their own read English."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from scheduler.domain.wording import one_line
from scheduler.messages import icalendar
from scheduler.messages.content import MailFacts, is_web_link
from scheduler.messages.icalendar import EventWords
from scheduler.messages.plain import compact, hang, place_lines, programme_lines, tidy, wrap
from scheduler.messages.view import View

FALLBACK = "en"


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A mail in words. `ics` is there when `method` is: the event that goes with it."""

    subject: str
    text: str
    html: str
    #: BCP 47, of the words actually used
    language: str
    ics: bytes | None = None
    method: Literal["REQUEST", "CANCEL"] | None = None


def render(facts: MailFacts) -> Rendered:
    """Subject, plain text, HTML and, where the reader's calendar is to change, the calendar event."""
    name = f"{facts.recipient_role}/{facts.kind}.txt"
    plain, language = _template("txt", name, facts.recipient.locale)
    rich, _ = _template("html", name, facts.recipient.locale)
    view = View(facts, language)
    rendered = Rendered(
        subject=one_line(plain.render(f=facts, v=view, layout="layout.subject.txt")),
        text=tidy(plain.render(f=facts, v=view, layout="layout.txt")),
        html=tidy(rich.render(f=facts, v=view, layout="layout.html")),
        language=language,
    )
    if not facts.invites:
        return rendered
    if facts.kind in ("confirmation", "video_link"):
        return replace(rendered, ics=icalendar.invite(facts, _event_words(facts)), method="REQUEST")
    if facts.kind == "cancellation" and not facts.entry_stands:
        return replace(rendered, ics=icalendar.cancel(facts, _event_words(facts)), method="CANCEL")
    return rendered


def download(facts: MailFacts) -> bytes:
    """The same event as a file for the candidate's page; importing a METHOD:PUBLISH asks nobody anything."""
    return icalendar.publish(facts, _event_words(facts))


def _event_words(facts: MailFacts) -> EventWords:
    summary, language = _template("txt", "event_summary.txt", facts.recipient.locale)
    description, _ = _template("txt", "event_description.txt", facts.recipient.locale)
    view = View(facts, language)
    return EventWords(
        summary=one_line(summary.render(f=facts, v=view)),
        description=tidy(description.render(f=facts, v=view)).strip(),
    )


def _template(layout: Literal["txt", "html"], name: str, locale: str) -> tuple[Template, str]:
    """The wording for this locale and the language it is in."""
    language = re.split("[-_]", locale.lower())[0]
    template = _environment(layout).select_template([f"{language}/{name}", f"{FALLBACK}/{name}"])
    spoken = (template.name or FALLBACK).split("/", maxsplit=1)[0]
    return template, locale.replace("_", "-") if spoken == language else spoken


@cache
def _environment(layout: Literal["txt", "html"]) -> Environment:
    environment = Environment(
        loader=PackageLoader("scheduler.messages"),
        autoescape=layout == "html",  # noqa: S701  # plain text has nothing to escape
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: tuple[Any, ...] = (compact, hang, place_lines, programme_lines, quote, wrap)
    environment.filters.update({each.__name__: each for each in filters})
    environment.tests["web_link"] = is_web_link
    environment.globals["m"] = environment.get_template(f"macros.{layout}").module
    return environment
