# SPDX-License-Identifier: Apache-2.0
"""Things that happen at the same moment."""

from __future__ import annotations

import threading

from scheduler.domain.errors import Refusal


def at_once(*verbs) -> list[object]:
    """Run these together; what each answered, or the code of its refusal."""
    answers: list[object] = [None] * len(verbs)
    together = threading.Barrier(len(verbs))

    def run(number: int, verb) -> None:
        together.wait()
        try:
            answers[number] = verb()
        except Refusal as refusal:
            answers[number] = refusal.reason
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test shall see it
            answers[number] = error

    threads = [threading.Thread(target=run, args=item) for item in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
