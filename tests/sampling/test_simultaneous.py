"""Several differences shown together: the family is covered, a single one costs nothing, and no data set needs more than
Bonferroni's correction."""

from __future__ import annotations

import numpy as np
import pytest

from rsf_core.domain.errors import TargetError
from rsf_core.sampling.simultaneous import simultaneous_level
from tests.simulations.looks import coverage


@pytest.mark.parametrize("kind", ["reward", "share"])
def test_the_best_of_ten_null_rounds_is_no_gain_beyond_chance(kind: str) -> None:
    cell = {"prompts": 48, "rounds": 10, "shared": 0.5, "kind": kind}
    covered = coverage(cell, 120, np.random.default_rng(0))
    assert covered["missed"] <= 0.07 + 0.03 and covered["any together"] <= 0.05 + 0.02
    assert covered["passes by estimate"] > 0.35 and covered["passes by limit"] <= 0.07


def test_one_difference_keeps_its_level_and_equal_ones_cost_nothing() -> None:
    d = np.random.default_rng(0).normal(size=(50, 1))
    assert simultaneous_level(d) == 0.95 and simultaneous_level(d, 0.9) == 0.9
    assert simultaneous_level(np.repeat(d, 10, axis=1)) < 0.97  # ten copies are one difference
    assert simultaneous_level(np.hstack([d, np.zeros((50, 3)), np.full((50, 1), np.nan)])) == 0.95


def test_independent_differences_need_nearly_bonferroni_and_never_more() -> None:
    d = np.random.default_rng(0).normal(size=(60, 10))
    assert 0.99 < simultaneous_level(d) <= 1 - 0.05 / 10
    rare = np.where(np.random.default_rng(1).random((20, 6)) < 0.05, 1.0, 0.0)
    assert 0.95 <= simultaneous_level(rare) <= 1 - 0.05 / 6


def test_prompts_may_be_missing_and_the_order_of_columns_does_not_matter() -> None:
    d = np.random.default_rng(0).normal(size=(60, 4))
    d[:10, 1] = np.nan
    assert simultaneous_level(d) == pytest.approx(simultaneous_level(d[:, ::-1]))
    for wrong, says in ((np.zeros(3), "shape"), (d, "level is 95")):
        with pytest.raises(TargetError, match=says):
            simultaneous_level(wrong, 95 if says.startswith("level") else 0.95)
