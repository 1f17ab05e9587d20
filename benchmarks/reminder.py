# SPDX-License-Identifier: Apache-2.0
"""How late reminders are: python -m benchmarks.reminder

Each interview's reminder is waited for with the clock moved to shortly before it is due.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import requests

from benchmarks._demo import Demo, folder, say
from benchmarks._post import Post

TIMES = 3
TICK_SECONDS = 5
#: moved to so many seconds before the reminder; the start itself takes some of them
AHEAD_SECONDS = 25


def main() -> None:
    post = Post()
    late = []
    with post.listening(), folder() as data_dir:
        demo = Demo(data_dir, MAIL_URL=post.url)
        booked = [book(demo, f"reminded{number}", number) for number in range(TIMES)]
        demo.stop()
        for name, start in sorted(booked, key=lambda item: item[1]):
            due = (start - timedelta(hours=24)).timestamp()
            offset = due - AHEAD_SECONDS - time.time()
            demo = Demo(data_dir, MAIL_URL=post.url, CLOCK_OFFSET_SECONDS=str(offset))
            late.append(post.wait_for(f"{name}@candidate.example", "Reminder") + offset - due)
            demo.stop()
    figure = f"{min(late):.1f} to {max(late):.1f} s late"
    say(f"{TIMES} reminders", figure, f"one tick ({TICK_SECONDS} s) + 2 s")


def book(demo: Demo, name: str, number: int) -> tuple[str, datetime]:
    """Book one of the later times, another one for each."""
    link, options = demo.offer("demo-technical-panel", name)
    option = sorted(options, key=lambda item: item["start"])[-1 - number]
    requests.post(f"{link}/book", json={"option": option["id"]}, timeout=30).raise_for_status()
    return name, datetime.fromisoformat(option["start"])


if __name__ == "__main__":
    main()
