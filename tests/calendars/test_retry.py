# SPDX-License-Identifier: Apache-2.0
"""When a provider is asked again, and when it is left alone."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendars import NotAllowed, NoTime, Outage, TryLater
from calendars.retry import Breaker, Budget, retrying, seconds_to_wait

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


class Provider:
    """Fails as told, then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.asked = 0
        self.slept: list[float] = []

    def __call__(self) -> str:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"

    def ask(self, **how) -> str:
        budget = Budget(**{name: how.pop(name) for name in list(how) if name != "breaker"})
        breaker = how.get("breaker") or Breaker("It")
        return retrying(self, budget=budget, breaker=breaker, sleep=self.slept.append)


def test_what_fails_in_passing_is_asked_again():
    provider = Provider(Outage(), TryLater())

    assert provider.ask() == "answer"
    assert (provider.asked, len(provider.slept)) == (3, 2)


def test_what_is_refused_is_not_asked_again():
    provider = Provider(NotAllowed())

    with pytest.raises(NotAllowed):
        provider.ask()
    assert (provider.asked, provider.slept) == (1, [])


def test_attempts_end():
    provider = Provider(*[Outage()] * 10)

    with pytest.raises(Outage):
        provider.ask(attempts=3)
    assert (provider.asked, len(provider.slept)) == (3, 2)


@given(st.floats(0.01, 5), st.integers(2, 6))
def test_waits_grow_and_are_spread(first, attempts):
    provider = Provider(*[TryLater()] * (attempts - 1))

    provider.ask(first_wait=first, attempts=attempts, longest_wait=1e9)

    assert all(0 <= slept <= first * 2**n for n, slept in enumerate(provider.slept))


def test_a_wait_that_is_asked_for_is_kept_and_a_long_one_is_for_the_caller():
    provider = Provider(TryLater(retry_after=3), TryLater(retry_after=3600))

    with pytest.raises(TryLater) as told:
        provider.ask()
    assert provider.slept[0] >= 3
    assert told.value.retry_after == 3600


def test_no_wait_goes_beyond_the_deadline():
    provider = Provider(TryLater(retry_after=5))

    with pytest.raises(TryLater):
        provider.ask(deadline=time.monotonic() + 2)
    assert provider.slept == []


def test_a_provider_that_is_down_is_left_alone_and_then_tried_once(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    breaker = Breaker("It", after=3, rest=20)
    down = Provider(*[Outage()] * 3)
    for _ in range(3):
        with pytest.raises(Outage):
            down.ask(attempts=1, breaker=breaker)

    with pytest.raises(Outage, match="It is not answering"):
        down.ask(breaker=breaker)
    assert down.asked == 3
    clock[0] += 20
    breaker.check()  # one may try
    with pytest.raises(Outage):
        breaker.check()  # the others wait for what comes of it
    breaker.answered()
    breaker.check()


def test_limits_and_refusals_do_not_count_as_being_down():
    breaker = Breaker("It", after=2)
    for failure in (Outage(), TryLater(retry_after=99), Outage(), NotAllowed(), Outage()):
        with pytest.raises((TryLater, NotAllowed)):
            Provider(failure).ask(attempts=1, breaker=breaker)
    breaker.check()


def test_who_had_no_time_to_ask_says_nothing_about_the_provider():
    """Those who wait in line for a provider that hangs must not make it look well."""
    breaker = Breaker("It", after=2)
    for failure in (Outage(), NoTime(), Outage()):
        with pytest.raises(TryLater):
            Provider(failure).ask(attempts=1, breaker=breaker)
    with pytest.raises(Outage, match="It is not answering"):
        breaker.check()


@given(st.integers(0, 10**6))
def test_retry_after_in_seconds(seconds):
    assert seconds_to_wait(f" {seconds} ", NOW) == seconds


@given(st.integers(-(10**6), 10**6))
def test_retry_after_as_a_date_is_never_in_the_past(seconds):
    text = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert seconds_to_wait(text, NOW) == max(0, seconds)


@pytest.mark.parametrize("text", [None, "", "soon", "-5", "1.5", "²", "Mon, 99 Foo 2026", "9" * 5000])
def test_a_retry_after_that_says_nothing_is_none(text):
    found = seconds_to_wait(text, NOW)
    assert found is None or found > 0


def test_a_date_beyond_all_dates_says_nothing():
    assert seconds_to_wait("Fri, 31 Dec 9999 23:59:59 -2300", datetime(2026, 11, 23, tzinfo=UTC)) is None
