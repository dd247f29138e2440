"""Simultaneous intervals for several differences that are shown side by side, so that the best of them can be believed.

The best of ten null rounds averages +1.05 standard errors, and intervals that hold one at a time call it "beyond chance" in
11 %. The max-t bootstrap over prompts (Romano & Wolf 2005, Econometrica 73:1237) estimates how large the largest |t| of all
differences becomes if none is real. Differences on the same prompts are correlated, so it needs less than Bonferroni.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from rsf_core.domain.arrays import Floats
from rsf_core.domain.errors import TargetError

REPLICATES = 2000


def simultaneous_level(
    differences: ArrayLike, level: float = 0.95, rng: np.random.Generator | None = None, replicates: int = REPLICATES
) -> float:
    """The level that the interval of each of the m differences needs, so that all hold together at `level`.

    `differences` (prompts, m): a paired difference of each prompt in each column, NaN if it has none. The result lies between
    `level`, which is enough for one, and Bonferroni's 1 − (1 − level)/m, which is always enough. Columns with fewer than two
    prompts or without spread have no interval and are left out. `rng` drives the bootstrap; without it, it is seeded with 0.
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 2:
        raise TargetError(
            f"differences have shape {d.shape}; give a row for each prompt and a column for each difference"
        )
    if not 0.0 < level < 1.0:
        raise TargetError(f"the confidence level is {level}; it must lie between 0 and 1, such as 0.95")
    there = ~np.isnan(d)
    count = there.sum(axis=0)
    x = np.where(there, d, 0.0)
    mean = x.sum(axis=0) / np.maximum(count, 1)
    x = np.where(there, d - mean, 0.0)
    live = (count >= 2) & (np.abs(x).max(axis=0, initial=0.0) > 1e-12 * np.maximum(1.0, np.abs(mean)))
    m = int(live.sum())
    if m < 2:
        return level
    x, there, count = x[:, live], there[:, live].astype(np.float64), count[live]
    prompts = len(x)
    generator = np.random.default_rng(0) if rng is None else rng
    times = generator.multinomial(prompts, np.full(prompts, 1 / prompts), size=replicates).astype(np.float64)
    t = np.abs(_t(times, x, there)).max(axis=1)
    largest = float(np.quantile(t, level))
    within = 2.0 * float(stdtr(int(count.min()) - 1, largest)) - 1.0 if math.isfinite(largest) else 1.0
    return min(max(within, level), 1.0 - (1.0 - level) / m)


def _t(times: Floats, x: Floats, there: Floats) -> Floats:
    """The t of every column in every replicate, (replicates, m); 0 where a replicate has no spread."""
    n = times @ there
    mean = (times @ x) / np.maximum(n, 1.0)
    variance = (times @ (x**2)) / np.maximum(n, 1.0) - mean**2
    error = np.sqrt(np.maximum(variance, 0.0) / np.maximum(n - 1.0, 1.0))
    statistics: Floats = np.divide(mean, error, out=np.zeros_like(mean), where=error > 1e-12)
    return statistics
