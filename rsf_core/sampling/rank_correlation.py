"""Spearman's rank correlation: how far two measures order the same items alike, whatever their scales."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.arrays import Floats


def ranks(values: ArrayLike) -> Floats:
    """The ranks of values, from 1, shape (n,); equal values share the mean of their ranks."""
    column = np.asarray(values, dtype=np.float64)
    _, index, counts = np.unique(column, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean: Floats = (last - (counts - 1) / 2)[index]
    return mean


def spearman(columns: Sequence[ArrayLike]) -> Floats:
    """The rank correlation of each two of k columns of n values, shape (k, k), over the rows in which both are finite; NaN if
    there are fewer than three such rows, or one of the two columns is constant on them (Spearman 1904)."""
    table = [np.asarray(column, dtype=np.float64) for column in columns]
    correlations = np.full((len(table), len(table)), np.nan)
    for i, first in enumerate(table):
        for j in range(i, len(table)):
            both = np.isfinite(first) & np.isfinite(table[j])
            correlations[i, j] = correlations[j, i] = _one(first[both], table[j][both])
    return correlations


def _one(first: Floats, second: Floats) -> float:
    if len(first) < 3:
        return np.nan
    a, b = ranks(first), ranks(second)
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(np.clip(a @ b / norm, -1.0, 1.0)) if norm > 0 else np.nan
