# SPDX-License-Identifier: Apache-2.0
"""Every rule of a plan, in the order in which one would tell them."""

from __future__ import annotations

from scheduler.solver.rules.base import Rule, Wish
from scheduler.solver.rules.people import (
    InsideWorkingHours,
    NobodyIsBusy,
    NobodyTwice,
    OneInTraining,
    RoomForEach,
    SeatsAreFilled,
    TimeBetweenOwnSessions,
    WithinLimits,
)
from scheduler.solver.rules.times import (
    BreaksAreKept,
    InOrder,
    InsideTheWindow,
    LongestGap,
    OnTheGrid,
    ShortestGap,
    WhenTheCandidateCan,
    WithinMaxDays,
    WithinTheHorizon,
    WithNotice,
)
from scheduler.solver.rules.wishes import (
    EarlierDays,
    FairLoad,
    FewDays,
    KeepTheRoom,
    LittleWaiting,
    OverbookLittle,
    PreferredHours,
    SpareCover,
)

__all__ = ["HARD", "SOFT", "Rule", "Wish"]

HARD: tuple[Rule, ...] = (
    InsideTheWindow(),
    WithNotice(),
    WithinTheHorizon(),
    WhenTheCandidateCan(),
    OnTheGrid(),
    InsideWorkingHours(),
    NobodyIsBusy(),
    WithinLimits(),
    SeatsAreFilled(),
    OneInTraining(),
    NobodyTwice(),
    TimeBetweenOwnSessions(),
    RoomForEach(),
    InOrder(),
    ShortestGap(),
    BreaksAreKept(),
    LongestGap(),
    WithinMaxDays(),
)

SOFT: tuple[Wish, ...] = (
    EarlierDays(),
    FewDays(),
    LittleWaiting(),
    FairLoad(),
    PreferredHours(),
    OverbookLittle(),
    KeepTheRoom(),
    SpareCover(),
)
