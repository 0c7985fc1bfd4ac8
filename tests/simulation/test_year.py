"""A part of the simulated year: every call ends as it may, and a wrong one would be noticed."""

from __future__ import annotations

from collections import Counter

import pytest

from escalate.handoff.hours import Hours
from escalate.transfer import moment

from .oracle import judge
from .year import simulate


def problems(calls: int, seed: str) -> list[str]:
    return [problem for told in simulate(calls, seed=seed) for problem in judge(told)[1]]


def test_calls_all_over_the_year_end_as_they_may() -> None:
    """Within their budgets, with nobody dialled out of hours; the benchmark plays ten thousand."""
    told = list(simulate(60, seed="tests"))
    judged = [judge(one) for one in told]
    assert [] == [problem for _, wrong in judged for problem in wrong]
    ended = Counter(report.outcome for report, _ in judged)
    assert {"connected", "finished", "caller_left"} <= ended.keys()
    assert len({(one.policy.mode, one.policy.last_resort) for one in told}) > 2


def test_somebody_who_is_dialled_out_of_hours_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twin: the product's clock says that everybody is always there."""
    monkeypatch.setattr(Hours, "is_open", lambda hours, at: True)
    assert "is closed and was dialled" in "".join(problems(20, "closed2"))


def test_a_caller_who_is_lost_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twin: whoever hangs up during the whisper counts as one who has talked."""
    monkeypatch.setattr(moment, "has_confirmed", lambda m: True)
    assert "the caller ended as lost" in "".join(problems(20, "lost13"))
