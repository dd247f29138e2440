"""Intervals over prompts: draws of one prompt resemble each other, so prompts, not draws, are the sample.

Pooling the draws as if they were independent covers 61 % instead of the claimed 95 % (docs/MATH.md, "Intervals"). Ratios of
sums are in bootstrap.py, the limits of bounded values in bounded.py. An interval never has width 0: without any spread it is
unknown, or has the limits of its range. `bounds` is the range that a value can take, such as (0, 1) for a share; without it,
values that are all 0 or 1 are treated as outcomes in (0, 1), and other values as unbounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, stdtrit

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.domain.errors import TargetError
from rsf_core.sampling.arrays import dense_groups, group_mean, group_sum, raise_where
from rsf_core.sampling.bounded import KURTOSIS, KURTOSIS_OF_VALUES, difference_limits, mean_limits


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence limits, from `groups` independent groups (prompts; draws for a proportion).

    If the data do not show the spread (one group, or groups of unbounded values that are all equal), the limits are −∞ and
    +∞, and `known` is False.
    """

    value: float
    low: float
    high: float
    groups: int

    @property
    def known(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)

    def clipped(self, low: float, high: float) -> Interval:
        """The interval with its limits cut to the range of the quantity; an unknown interval stays unknown."""
        if not self.known:
            return self
        return Interval(self.value, min(max(self.low, low), high), max(min(self.high, high), low), self.groups)


Bounds: TypeAlias = tuple[float, float]
UNBOUNDED: Bounds = (-math.inf, math.inf)
SHARE: Bounds = (0.0, 1.0)


def cluster_mean(values: ArrayLike, groups: ArrayLike, level: float = 0.95, bounds: Bounds | None = None) -> Interval:
    """The mean over groups of the groups' means; every group counts equally.

    Unbounded values: ± t·s/√G with G − 1 degrees of freedom; bounded ones: see bounded.py. `values` and `groups` have
    shape (n,), and the limits have the unit of the values. One group: limits ∓∞. Raises TargetError for no values or a value
    out of bounds.
    """
    return mean_of_groups(*grouped(values, groups), level, bounds)


def mean_of_groups(x: Floats, count: int, index: Ints, level: float = 0.95, bounds: Bounds | None = None) -> Interval:
    """`cluster_mean` of values that are already `grouped`."""
    means = group_mean(x, count, index)
    return _interval(float(means.mean()), means - means.mean(), x, bounds, level)


def pooled_mean(
    values: ArrayLike,
    groups: ArrayLike,
    level: float = 0.95,
    bounds: Bounds | None = None,
    weights: ArrayLike | None = None,
) -> Interval:
    """The mean over all values, with an interval over groups. Each value counts once, or by its weight > 0, (n,): the number
    of independent draws that it is worth.

    It is the ratio ΣS_g / ΣN_g of group sums to group sizes (sums of weights); its standard error by linearisation is
    √(G/(G−1) · Σ(S_g − value·N_g)²) / ΣN_g (Cochran 1977, ch. 9A). It equals `cluster_mean` for groups of one size. Otherwise
    the groups are worth (ΣN_g)²/ΣN_g² groups of one size (Kish 1965), because a group with a third of the values says little
    about others. One group: limits ∓∞. Raises TargetError for no values, a value out of bounds, or a weight that is not
    above 0.
    """
    x, count, index = grouped(values, groups)
    w = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
    raise_where(~((w > 0) & np.isfinite(w)), w, "weight", "must be finite and above 0")
    total = float(w.sum())
    value = float((w * x).sum() / total) if weights is not None else float(x.mean())
    sizes = group_sum(w, count, index)
    residual = group_sum(w * x, count, index) - value * sizes
    return _interval(value, residual * (count / total), x, bounds, level, total, total**2 / float(sizes @ sizes))


def paired_difference(
    before: ArrayLike,
    before_groups: ArrayLike,
    after: ArrayLike,
    after_groups: ArrayLike,
    level: float = 0.95,
    bounds: Bounds | None = None,
) -> Interval:
    """The mean over groups of (mean after − mean before), with an interval on those differences.

    Only groups present on both sides count; the numbers of values need not match. `bounds` is the range of the values
    themselves. One common group: limits ∓∞. Raises TargetError for no common group, or a value out of bounds.
    """
    difference = paired_differences(before, before_groups, after, after_groups)[1]
    low, high = _bounds(np.concatenate((np.ravel(before), np.ravel(after))).astype(np.float64), bounds)
    return difference_interval(difference, high - low, level)


def difference_interval(difference: Floats, width: float = math.inf, level: float = 0.95) -> Interval:
    """The mean of the groups' differences, (G,), for values whose range is `width` wide; see `paired_difference`."""
    value = float(difference.mean())
    if difference.size == 1 or not math.isfinite(width):
        return _t_interval(value, difference - value, level)
    lower, upper = difference_limits(difference / width, _checked(level))
    return Interval(value, float(lower) * width, float(upper) * width, difference.size)


def paired_differences(
    before: ArrayLike, before_groups: ArrayLike, after: ArrayLike, after_groups: ArrayLike
) -> tuple[NDArray[np.generic], Floats]:
    """The groups present on both sides, ascending, and (mean after − mean before) of each. Raises TargetError if there are
    none."""
    names_before, mean_before = _means(before, before_groups)
    names_after, mean_after = _means(after, after_groups)
    common, left, right = np.intersect1d(names_before, names_after, assume_unique=True, return_indices=True)
    if common.size == 0:
        raise TargetError(
            "no prompt is in both sets, so there is no paired difference; evaluate both on the same prompts"
        )
    return common, mean_after[right] - mean_before[left]


def clopper_pearson(successes: int, draws: int, level: float = 0.95) -> Interval:
    """The exact interval of a proportion from independent draws: quantiles of Beta(k, n−k+1) and Beta(k+1, n−k).

    Clopper & Pearson 1934. Half of the error is on either side, even at 0 of n ("at most 3.7/n"): with all of it on the one
    open side there, "at most 3/n", the least coverage is 92.5 %. The draws must be independent: for draws clustered by
    prompt it is too narrow, see `share_of_items`. Raises TargetError unless 0 ≤ successes ≤ draws and draws ≥ 1.
    """
    if not 0 <= successes <= draws or draws == 0:
        raise TargetError(f"{successes} of {draws} is not a proportion; give 0 ≤ successes ≤ draws with draws ≥ 1")
    tail = 0.5 - 0.5 * _checked(level)
    low = float(betaincinv(successes, draws - successes + 1, tail)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, draws - successes, 1 - tail)) if successes < draws else 1.0
    return Interval(successes / draws, low, high, draws)


def share_of_items(outcomes: ArrayLike, groups: ArrayLike, level: float = 0.95) -> Interval:
    """The share of the outcomes, (n,) of bools, that are true: `clopper_pearson` if every item has its own prompt, else the
    hull of it and of `pooled_mean` over prompts, because items of one prompt resemble each other. One prompt with several
    items says nothing about others: limits 0 and 1. Raises TargetError if there is no outcome.
    """
    right, prompts = np.asarray(outcomes, bool), np.unique(np.asarray(groups)).size
    exact = clopper_pearson(int(right.sum()), right.size, level)
    if prompts == right.size:
        return exact
    if prompts == 1:
        return Interval(exact.value, 0.0, 1.0, 1)
    by_prompt = pooled_mean(right, groups, level, SHARE)
    return Interval(exact.value, min(exact.low, by_prompt.low), max(exact.high, by_prompt.high), prompts)


def grouped(values: ArrayLike, groups: ArrayLike) -> tuple[Floats, int, Ints]:
    """The values as float64, the number of groups, and each value's group from 0. Raises TargetError for no values, or one
    that is not finite."""
    x = np.asarray(values, dtype=np.float64)
    if x.size == 0:
        raise TargetError("an interval needs at least one value; there are none")
    raise_where(~np.isfinite(x), x, "value", "must be finite")
    return x, *dense_groups(groups, x)


def _means(values: ArrayLike, groups: ArrayLike) -> tuple[NDArray[np.generic], Floats]:
    x, count, index = grouped(values, groups)
    return np.unique(np.asarray(groups)), group_mean(x, count, index)


def _bounds(x: Floats, bounds: Bounds | None) -> Bounds:
    """The range of the values x. Raises TargetError naming a value outside it."""
    outcomes = bool(((x == 0.0) | (x == 1.0)).all())
    low, high = bounds or (SHARE if outcomes else UNBOUNDED)
    if not low < high:
        raise TargetError(f"the bounds are {low} and {high}; the lower must be less than the upper")
    slack = 1e-9 * (high - low) if math.isfinite(high - low) else 0.0  # a mean of a thousand thirds
    raise_where((x < low - slack) | (x > high + slack), x, "value", f"must lie between {low:g} and {high:g}")
    return low, high


def _interval(
    value: float,
    deviations: Floats,
    x: Floats,
    bounds: Bounds | None,
    level: float,
    worth: float | None = None,
    of_one_size: float | None = None,
) -> Interval:
    """The interval from the deviations of the groups, (G,), which sum to 0, and the values x behind them. `worth` is the
    number of independent draws that x is worth, and `of_one_size` the number of equal-sized groups; by default, all of
    them."""
    low, high = _bounds(x, bounds)
    width, count = high - low, deviations.size
    if count == 1 or not math.isfinite(width):
        return _t_interval(value, deviations, level)
    outcomes = bool(((x == low) | (x == high)).all())
    draws = (worth or float(x.size)) if outcomes else math.inf
    mean = np.asarray(min(max((value - low) / width, 0.0), 1.0))
    kurtosis = KURTOSIS if outcomes else KURTOSIS_OF_VALUES
    lower, upper = mean_limits(deviations / width, mean, _checked(level), draws, kurtosis=kurtosis, prompts=of_one_size)
    return Interval(value, low + width * float(lower), low + width * float(upper), count)


def _t_interval(value: float, deviations: Floats, level: float) -> Interval:
    """value ± t·√(Σ deviations²/(G(G − 1))); limits ∓∞ for one group, or groups that are equal up to rounding."""
    count, quantile = deviations.size, 0.5 + 0.5 * _checked(level)
    if np.abs(deviations).max() <= 1e-12 * max(1.0, abs(value)):
        return Interval(value, -math.inf, math.inf, count)
    error = math.sqrt(float(deviations @ deviations) / (count * (count - 1)))
    half = float(stdtrit(count - 1, quantile)) * error
    return Interval(value, value - half, value + half, count)


def _checked(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise TargetError(f"the confidence level is {level}; it must lie between 0 and 1, such as 0.95")
    return level
