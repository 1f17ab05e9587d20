# SPDX-License-Identifier: Apache-2.0
"""What the documents show works as shown."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler import settings
from scheduler.domain.happenings import HAPPENINGS
from scheduler.webhooks import signing
from tests.fakes.google import FakeGoogle

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

EXPORT = """\
BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:always
DTSTART;TZID=Europe/Madrid:20260105T100000
DURATION:PT30M
RRULE:FREQ=DAILY
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize(
    ("export", "said"), [(EXPORT, "10:00|09:00|08:00"), (None, "no calendar file")], ids=["busy", "missing"]
)
def test_a_week_of_busy_time_in_a_few_lines(export, said, tmp_path):
    document = (ROOT / "docs" / "calendars.md").read_text()
    [program] = re.findall(r"^```python\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    (tmp_path / "var" / "calendars").mkdir(parents=True)
    if export:
        (tmp_path / "var" / "calendars" / "ada@example.org.ics").write_text(export)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert re.search(said, done.stdout)


def test_the_same_lines_read_a_calendar_at_google(tmp_path):
    document = (ROOT / "docs" / "calendars.md").read_text()
    [program] = re.findall(r"^```python\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    line = 'GoogleCalendars(ServiceAccount.from_file("service-account.json"))'
    assert line in document
    with FakeGoogle() as google:
        google.add_person("ada@example.org", time_zone="Europe/Madrid")
        soon = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
        google.add_event("ada@example.org", soon, soon + timedelta(hours=1))
        (tmp_path / "service-account.json").write_text(json.dumps(google.service_account()))
        there = line.removesuffix(")") + f", endpoint={google.api_endpoint!r})"
        program = program.replace('IcsFolder("var/calendars")', there).replace(
            "from calendars import Blocks, CalendarKey, IcsFolder",
            "from calendars import Blocks, CalendarKey\n"
            "from calendars.google import GoogleCalendars, ServiceAccount",
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
        )
    assert f"{soon:%a %H:%M} to" in done.stdout


def test_the_lines_that_check_a_signature_do():
    document = (ROOT / "docs" / "webhooks.md").read_text()
    [program] = re.findall(r"^```python\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    names: dict = {}
    exec(program, names)  # what the document shows
    secret, now = signing.new_secret(), datetime.now(UTC)

    def is_genuine(body: bytes, at: datetime, *keys: str) -> bool:
        return names["is_genuine"](secret, signing.headers("evt_1", b"{}", keys, at=at), body)

    assert is_genuine(b"{}", now, signing.new_secret(), secret)
    assert not is_genuine(b"{} ", now, secret)
    assert not is_genuine(b"{}", now, signing.new_secret())
    assert not is_genuine(b"{}", now - timedelta(minutes=6), secret)
    assert not names["is_genuine"](secret, {}, b"{}")


def test_every_type_of_event_is_told():
    text = (ROOT / "docs" / "webhooks.md").read_text().partition("## Types")[2]
    assert set(re.findall(r"`([a-z]+\.[a-z_]+)`", text)) == set(HAPPENINGS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_every_setting_has_its_line():
    text = (ROOT / "docs" / "running.md").read_text()
    source = Path(settings.__file__).read_text()
    names = set(re.findall(r'"([A-Z][A-Z_]{5,})"', source)) - set(settings.LOG_LEVELS)
    families = ("GOOGLE_", "MICROSOFT_")
    assert {name for name in names if f"`{name}`" not in text and not name.startswith(families)} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_use_the_python_that_has_the_packages(document):
    text = document.read_text()
    assert text.count("python -m scheduler") == text.count(".venv/bin/python -m scheduler")
