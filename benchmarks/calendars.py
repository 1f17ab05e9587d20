# SPDX-License-Identifier: Apache-2.0
"""Reading calendars from vendors that take 100 ms for each answer: python -m benchmarks.calendars

The vendors are the fakes of the tests, on this machine: what is measured is our part of the way, and how many
calls it takes.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks._demo import say
from calendars import CalendarKey, Provider
from calendars.google import GoogleCalendars, ServiceAccount
from calendars.microsoft import Credential, EntraApplication, MicrosoftCalendars
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft

PEOPLE = [f"person{number:03}@corp.example" for number in range(300)]
START = datetime(2026, 12, 1, tzinfo=UTC)
END = START + timedelta(days=28)
LATENCY = 0.1
READS = 5000


def main() -> None:
    with FakeGoogle(validates=False) as google:
        account = ServiceAccount(google.service_account())
        provider = GoogleCalendars(account, endpoint=google.api_endpoint, reader=PEOPLE[0])
        _measure("Google", google, provider, "/freeBusy", goal=0.7, calls=6)
    with FakeMicrosoft() as microsoft:
        credential = Credential(secret=microsoft.client_secret)
        application = EntraApplication(
            microsoft.tenant_id, microsoft.client_id, credential, authority=microsoft.authority
        )
        graph = MicrosoftCalendars(application, endpoint=microsoft.graph_endpoint, reader=PEOPLE[0])
        _measure("Microsoft", microsoft, graph, "/getSchedule", goal=1.0, calls=15)
        say("Microsoft, most at once", f"{microsoft.most_at_once}", "4")


def _measure(
    name: str,
    fake: FakeGoogle | FakeMicrosoft,
    provider: Provider,
    path: str,
    *,
    goal: float,
    calls: int,
) -> None:
    for person in PEOPLE:
        fake.add_person(person)
    keys = [CalendarKey(person, "Europe/Berlin") for person in PEOPLE]

    def read() -> None:
        answers = provider.read_busy(keys, START, END)
        assert all(hasattr(answer, "blocks") for answer in answers.values())

    read()  # tokens, connections
    fake.latency = LATENCY
    before = sum(request.path.endswith(path) for request in fake.requests)
    times = [_timed(read) for _ in range(5)]
    made = (sum(request.path.endswith(path) for request in fake.requests) - before) // len(times)
    say(f"{name}, 300 people over 28 days", f"{made} calls", str(calls))
    say(f"{name}, 300 people, 100 ms an answer", f"{median(times):.2f} s", f"{goal} s")
    fake.latency = 0.0
    _memory(name, fake, provider)


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _memory(name: str, fake: FakeGoogle | FakeMicrosoft, provider: Provider) -> None:
    """Growth of this process from the first tenth of many reads of one calendar to the end."""
    keys = [CalendarKey(PEOPLE[0], "Europe/Berlin")]
    first = 0
    for number in range(READS):
        provider.read_busy(keys, START, END)
        if number % 100 == 0:
            fake.requests.clear()  # the fake remembers every request; that is not ours
        if number == READS // 10:
            gc.collect()
            first = _resident()
    gc.collect()
    growth = (_resident() - first) / first * 100
    say(f"{name}, memory over {READS} reads", f"{growth:+.1f} %", "+5 %")


def _resident() -> int:
    """Pages in memory now: the most there ever were would hide growth below an earlier peak. (Linux)"""
    return int(Path("/proc/self/statm").read_text().split()[1])


if __name__ == "__main__":
    main()
