# SPDX-License-Identifier: Apache-2.0
"""What is written under an event, and the Teams block in it."""

from __future__ import annotations

import html
import re
from typing import Any

_HEAD = '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>\r\n'
_TAG = re.compile(r"<head>.*?</head>|<[^>]*>", re.DOTALL)


def as_html(body: dict[str, Any] | None) -> str:
    """The body as a whole page, whatever it was sent as."""
    content = (body or {}).get("content", "")
    if str((body or {}).get("contentType", "html")).lower() == "text":
        content = f'<div class="PlainText">{html.escape(content).replace(chr(10), "<br>")}</div>'
    return content if "<html" in content else f"{_HEAD}{content}\r\n</body></html>\r\n"


def as_text(page: str) -> str:
    return html.unescape(_TAG.sub("", page.replace("<br>", "\r\n"))).strip()


def teams_block(join_url: str) -> str:
    """What Teams writes under a meeting."""
    return (
        '<div class="me-email-text" lang="en-US"><span>Microsoft Teams meeting</span><br>'
        f'<a id="meet_invite_block.action.join_link" href="{join_url}">Join the meeting now</a></div>'
    )


def with_block(body: dict[str, Any] | None, join_url: str) -> dict[str, Any]:
    page = as_html(body)
    before, end, after = page.rpartition("</body>")
    return {"contentType": "html", "content": before + teams_block(join_url) + end + after}


def has_block(body: dict[str, Any], join_url: str) -> bool:
    """Whether the Teams block is still there, as a whole; white space does not count."""
    return "".join(teams_block(join_url).split()) in "".join(str(body.get("content", "")).split())
