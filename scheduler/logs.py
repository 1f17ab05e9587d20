# SPDX-License-Identifier: Apache-2.0
"""Logging for every role: one handler on standard error, text or JSON, that cannot show a secret.

Candidate links, API keys, bearer tokens and mail addresses are cut out of the finished line, so it makes no
difference whether they came in the message, in its arguments or in a traceback.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Final, Literal, TextIO

REDACTIONS: Final = (
    # The token of a candidate's link, also percent-encoded as in a referrer.
    (re.compile(r"(/c/|%2[fF]c%2[fF])[^/\s?#\"'&%\\<>]+"), r"\1…"),
    # What travels when somebody connects a calendar.
    (re.compile(r"([?&](?:ticket|code|state|session_state|client_info|id_token)=)[^&\s\"']+"), r"\1…"),
    # The same wherever else it may stand, in a path that somebody mistyped.
    (re.compile(r"(?:(?<![\w-])|(?<=%2[fF]))[\w-]{43}(?![\w-])"), "…"),
    # What PostgreSQL quotes of the rows it complains about.
    (re.compile(r"(?m)^(DETAIL|CONTEXT):.*$"), r"\1: …"),
    # Whatever follows the scheme of an Authorization header.
    (re.compile(r"(?i)\b(bearer|basic)(\s+|%20|\+)[\w.~+/=-]{6,}"), r"\1 …"),
    (re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?)(?!bearer|basic)[^\s'\",]+"), r"\1…"),
    # Our API keys and webhook signing secrets.
    (re.compile(r"\b(cvn_|whsec_)[\w+/=-]+"), r"\1…"),
    # The password of a URL.
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+@"), r"\1…@"),
    # Mail addresses, also percent-encoded.
    (re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+(?:@|%40)[\w-]+(?:\.[\w-]+)*"), "…@…"),
)


def redact(line: str) -> str:
    """Return the line without candidate tokens, keys, passwords and mail addresses."""
    for pattern, replacement in REDACTIONS:
        line = pattern.sub(replacement, line)
    return line


class TextFormatter(logging.Formatter):
    """`2026-03-02T09:00:00.123Z INFO scheduler.jobs message`, times in UTC."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        return _utc(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        # A path with a line break in it must not become a second entry; tracebacks keep theirs.
        record.message = record.message.replace("\r", "\\r").replace("\n", "\\n")
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time` (UTC), `level`, `logger`, `message`, and `exception` if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": _utc(record),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            entry["exception"] = redact(self.formatException(record.exc_info))
        if record.stack_info:
            entry["stack"] = redact(record.stack_info)
        return json.dumps(entry, ensure_ascii=False)


def set_up(level: str, form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Send the root logger to `stream` (standard error) and nowhere else; safe to call again."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    # They announce every job and every tick; what goes wrong they say louder.
    for chatty in ("apscheduler", "alembic", "procrastinate", "googleapiclient", "urllib3", "msal"):
        logging.getLogger(chatty).setLevel(max(logging.getLevelNamesMapping()[level], logging.WARNING))
    # It reports what it did not expect of a server, with a traceback; whether that matters is judged here.
    logging.getLogger("caldav").setLevel(logging.CRITICAL)


def _utc(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
