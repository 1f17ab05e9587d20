# SPDX-License-Identifier: Apache-2.0
"""Radicale behind the fakes' listener: everything reaches it, unless something befalls it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.fakes.faults import drop_before_apply
from tests.fakes.radicale import running

START = datetime(2026, 11, 25, 9, tzinfo=UTC)


def test_while_it_is_away_nothing_happens_and_then_everything_is_there(tmp_path):
    with running(tmp_path, "ada") as radicale:
        radicale.add_busy("ada", START, START + timedelta(hours=1))
        radicale.faults.add(drop_before_apply(), times=None)
        with pytest.raises(requests.ConnectionError):
            radicale.put("ada", f"UID:more\r\nDTSTART:{START:%Y%m%dT%H%M%SZ}\r\n")
        radicale.faults.clear()

        [event] = radicale.events("ada")
        assert "UID:theirs" in event


def test_whoever_comes_later_signs_in_and_sees_what_is_theirs_alone(tmp_path):
    with running(tmp_path, "ada") as radicale:
        radicale.add_busy("ada", START, START + timedelta(hours=1))
        radicale.add_person("bob")

        assert (radicale.addresses, radicale.events("bob")) == (["ada", "bob"], [])
