"""The rules are compared on the same candidates, and each keeps the same number."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from rsf_core.acceptance.landscape import Landscape
from rsf_core.acceptance.rules import compare
from rsf_core.domain import Scope
from tests.support.ratios import ratios


def texts(ids: Sequence[str]) -> list[str]:
    return [f"one two {name}" for name in ids]


def test_each_rule_keeps_about_as_many_and_best_of_n_the_best() -> None:
    table = ratios(800, 40)
    landscape = Landscape(table, Scope.PROMPT)
    reward = np.where(np.isfinite(landscape.log_ratio), np.random.default_rng(3).normal(size=800), -np.inf)
    rejection, best, threshold, random = compare(landscape, 1.0, table, reward, texts)
    assert rejection.kept == landscape.at(1.0).automatic and rejection.overlap == 1.0
    assert threshold.kept == random.kept == rejection.kept
    assert abs(best.kept - rejection.kept) <= 20 and best.prompts == 40
    assert threshold.reward > best.reward > random.reward
    assert all(0 < rule.distinct_2 <= 1 and rule.tokens > 0 for rule in (rejection, best, threshold, random))


def test_keeping_nothing_gives_no_means_rather_than_wrong_ones() -> None:
    table = ratios()
    landscape = Landscape(table, Scope.GLOBAL)
    rejection, _, threshold, random = compare(landscape, 500.0, table, landscape.log_ratio, texts)
    assert (rejection.kept, threshold.kept, random.kept) == (0, 0, 0)
    assert math.isnan(rejection.reward) and math.isnan(rejection.distinct_2) and rejection.overlap == 1.0


def test_a_target_that_nothing_meets_keeps_nothing() -> None:
    table = ratios().set_column(2, "log_ratio", pa.array(np.full(400, -np.inf)))
    table = table.set_column(3, "critical_log_m", pa.array(np.full(400, -np.inf)))
    landscape = Landscape(table, Scope.GLOBAL)
    assert [rule.kept for rule in compare(landscape, 0.0, table, np.full(400, -np.inf), texts)] == [0, 0, 0, 0]
