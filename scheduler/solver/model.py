# SPDX-License-Identifier: Apache-2.0
"""Solving. The search over masks and the tables of days answer; where they were cut off, the constraint model
decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from scheduler.domain.options import Option
from scheduler.solver.check import set_violations, violations
from scheduler.solver.choice import MOST_DIFFERENT, Choice
from scheduler.solver.drafts import Draft, best_rooms, optional_people, to_option
from scheduler.solver.explain import explain_few, explain_none
from scheduler.solver.garbage import uncollected
from scheduler.solver.outcome import (
    COMPLETE,
    FEASIBLE,
    OPTIMAL,
    STOPPED,
    Figures,
    Impossible,
    Improvement,
    Outcome,
    OutOfTime,
    Solved,
    Stage,
)
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach
from scheduler.solver.reasons import of_people
from scheduler.solver.search import Search
from scheduler.solver.timing import Timing

#: sessions of a plan that the search over masks finds options for at once
QUICKLY_SEARCHED = 3


class WrongAnswer(Exception):
    """The solver made an option that its judge refuses: a fault of this program, not of the question."""


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """What one way of solving found."""

    drafts: tuple[Draft, ...]
    #: there are no more options than these
    all_found: bool
    #: no set of as many options is better
    optimal: bool
    stage: Stage


def propose(problem: Problem, *, seconds: float = 10.0, workers: int = 1) -> Outcome:
    """Up to `problem.options` options with different starts, or why there are none.

    Work is limited by counts, so that equal Problems get equal answers; `seconds` is a safety net, and the
    number of `workers` is for the constraint model. Raises WrongAnswer when the judge finds a fault.
    """
    if problem.options_apart or problem.options <= MOST_DIFFERENT:
        _load_apart()
    clock = _Clock(seconds)
    if problem.open_window is None:
        return Impossible(explanation=explain_none(problem, clock.late))
    reach = Reach(problem, problem.open_window)
    timing = Timing(problem, reach.line)
    answers = [_apart(reach, timing, clock)] if problem.options_apart else _unlike(reach, timing, clock)
    if not answers[0].all_found and len(answers[0].drafts) < problem.options:
        answers.append(_modelled(reach, timing, answers[0].drafts, clock, workers=workers))
    # in the time that is left the constraint model may find less
    answer = max(reversed(answers), key=lambda found: len(found.drafts))
    options = tuple(judged(problem, _option(reach, timing, draft)) for draft in answer.drafts)
    wrong = set_violations(problem, options)
    if wrong:
        raise WrongAnswer("; ".join(violation.text for violation in wrong))
    if not options and not answer.all_found:
        return OutOfTime(bound=answer.stage.bound, figures=clock.figures(answers))
    if not options:
        return Impossible(explanation=explain_none(problem, clock.late), figures=clock.figures(answers))
    few = len(options) < problem.options
    explanation = (
        explain_few(problem, len(options), proven=answer.all_found, over=clock.late) if few else None
    )
    return Solved(
        options=options,
        proof=_proof(answer, few=few, stopped=clock.stopped),
        explanation=explanation,
        figures=clock.figures(answers),
    )


class _Clock:
    """Wall time from the beginning of a question."""

    def __init__(self, seconds: float) -> None:
        self._begun = perf_counter()
        self._seconds = seconds
        self._built = 0.0
        #: somebody looked, and it was time to stop
        self.stopped = False

    def passed(self) -> float:
        return perf_counter() - self._begun

    def left(self) -> float:
        return self._seconds - self.passed()

    def late(self) -> bool:
        """It is time to stop, whatever that means for the answer."""
        return self.left() <= 0

    def over(self) -> bool:
        self.stopped = self.stopped or self.left() <= 0
        return self.stopped

    def built(self) -> None:
        """What a question is answered from has been worked out."""
        self._built = self.passed()

    def improvement(self, cost: int, options: int) -> Improvement:
        return Improvement(seconds=self.passed(), options=options, objective=cost)

    def figures(self, answers: Sequence[_Answer]) -> Figures:
        stages = tuple(answer.stage for answer in answers)
        improvements = [each for stage in stages for each in stage.improvements]
        most = max(len(answer.drafts) for answer in answers)
        whole = [each.seconds for each in improvements if each.options == most]
        return Figures(
            build_seconds=self._built,
            first_seconds=whole[0] if whole else None,
            last_seconds=improvements[-1].seconds if improvements else None,
            total_seconds=self.passed(),
            stages=stages,
        )


def _load_apart() -> None:
    """Importing OR-Tools and numpy takes a while, which is not the question's."""
    import scheduler.solver.apart.sets  # noqa: F401, PLC0415 (the web process never loads it)


def _apart(reach: Reach, timing: Timing, clock: _Clock) -> _Answer:
    """The best set of options of which no session overlaps a session of another."""
    from scheduler.solver.apart import sets  # noqa: PLC0415 (see above)

    if not sets.takes(reach.problem, reach):
        clock.built()
        return _Answer(drafts=(), all_found=False, optimal=False, stage=Stage(name="apart"))
    improvements: list[Improvement] = []
    search = sets.Search(
        reach,
        timing,
        report=lambda columns: improvements.append(
            clock.improvement(sum(column.cost for column in columns), len(columns))
        ),
        stop=clock.over,
    )
    clock.built()
    with uncollected():
        found = search.run()
    return _Answer(
        drafts=sets.drafts_of(reach, timing, found.columns),
        all_found=found.most,
        optimal=found.optimal,
        stage=Stage(
            name="apart",
            objective=sum(column.cost for column in found.columns) if found.columns else None,
            bound=found.bound,
            improvements=tuple(improvements),
        ),
    )


def _searched(reach: Reach, timing: Timing, clock: _Clock) -> _Answer:
    search = Search(reach, timing)
    clock.built()
    choice = Choice(search, reach.problem.options)
    drafts = choice.best()
    objective, bound = choice.objective(drafts), choice.bound()
    stage = Stage(name="search")
    if drafts:
        improvements = (clock.improvement(objective, len(drafts)),)
        stage = Stage(name="search", objective=objective, bound=bound, improvements=improvements)
    return _Answer(
        drafts=drafts,
        all_found=not search.undecided,
        optimal=bool(drafts) and objective == bound,
        stage=stage,
    )


def _unlike(reach: Reach, timing: Timing, clock: _Clock) -> list[_Answer]:
    """The best set of options that are different: by the search over masks, bettered by what the tables of
    days know; of long loops, which take the search long, by the tables alone where these find enough.
    """
    from scheduler.solver.apart import sets  # noqa: PLC0415 (see above)

    varied = reach.problem.options <= MOST_DIFFERENT and sets.takes(reach.problem, reach)
    if varied and len(reach.plan.sessions) > QUICKLY_SEARCHED and all(here.starts for here in reach.sessions):
        answer = _varied(reach, timing, clock, ())
        if answer is not None:
            return [answer]
    searched = _searched(reach, timing, clock)
    enough = searched.all_found or len(searched.drafts) == reach.problem.options
    if varied and searched.drafts and enough and not searched.optimal:
        better = _varied(reach, timing, clock, searched.drafts)
        return [searched, better] if better else [searched]
    return [searched]


def _varied(reach: Reach, timing: Timing, clock: _Clock, known: tuple[Draft, ...]) -> _Answer | None:
    """A better set of as many options than the one known, or as many as wanted when there is none; None when
    the first plans found are too few.
    """
    from scheduler.solver.apart.board import Board  # noqa: PLC0415 (see above)
    from scheduler.solver.apart.seats import column_of, draft_of  # noqa: PLC0415
    from scheduler.solver.apart.variety import Variety  # noqa: PLC0415

    improvements: list[Improvement] = []
    board = Board(reach, timing)
    variety = Variety(
        board,
        len(known) or reach.problem.options,
        report=lambda cost, options: improvements.append(clock.improvement(cost, options)),
        stop=clock.over,
    )
    clock.built()
    with uncollected():
        given = {column_of(board, draft): draft for draft in known}
        if not variety.begin(list(given)):
            return None
        found = variety.solve()
    drafts = [given.get(column) or draft_of(board, column) for column in found.columns]
    drafts.sort(key=lambda draft: draft.start)
    return _Answer(
        drafts=tuple(drafts),
        all_found=True,
        optimal=found.optimal,
        stage=Stage(
            name="variety", objective=found.cost, bound=found.bound, improvements=tuple(improvements)
        ),
    )


def _modelled(
    reach: Reach, timing: Timing, known: tuple[Draft, ...], clock: _Clock, *, workers: int
) -> _Answer:
    # importing OR-Tools takes 0.4 s and 90 MB: only those pay who need it
    from scheduler.solver.together import small_enough, solve_together  # noqa: PLC0415
    from scheduler.solver.variables import solve_one_by_one  # noqa: PLC0415

    if reach.problem.options_apart and small_enough(reach):
        found = solve_together(reach, timing, seconds=clock.left(), workers=workers)
    else:
        found = solve_one_by_one(reach, timing, known, seconds=clock.left(), workers=workers)
    clock.over()
    improvements: tuple[Improvement, ...] = ()
    if found.objective is not None:
        improvements = (clock.improvement(found.objective, len(found.drafts)),)
    return _Answer(
        drafts=found.drafts,
        all_found=found.complete,
        optimal=found.optimal,
        stage=Stage(name="model", objective=found.objective, bound=found.bound, improvements=improvements),
    )


def _proof(answer: _Answer, *, few: bool, stopped: bool) -> str:
    if answer.optimal:
        return OPTIMAL
    if stopped:
        return STOPPED
    return COMPLETE if answer.all_found or not few else FEASIBLE


def _option(reach: Reach, timing: Timing, draft: Draft) -> Option:
    rooms = best_rooms(reach, timing, draft.placed)
    if rooms is None:
        raise WrongAnswer("a session has lost its room")
    guests = optional_people(reach, timing, draft)
    option = to_option(reach, timing, draft, rooms=rooms[1], guests=guests)
    if option.cost != draft.cost:
        raise WrongAnswer(f"an option was found at {draft.cost} and costs {option.cost}")
    return option.evolve(reasons=(*option.reasons, *of_people(reach, timing, draft)))


def judged(problem: Problem, option: Option) -> Option:
    """The option, once the judge has found nothing wrong with it. Raises WrongAnswer."""
    found = violations(problem, option)
    if found:
        raise WrongAnswer("; ".join(violation.text for violation in found))
    return option
