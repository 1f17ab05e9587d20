# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from scheduler.processes import die_with_pipe
from tests.patience import PATIENCE

#: Starts a child that would sleep for long, and says so. An argument but 0 is a parent that is not its own.
PARENT = """
import os, signal, subprocess, sys
from scheduler.processes import die_with_parent
child = subprocess.Popen(
    ["sleep", "600"], preexec_fn=lambda: die_with_parent(signal.SIGKILL, int(sys.argv[1]) or os.getppid())
)
print("started", flush=True)
child.wait()
"""


def test_the_end_of_the_only_holder_of_a_pipe_is_noticed():
    reading, writing = os.pipe()
    ended = threading.Event()
    die_with_pipe(reading, ended.set)
    assert not ended.is_set()
    os.close(writing)
    assert ended.wait(PATIENCE)
    os.close(reading)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_child_does_not_outlive_a_killed_parent():
    parent = subprocess.Popen([sys.executable, "-c", PARENT, "0"], stdout=subprocess.PIPE)
    assert parent.stdout.readline() == b"started\n"
    parent.kill()
    # The child has the same output: it is at its end when both are gone.
    assert parent.communicate(timeout=PATIENCE)[0] == b""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_child_whose_parent_is_gone_already_does_not_begin():
    done = subprocess.run(
        [sys.executable, "-c", PARENT, "1"], capture_output=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0


#: Says its niceness and that of its session, if the kernel has such a thing, before and after it gives way.
GIVES_WAY = """
import os, sys
from scheduler.processes import AUTOGROUP, give_way
if "leads" in sys.argv and os.getsid(0) != os.getpid():
    os.setsid()
def tell():
    session = AUTOGROUP.read_text().split()[-1] if AUTOGROUP.exists() else "-"
    print(os.getpriority(os.PRIO_PROCESS, 0), session)
tell()
give_way(10)
tell()
"""


@pytest.mark.parametrize(("who", "session"), [("leads", {"10", "-"}), ("follows", {"0", "-"})])
def test_whoever_gives_way_does_so_with_the_session_that_it_leads_and_no_other(who, session):
    # A shell in between leads the session of its own that all of this happens in.
    ran = subprocess.run(
        ["sh", "-c", f'"$0" -c "$1" {who}; true', sys.executable, GIVES_WAY],
        stdout=subprocess.PIPE,
        check=True,
        start_new_session=True,
    )
    was, was_session, became, became_session = ran.stdout.decode().split()
    assert int(became) == min(int(was) + 10, 19)
    assert was_session in ("0", "-")
    assert became_session in session


#: As when another worker has begun a moment ago.
TOO_SOON = """
import os
from scheduler import processes
class Autogroup:
    told = []
    def write_text(self, text, **_):
        self.told.append(text)
        if len(self.told) < 3:
            raise BlockingIOError
processes.AUTOGROUP = Autogroup()
if os.getsid(0) != os.getpid():
    os.setsid()
processes.give_way(10)
print(*Autogroup.told)
"""


def test_a_session_that_is_not_heard_just_now_says_so_again():
    ran = subprocess.run([sys.executable, "-c", TOO_SOON], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["10", "10", "10"]
