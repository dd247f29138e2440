"""Spearman's rank correlation, compared with scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from rsf_core.sampling.rank_correlation import ranks, spearman

SMALL = st.lists(st.integers(-3, 3), min_size=3, max_size=12)


@given(SMALL)
def test_ranks_of_equal_values_are_the_mean_of_theirs(values: list[int]) -> None:
    assert ranks(values).tolist() == rankdata(values).tolist()


@given(SMALL, st.randoms(use_true_random=False))
def test_it_is_the_correlation_of_the_ranks(values: list[int], random) -> None:
    other = random.sample(values, len(values))
    correlations = spearman([values, other])
    if len(set(values)) == 1:
        assert np.isnan(correlations).all()
    else:
        assert correlations[0, 1] == pytest.approx(spearmanr(values, other).statistic, abs=1e-12)
        assert correlations[0, 0] == correlations[1, 1] == 1 and correlations[0, 1] == correlations[1, 0]


def test_any_increasing_scale_is_the_same_and_the_opposite_order_is_minus_one() -> None:
    values = np.array([0.1, 5.0, -2.0, 7.5])
    assert spearman([values, np.exp(values), -values])[0].tolist() == [1.0, 1.0, -1.0]


def test_rows_without_a_score_are_left_out_of_each_pair_alone() -> None:
    first, second, third = [1.0, 2.0, 3.0, np.nan], [9.0, 8.0, 7.0, 6.0], [1.0, np.nan, np.nan, 2.0]
    correlations = spearman([first, second, third])
    assert correlations[0, 1] == -1.0 and np.isnan(correlations[0, 2]) and np.isnan(correlations[1, 2])
    assert spearman([]).shape == (0, 0)
