"""Bins of a histogram: every value is in one bin, and few distinct values get a bar each."""

from __future__ import annotations

import numpy as np
import pytest

from rsf_core.acceptance.bins import bin_edges


def test_each_of_few_values_is_in_the_middle_of_a_bin_and_none_is_lost() -> None:
    values = np.array([1.0, 0.0, 0.25, 1.0])
    edges = bin_edges(values, 8, 3)
    np.testing.assert_allclose(edges, [-0.125, 0.125, 0.625, 1.375])
    np.testing.assert_array_equal(np.histogram(values, edges)[0], [1, 1, 2])


def test_one_value_more_than_few_makes_bins_of_one_width() -> None:
    values = np.array([1.0, 0.0, 0.25, 1.0])
    edges = bin_edges(values, 8, 2)
    np.testing.assert_allclose(edges, np.arange(9) / 8)
    assert np.histogram(values, edges)[0].sum() == 4


@pytest.mark.parametrize(("values", "expected"), [([], [0.0, 1.0]), ([3.0, 3.0], [2.5, 3.5])])
def test_no_value_and_one_value_have_one_bin(values: list[float], expected: list[float]) -> None:
    np.testing.assert_array_equal(bin_edges(np.array(values), 8, 3), expected)
