# SPDX-License-Identifier: Apache-2.0
"""Reading a page as a program would: its words, its forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from werkzeug.test import TestResponse

_VOID = ("meta", "link", "input", "img", "br", "circle", "path", "rect", "option")


@dataclass
class Form:
    action: str
    method: str
    #: named inputs in order; radio buttons several times
    fields: list[tuple[str, str]] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)

    def value(self, name: str) -> str:
        return next(value for known, value in self.fields if known == name)

    def values(self, name: str) -> list[str]:
        return [value for known, value in self.fields if known == name]


class Page(HTMLParser):
    """Words without markup, headings, links, forms."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.headings: list[str] = []
        self.links: dict[str, str] = {}
        self.forms: list[Form] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._open: list[tuple[str, str, int]] = []
        self.feed(html)
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag == "form":
            self.forms.append(Form(given["action"], given["method"]))
        if tag == "input":
            self.forms[-1].fields.append((given["name"], given["value"]))
            if "checked" in given:
                self.forms[-1].checked.append(given["value"])
        if tag not in _VOID:
            self._open.append((tag, given.get("href", ""), len(self.words)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:  # the end of an option may be written or not
            return
        name, href, start = self._open.pop()
        assert name == tag, f"<{name}> is closed by </{tag}>"
        text = " ".join(self.words[start:].split())
        if tag in ("h1", "h2", "h3"):
            self.headings.append(text)
        if tag == "a":
            self.links[text] = href

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1][0] not in ("title", "script"):
            self.words += data

    def named(self, tag: str) -> list[dict[str, str]]:
        return [given for name, given in self.tags if name == tag]


def read(response: TestResponse) -> Page:
    assert response.mimetype == "text/html", response.mimetype
    return Page(response.get_data(as_text=True))
