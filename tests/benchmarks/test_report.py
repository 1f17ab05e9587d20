# SPDX-License-Identifier: Apache-2.0
"""What docs/benchmarks.md says of a run."""

from __future__ import annotations

from benchmarks import _report
from benchmarks.compare import Results

JOBS = [
    "propose, 1–3 sessions",
    "propose, 4–5 sessions",
    "propose, 6–8 sessions",
    "assign, 500 candidates × 300 people, first complete answer",
    "assign against Timefold",
    "assign, proven optimal, median of the seeds",
    "availability, 200 people × 8 weeks",
    "blockers and relaxations for an impossible 4-session plan, 30 people, 10 days",
    "memory",
]


def _told(*improvements, proof="optimal", total=0.1, peak_mb=60, bound=100):
    first = improvements[-1][0]
    run = {"improvements": improvements, "first": first, "total": total, "proof": proof, "bound": bound}
    return {"runs": [run], "worth": improvements[-1][1:], "peak_mb": peak_mb}


def _row(results, job):
    return next(row for row in _report.rows_of(results) if row.job == job)


def test_every_goal_has_its_row_whatever_was_measured():
    assert [row.job for row in _report.rows_of(Results())] == JOBS
    assert all(row.short for row in _report.rows_of(Results()))
    assert all(f"| {job} |" in _report.document(Results(tc=[0.0004])) for job in JOBS)


def test_a_goal_is_met_when_nothing_is_missing():
    found = {("a3x12d5", 1): {"ours": _told((0.004, 8, 110), (0.010, 8, 100))}}
    row = _row(Results(tc=[0.0005], found=found), "propose, 1–3 sessions")
    assert row.short == ""
    assert "worst 20" in row.reached


def test_what_somebody_else_found_counts_as_best_known():
    found = {
        ("a3x12d5", 1): {
            "ours": _told((0.004, 8, 110), proof="feasible"),
            "textbook": _told((9.0, 8, 100), proof="feasible"),
        }
    }
    row = _row(Results(tc=[0.0005], found=found), "propose, 1–3 sessions")
    assert "cost at 40 TC in 1 of 1" in row.short
    assert "proof in 1 of 1" in row.short


def test_timefold_is_beaten_when_an_early_answer_of_ours_is_better():
    found = {
        ("b50x30", 1): {"ours": _told((0.1, 49, 150), (0.7, 50, 150)), "Timefold": _told((30.0, 49, 140))}
    }
    row = _row(Results(tc=[0.0005], found=found), "assign against Timefold")
    assert (row.reached, row.short) == ("b50x30 s1 0.70 s", "b50x30 s1")


def test_who_did_not_run_is_told():
    results = Results(
        tc=[0.0005], notes=["Timefold was left out."], found={("b50x30", 1): {"ours": {"failed": "nothing"}}}
    )
    assert "- Timefold was left out." in _report.document(results)
    assert "| b50x30 s1 | ours | nothing |" in _report.document(results)
