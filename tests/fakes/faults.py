# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between a client and a vendor, to be switched on request by request."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from tests.fakes.wire import Answer, Recorded

PROXY_PAGE = (
    b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Try again later</h1></body></html>"
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong. Made by the functions below."""

    #: seconds that pass before anything happens
    seconds: float = 0.0
    #: whether the request has its effect all the same
    applied: bool = True
    #: whether the connection is closed instead of an answer
    hangs_up: bool = False
    #: sent instead of the vendor's own answer
    instead: Answer | None = None
    #: whether only the first half of the answer's body arrives
    cut: bool = False
    #: whether the list is answered with a page of nothing that has a next page
    empty: bool = False

    def befall(self, apply: Callable[[], Answer], empty_page: Callable[[], Answer]) -> Answer | None:
        """The answer that arrives; `None` when the connection is closed without one."""
        if self.empty:
            return empty_page()
        given = apply() if self.applied else None
        if self.hangs_up:
            return None
        if self.cut and given is not None:
            return Answer(given.status, given.body[: len(given.body) // 2], given.headers)
        return self.instead or given


def drop_before_apply() -> Fault:
    """The connection breaks and nothing happened."""
    return Fault(applied=False, hangs_up=True)


def drop_after_apply() -> Fault:
    """The connection breaks although everything happened."""
    return Fault(hangs_up=True)


def hang(seconds: float, *, applied: bool = False) -> Fault:
    """Silence, then the connection is closed."""
    return Fault(seconds=seconds, applied=applied, hangs_up=True)


def slow(seconds: float) -> Fault:
    """The right answer, late."""
    return Fault(seconds=seconds)


def answer(status: int, body: Any = b"", headers: Mapping[str, str] | None = None) -> Fault:
    """This answer and no effect. ``body``: bytes or text as they are, anything else as JSON."""
    if isinstance(body, str):
        body = body.encode()
    if isinstance(body, bytes):
        return Fault(applied=False, instead=Answer(status, body, headers or {}))
    return Fault(applied=False, instead=Answer.json(status, body, headers))


def html(status: int = 200) -> Fault:
    """A proxy's page instead of the vendor, with 200 or 502."""
    return answer(status, PROXY_PAGE, {"Content-Type": "text/html; charset=UTF-8"})


def truncated_json() -> Fault:
    """Half of the right answer."""
    return Fault(cut=True)


def empty_page() -> Fault:
    """A page without items that carries a token for the next page."""
    return Fault(empty=True)


@dataclass(kw_only=True)
class _Planned:
    fault: Fault
    method: str | None
    path: re.Pattern[str] | None
    #: how often still; `None`: always
    times: int | None

    def concerns(self, request: Recorded, *, api: bool) -> bool:
        if self.times == 0 or (self.method is not None and self.method != request.method):
            return False
        return api if self.path is None else bool(self.path.search(request.path))


@dataclass
class Faults:
    """The faults still to come. May be used from several threads."""

    _planned: list[_Planned] = field(default_factory=list)
    _share: float = 0.0
    _chance: random.Random = field(default_factory=random.Random)
    _lock: Lock = field(default_factory=Lock)

    def add(
        self, fault: Fault, *, method: str | None = None, path: str | None = None, times: int | None = 1
    ) -> None:
        """
        Befall the next matching requests, ``times`` of them, or all with `None`.

        ``path`` is a pattern searched for in the decoded path; without one only calls of the API match, not
        those for tokens.
        """
        planned = _Planned(
            fault=fault, method=method, path=None if path is None else re.compile(path), times=times
        )
        with self._lock:
            self._planned.append(planned)

    def lose(self, share: float, *, seed: int) -> None:
        """Lose that share of the answers to writing calls, half of them before they had an effect."""
        with self._lock:
            self._share, self._chance = share, random.Random(seed)

    def clear(self) -> None:
        with self._lock:
            self._planned.clear()
            self._share = 0.0

    def next(self, request: Recorded, *, api: bool, writes: bool) -> Fault | None:
        """What befalls this request. ``api``: it is no call for a token; ``writes``: it changes something."""
        with self._lock:
            for planned in self._planned:
                if planned.concerns(request, api=api):
                    if planned.times is not None:
                        planned.times -= 1
                    return planned.fault
            drawn = self._chance.random() if writes and self._share else 1.0
            if drawn < self._share / 2:
                return drop_before_apply()
            return drop_after_apply() if drawn < self._share else None
