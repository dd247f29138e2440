"""The bootstrap of one statistic of values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.arrays import Floats
from rsf_core.sampling.arrays import group_sum
from rsf_core.sampling.bootstrap import Resampling, bootstrap_sums
from rsf_core.sampling.intervals import Interval, grouped


def bootstrap(
    values: ArrayLike, groups: ArrayLike, statistic: Callable[[Floats], Floats], rng: np.random.Generator
) -> Interval:
    """The interval for `statistic`, which turns totals (..., k) into (...), of values (n, k) in groups (n,)."""
    columns = np.asarray(values, dtype=np.float64)
    sums = np.stack([group_sum(x, n, index) for x, n, index in (grouped(c, groups) for c in columns.T)], axis=1)
    return bootstrap_sums(sums, lambda totals: statistic(totals)[..., None], Resampling(len(sums), rng))[0]
