# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks measure: the demo organisation of `make run`, in a folder of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[1]


class Demo:
    """A running demo: its address, key, link, and how long it took to listen."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        began = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scheduler", "demo", "--port", "0"],
            env={**os.environ, "DATA_DIR": str(data_dir), "LOG_LEVEL": "WARNING", **environment},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        lines = list(self._until_listening())
        self.seconds_to_listen = time.monotonic() - began
        self.address = lines[-1].split()[-1]
        said = {line[:16].strip(): line[16:].strip() for line in (line[2:] for line in lines[1:-1])}
        self.key, self.link = said["API key"], said["candidate link"]
        self.onsite: dict[str, Any] = json.loads(shlex.split(said["next"])[-1])

    def _until_listening(self) -> Iterator[str]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            yield line.rstrip()
            if line.startswith("listening on"):
                return
        raise SystemExit("the demo did not start")

    @property
    def pid(self) -> int:
        return self._process.pid

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = requests.request(
            method,
            f"{self.address}/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.key}", **headers},
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json()

    def offer(self, plan: str, name: str, **more: Any) -> tuple[str, list[dict[str, Any]]]:
        """Ask for times for somebody new: their link and their options."""
        found = self.call("GET", "plans")["data"]
        plan_id = next(item["id"] for item in found if item["external_id"] == plan)
        candidate = {"name": name, "email": f"{name}@candidate.example", "time_zone": "Europe/London"}
        body = {"plan_id": plan_id, "candidates": [candidate], **more}
        run = self.call("POST", "runs", body, Prefer="wait=30")
        [asked] = run["candidates"]
        return asked["invitation"]["url"], asked["options"]

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate()


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that the embedded server's account can pass through, and that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextmanager
def running(**environment: str) -> Iterator[Demo]:
    """The demo in a fresh folder, for as long as the block."""
    with folder() as data_dir:
        demo = Demo(data_dir, **environment)
        try:
            yield demo
        finally:
            demo.stop()


def share(values: list[float], part: float) -> float:
    """The value that this part of all values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def say(what: str, figure: str, goal: str) -> None:
    print(f"{what}: {figure} (goal: {goal}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")
