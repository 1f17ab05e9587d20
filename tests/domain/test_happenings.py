# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from pathlib import Path

from scheduler.domain.happenings import HAPPENINGS
from scheduler.points import POINTS

SERVICES = Path(__file__).parents[2] / "scheduler" / "services"
OF_EVENTS = re.compile(r'"((?:run|invitation|booking|interviewer|room|candidate|calendar|webhook)\.[a-z_]+)"')
#: put together from a booking's status
MADE_UP = {"booking.completed", "booking.no_show"}


def test_whatever_services_record_is_a_type_that_can_be_asked_for():
    texts = (path.read_text(encoding="utf-8") for path in SERVICES.glob("*.py"))
    recorded = {type_ for text in texts for type_ in OF_EVENTS.findall(text)}

    assert recorded - POINTS.keys() | MADE_UP == set(HAPPENINGS)
