# SPDX-License-Identifier: Apache-2.0
"""The places at which a rehearsal may end the process."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from scheduler.points import POINTS, kill_at, pass_by

ROOT = Path(__file__).parents[1]
PROGRAM = """
import sys
from scheduler.points import kill_at
reach = kill_at(sys.argv[1])
for time in range(1, 4):
    reach("mail.claimed")
    print(time, flush=True)
"""


def test_every_point_is_reached_at_one_place_and_every_place_is_a_point():
    reached = Counter(
        name
        for path in (ROOT / "scheduler").rglob("*.py")
        for name in re.findall(r'\breach(?:"\])?\("([^"]+)"\)', path.read_text(encoding="utf-8"))
    )
    assert reached == Counter(list(POINTS))


def test_the_document_tells_of_every_point():
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `(\w+\.\w+)` \| (.+) \|$", text, re.MULTILINE))
    assert table == POINTS


@pytest.mark.parametrize(("wanted", "got_to"), [("mail.claimed", 0), ("mail.claimed:3", 2)])
def test_the_process_is_ended_there_as_by_a_power_cut(wanted, got_to):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, wanted], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.returncode, len(done.stdout.split())) == (-9, got_to)


def test_other_points_are_passed_by():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "mail.kept"], capture_output=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0
    pass_by("mail.claimed")


@pytest.mark.parametrize("wanted", ["lunch", "", "mail.kept:x", "mail.kept:-1"])
def test_what_is_no_point_is_refused(wanted):
    with pytest.raises(ValueError, match="none of the points"):
        kill_at(wanted)
