# SPDX-License-Identifier: Apache-2.0
"""From the click to the confirmation in the mail server's hands: python -m benchmarks.mail"""

from __future__ import annotations

import statistics
import time

import requests

from benchmarks._demo import running, say
from benchmarks._post import Post

TIMES = 10


def main() -> None:
    post = Post()
    seconds = []
    with post.listening(), running(MAIL_URL=post.url) as demo:
        for number in range(TIMES):
            name = f"clicker{number}"
            link, options = demo.offer("demo-phone-screen", name)
            clicked = time.time()
            requests.post(f"{link}/book", json={"option": options[-1]["id"]}, timeout=30).raise_for_status()
            seconds.append(post.wait_for(f"{name}@candidate.example", "Confirmed") - clicked)
    figure = f"median {statistics.median(seconds):.2f} s, worst of {TIMES} {max(seconds):.2f} s"
    say("click to confirmation handed over", figure, "2 s")


if __name__ == "__main__":
    main()
