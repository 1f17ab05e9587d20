# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import logs

CANARIES = [
    ("GET /c/CANARY-x_1 HTTP/1.1", "GET /c/… HTTP/1.1"),
    ("POST /c/CANARY/book?option=opt_1", "POST /c/…/book?option=opt_1"),
    ("https://hire.example.com/c/CANARY", "https://hire.example.com/c/…"),
    ("referer=https%3A%2F%2Fx%2Fc%2FCANARY", "referer=https%3A%2F%2Fx%2Fc%2F…"),
    ("Authorization: Bearer CANARY.x-y_z", "Authorization: Bearer …"),
    ("{'Authorization': 'CANARY'}", "{'Authorization': '…'}"),
    ("authorization=basic Q0FOQVJZOkNBTkFSWQ==", "authorization=basic …"),
    ("key cvn_CANARY_1 is unknown", "key cvn_… is unknown"),
    ("signed with whsec_CANARY+/=", "signed with whsec_…"),
    ("postgresql://convene:CANARY@db/convene", "postgresql://convene:…@db/convene"),
    ("mail to Anna.CANARY+jobs@mail.example.com failed", "mail to …@… failed"),
    ("<canary@localhost>", "<…@…>"),
    ("q=CANARY%40example.com", "…@…"),
]


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, given back as it was."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture(params=["text", "json"])
def written(request: pytest.FixtureRequest, root: logging.Logger) -> io.StringIO:
    """What is logged from here on, in each form."""
    stream = io.StringIO()
    logs.set_up("INFO", request.param, stream)
    return stream


@pytest.mark.parametrize(("line", "shown"), CANARIES)
def test_secrets_are_cut_out(line, shown):
    assert logs.redact(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        "listening on http://127.0.0.1:8000",
        "GET /v1/candidates/cand_1 200",
        "a bearer of good news",
        "/calendar/c is not a link",
        "booked 2026-03-02T09:00:00Z ivw_1 bkg_2",
    ],
)
def test_the_rest_stays_readable(line):
    assert logs.redact(line) == line


@pytest.mark.parametrize("line", [line for line, _ in CANARIES])
def test_no_way_of_logging_lets_a_secret_through(written, line):
    logger = logging.getLogger("scheduler.test")
    logger.info(line)
    logger.info("%s and %s", line, "more")
    try:
        raise ValueError(line)
    except ValueError:
        logger.exception("it failed")
    logger.info("with a stack", stack_info=True)
    assert written.getvalue().count("scheduler.test") >= 4
    assert "canary" not in written.getvalue().lower()
    assert "Q0FOQVJZ" not in written.getvalue()


@given(token=st.text("abcXYZ019-_", min_size=16, max_size=43))
def test_no_token_survives(token):
    assert token not in logs.redact(f"GET /c/{token}/invite.ics with Bearer {token} and cvn_{token}")


def test_text_says_when_how_bad_where_and_what(root):
    stream = io.StringIO()
    logs.set_up("INFO", "text", stream)
    record = logging.makeLogRecord(
        {
            "created": 1772442000.123,
            "levelname": "INFO",
            "name": "scheduler.jobs",
            "msg": "sent %d",
            "args": (2,),
        }
    )
    root.handlers[0].handle(record)
    assert stream.getvalue() == "2026-03-02T09:00:00.123Z INFO scheduler.jobs sent 2\n"


def test_json_is_one_object_a_line(root):
    stream = io.StringIO()
    logs.set_up("INFO", "json", stream)
    logging.getLogger("scheduler.jobs").warning("two\nlines – „quoted“")
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert entry.pop("time").endswith("Z")
    assert entry == {"level": "WARNING", "logger": "scheduler.jobs", "message": "two\nlines – „quoted“"}


def test_a_line_break_in_a_message_begins_no_entry_of_its_own(root):
    stream = io.StringIO()
    logs.set_up("INFO", "text", stream)
    logging.getLogger("scheduler.test").info("GET %s", "/x\r\n2026-03-02 ERROR forged")
    assert stream.getvalue().count("\n") == 1


def test_the_level_is_kept_and_libraries_are_quieter(root):
    stream = io.StringIO()
    logs.set_up("INFO", "text", stream)
    logging.getLogger("scheduler.test").debug("detail")
    logging.getLogger("apscheduler.executors").info("ran a tick")
    assert stream.getvalue() == ""


def test_what_surprises_the_caldav_library_is_not_logged(root):
    stream = io.StringIO()
    logs.set_up("INFO", "text", stream)

    logging.getLogger("caldav").error("Deviation from expectations found")

    assert stream.getvalue() == ""


def test_setting_up_twice_logs_once(root):
    stream = io.StringIO()
    logs.set_up("INFO", "text", io.StringIO())
    logs.set_up("INFO", "text", stream)
    logging.getLogger("scheduler.test").info("once")
    assert stream.getvalue().count("once") == 1


def test_a_token_is_cut_out_wherever_somebody_mistyped_its_path():
    token = "sz1CfLWlbT3QY6Wzzw7BxvEsn3StaRct3z1jMLutu78"
    for path in ("/c//", "/C/", "/c%2F", "/c;", "/", "/x/c\\", "/c/'"):
        assert token not in logs.redact(f'127.0.0.1 "GET {path}{token}" 404')


def test_what_postgresql_quotes_of_a_row_is_cut_out():
    line = (
        "psycopg.errors.CheckViolation: no\nDETAIL:  Failing row contains (Zoë, secret).\nCONTEXT:  JSON data"
    )

    assert logs.redact(line) == "psycopg.errors.CheckViolation: no\nDETAIL: …\nCONTEXT: …"
