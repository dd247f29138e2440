"""Intervals that respect prompts: draws of one prompt resemble each other, so prompts, not draws, are the sample.

Pooling the draws as if they were independent covers 61 % where it claims 95 % (MATH.md). Ratios of sums are in
bootstrap.py. Uses scipy for two quantiles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, stdtrit

from rsf_core.errors import TargetError
from rsf_core.sampling.arrays import Floats, Ints, dense_groups, group_mean, group_sum, raise_where


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence limits, from `groups` independent groups (prompts; draws for a proportion).

    Where the data say nothing of the spread, as one group does, the limits are −∞ and +∞, and `known` is False.
    """

    value: float
    low: float
    high: float
    groups: int

    @property
    def known(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)

    def clipped(self, low: float, high: float) -> Interval:
        """The same with limits cut to the range the quantity can take; an unknown interval stays unknown."""
        if not self.known:
            return self
        return Interval(self.value, min(max(self.low, low), high), max(min(self.high, high), low), self.groups)


def cluster_mean(values: ArrayLike, groups: ArrayLike, level: float = 0.95) -> Interval:
    """The mean over groups of the groups' means, ± t·s/√G with G − 1 degrees of freedom. Every group counts equally.

    `values` and `groups` have shape (n,), the limits the unit of the values. One group: limits ∓∞. None: TargetError.
    """
    return _t_interval(*_means(values, groups)[1:], level)


def pooled_mean(values: ArrayLike, groups: ArrayLike, level: float = 0.95) -> Interval:
    """The mean over all values, every value counting equally, with a t interval over groups.

    It is the ratio ΣS_g / ΣN_g of group sums to group sizes; its standard error by linearisation is
    √(G/(G−1) · Σ(S_g − value·N_g)²) / ΣN_g (Cochran 1977, ch. 9A). Equal to `cluster_mean` for groups of one size.
    One group: limits ∓∞. No values: TargetError.
    """
    x, count, index = grouped(values, groups)
    sizes = np.bincount(index, minlength=count)
    value, _ = float(x.mean()), _checked(level)
    if count == 1:
        return Interval(value, -math.inf, math.inf, 1)
    residual = group_sum(x, count, index) - value * sizes
    error = math.sqrt(count / (count - 1) * float(residual @ residual)) / x.size
    return _around(value, error, count, level)


def paired_difference(
    before: ArrayLike,
    before_groups: ArrayLike,
    after: ArrayLike,
    after_groups: ArrayLike,
    level: float = 0.95,
) -> Interval:
    """The mean over groups of (mean after − mean before), with a t interval on those differences.

    Only groups present on both sides count; the numbers of values need not match. One common group: limits ∓∞.
    None in common: TargetError.
    """
    names_before, mean_before, _ = _means(before, before_groups)
    names_after, mean_after, _ = _means(after, after_groups)
    common, left, right = np.intersect1d(names_before, names_after, assume_unique=True, return_indices=True)
    if common.size == 0:
        raise TargetError(
            "no prompt is in both sets, so there is no paired difference; evaluate both on the same prompts"
        )
    return _t_interval(mean_after[right] - mean_before[left], common.size, level)


def clopper_pearson(successes: int, draws: int, level: float = 0.95) -> Interval:
    """The exact interval of a proportion from independent draws: quantiles of Beta(k, n−k+1) and Beta(k+1, n−k).

    Clopper & Pearson 1934. At 0 of n and n of n the whole error is given to the one open side, so 0 of n reads
    "at most 3/n" (one-sided there). It takes draws for independent: for draws clustered by prompt it is too narrow.
    """
    if not 0 <= successes <= draws or draws == 0:
        raise TargetError(f"{successes} of {draws} is no proportion; give 0 ≤ successes ≤ draws with draws ≥ 1")
    miss = 1.0 - _checked(level)
    tail = miss if successes in (0, draws) else miss / 2
    low = float(betaincinv(successes, draws - successes + 1, tail)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, draws - successes, 1 - tail)) if successes < draws else 1.0
    return Interval(successes / draws, low, high, draws)


def grouped(values: ArrayLike, groups: ArrayLike) -> tuple[Floats, int, Ints]:
    """The values as float64, how many groups there are, and each value's group from 0; TargetError for none or NaN."""
    x = np.asarray(values, dtype=np.float64)
    if x.size == 0:
        raise TargetError("an interval needs at least one value; there are none")
    raise_where(~np.isfinite(x), x, "value", "must be finite")
    return x, *dense_groups(groups, x)


def _means(values: ArrayLike, groups: ArrayLike) -> tuple[NDArray[np.generic], Floats, int]:
    x, count, index = grouped(values, groups)
    return np.unique(np.asarray(groups)), group_mean(x, count, index), count


def _t_interval(means: Floats, count: int, level: float) -> Interval:
    value, _ = float(means.mean()), _checked(level)
    if count == 1:
        return Interval(value, -math.inf, math.inf, 1)
    return _around(value, float(means.std(ddof=1)) / math.sqrt(count), count, level)


def _around(value: float, error: float, count: int, level: float) -> Interval:
    half = _t(count - 1, level) * error
    return Interval(value, value - half, value + half, count)


def _t(freedom: int, level: float) -> float:
    return float(stdtrit(freedom, 0.5 + 0.5 * _checked(level)))


def _checked(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise TargetError(f"the confidence level is {level}; it must lie between 0 and 1, such as 0.95")
    return level
