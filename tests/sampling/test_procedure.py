"""The interval of a procedure is valid for another run on other prompts, unlike the interval of one comparison."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rsf_core.domain.errors import TargetError
from rsf_core.sampling.intervals import difference_interval
from rsf_core.sampling.procedure import OF_RUNS, procedure_interval
from tests.simulations.procedures import coverage


@pytest.mark.parametrize("kind", ["reward", "share"])
@pytest.mark.parametrize("spread", ["none", "a third", "as prompts"])
def test_it_holds_the_gain_of_the_procedure(spread: str, kind: str) -> None:
    cell = {"runs": 3, "prompts": 48, "spread": spread, "kind": kind}
    covered = coverage(cell, 1_000, np.random.default_rng(0))
    assert covered["coverage"] >= 0.93
    if spread == "as prompts":
        assert covered["one run"] < 0.7  # the interval over the prompts of one run


def test_it_holds_where_runs_differ_by_45_points_of_a_share_which_is_cut_off_at_its_ends() -> None:
    """A t interval at the overall level covered 91 %."""
    cell = {"runs": 3, "prompts": 48, "spread": "thrice", "kind": "share"}
    covered = coverage(cell, 4_000, np.random.default_rng(1))
    assert covered["coverage"] >= 0.93 and covered["shown"] > 0.99


def test_without_prompts_that_differ_it_is_t_over_the_runs() -> None:
    gains = np.repeat([[0.1], [0.2], [0.6]], 40, axis=1) + 1e-9 * np.random.default_rng(0).normal(size=(3, 40))
    interval = procedure_interval(gains)
    low, high = stats.t.interval(0.95, 2, 0.3, stats.sem([0.1, 0.2, 0.6]))
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.3, low, high), abs=1e-6)
    assert interval.groups == 3


def test_with_runs_that_hardly_differ_it_is_the_interval_over_prompts() -> None:
    by_prompt = np.random.default_rng(1).normal(size=60)
    interval = procedure_interval(np.stack([by_prompt, by_prompt + 1e-9]))
    alone = difference_interval(by_prompt)
    assert (interval.low, interval.high) == pytest.approx((alone.low, alone.high), abs=1e-6)


def test_both_spreads_are_put_together_on_either_side_and_stay_in_the_range() -> None:
    gains = np.random.default_rng(2).integers(-4, 5, (4, 30)) / 4
    interval = procedure_interval(gains, width=1.0)
    runs = difference_interval(gains.mean(axis=1), level=1 - 0.05 * OF_RUNS)
    prompts = difference_interval(gains.mean(axis=0), 1.0)
    assert interval.value - interval.low == pytest.approx(
        math.hypot(runs.value - runs.low, prompts.value - prompts.low)
    )
    assert interval.high - interval.value == pytest.approx(
        math.hypot(runs.high - runs.value, prompts.high - prompts.value)
    )
    wild = procedure_interval(np.repeat([[1.0], [-1.0]], 30, axis=1), width=1.0)
    assert (wild.low, wild.high) == (-1.0, 1.0)


def test_one_run_or_runs_all_equal_say_nothing_of_another() -> None:
    gains = np.random.default_rng(3).normal(size=(1, 30))
    for alike in (gains, np.repeat(gains, 3, axis=0)):
        interval = procedure_interval(alike)
        assert not interval.known and interval.value == pytest.approx(gains.mean())


def test_one_prompt_or_unbounded_prompts_all_equal_say_nothing_of_other_prompts() -> None:
    runs = np.array([[0.1], [0.2], [0.4]])
    assert not procedure_interval(runs, width=1.0).known
    assert not procedure_interval(np.repeat(runs, 5, axis=1)).known
    assert procedure_interval(np.repeat(runs, 5, axis=1), width=1.0).known  # a share of up to 3/C may differ


@pytest.mark.parametrize("wrong", [np.zeros(4), np.zeros((0, 4)), np.zeros((3, 0)), np.full((2, 4), math.nan)])
def test_invalid_gains_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(TargetError):
        procedure_interval(wrong)
