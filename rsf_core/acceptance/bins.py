"""Bins of a histogram by some value of candidates."""

from __future__ import annotations

import numpy as np

from rsf_core.domain.arrays import Floats


def bin_edges(values: Floats, bins: int, few: int) -> Floats:
    """The edges of bins over finite `values` (n,), ascending: one bin around each value if there are at most `few` different
    ones, else `bins` of equal width."""
    different = np.unique(values)
    if different.size == 0:
        return np.array([0.0, 1.0])
    if different.size == 1:
        return np.array([different[0] - 0.5, different[0] + 0.5])
    if different.size <= few:
        middle = (different[1:] + different[:-1]) / 2
        return np.concatenate(([2 * different[0] - middle[0]], middle, [2 * different[-1] - middle[-1]]))
    return np.linspace(different[0], different[-1], bins + 1)
