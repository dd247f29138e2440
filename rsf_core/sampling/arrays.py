"""Shared by every formula here: float64 arrays that are checked once, −∞ without NaN, and sums by prompt."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsf_core.domain.arrays import Bools, Floats, Ints
from rsf_core.domain.errors import TargetError


def relative(values: ArrayLike, scale: ArrayLike = 0.0, name: str = "log_ratio") -> Floats:
    """values − scale, shape (n,), with −∞ wherever either is −∞ (so −∞ − (−∞) is −∞, not NaN).

    Raises TargetError naming the index where either is NaN or +∞.
    """
    ell, a = checked_log_ratio(values, name), checked_log_ratio(scale, "scale")
    if a.shape not in ((), ell.shape):
        raise TargetError(f"{name} has shape {ell.shape} but scale has {a.shape}; give one number, or one a candidate")
    below = np.where(a > -math.inf, a, math.inf)
    difference: Floats = ell - below
    return difference


def excess(log_ratio: ArrayLike, log_m: float, scale: ArrayLike = 0.0) -> Floats:
    """log(P/(M q)) = ℓ − a − log M, shape (n,), nats; above 0 the bound is violated, −∞ if ℓ or a is −∞."""
    return relative(log_ratio, scale) - checked_log_m(log_m)


def checked_log_ratio(log_ratio: ArrayLike, name: str = "log_ratio") -> Floats:
    """The values as float64; TargetError names the first index that is NaN or +∞."""
    values = np.asarray(log_ratio, dtype=np.float64)
    if values.size and not values.max() < math.inf:  # NaN is not < ∞ either
        raise_where(~(values < math.inf), values, name, "must be finite, or −inf where a constraint failed")
    return values


def checked_log_m(log_m: float) -> float:
    """log M as a float; TargetError unless it is finite."""
    if not math.isfinite(log_m):
        raise TargetError(f"log M is {log_m}; it must be a finite number of nats")
    return float(log_m)


def log_sum_exp(values: Floats) -> float:
    """log Σ exp(values), nats, shifted by the largest value; −∞ for no values or only −∞."""
    peak = float(values.max(initial=-math.inf))
    return peak if peak == -math.inf else peak + math.log(float(np.exp(values - peak).sum()))


def dense_groups(group: ArrayLike, like: NDArray[np.generic]) -> tuple[int, Ints]:
    """The number of different groups, and each row's group numbered from 0 in ascending order, shape (n,).

    `group` names groups by any integers, one for each row of `like`. Raises TargetError otherwise.
    """
    names = np.asarray(group)
    if names.shape != like.shape:
        raise TargetError(f"group has shape {names.shape} but the values have {like.shape}; name one group for each")
    if names.size == 0:
        return 0, np.zeros(0, np.int64)
    if not np.issubdtype(names.dtype, np.integer):
        raise TargetError(f"groups are {names.dtype}; name each prompt by an integer")
    low, high = int(names.min()), int(names.max())
    if high - low >= 4 * names.size or high > np.iinfo(np.int64).max:
        distinct, index = np.unique(names, return_inverse=True)
        return distinct.size, index.astype(np.int64)
    offset = names.astype(np.int64) - low  # a narrow range needs no sort
    present = np.zeros(high - low + 1, np.int64)
    present[offset] = 1
    return int(present.sum()), (np.cumsum(present) - 1)[offset]


def group_max(values: Floats, groups: int, index: Ints) -> Floats:
    """The largest value of each group, shape (groups,)."""
    peak = np.full(groups, -math.inf)
    np.maximum.at(peak, index, values)
    return peak


def group_log_mean(values: Floats, groups: int, index: Ints) -> Floats:
    """log of the mean of exp(values) in each group, shape (groups,), nats; −∞ if all are −∞.

    The result does not depend on the order of the values, to the last bit: they are summed as integers, multiples of 2⁻ᵇ of
    the group's largest, with b such that every sum is exact (b = 48 for groups of 8; relative error at most N·2⁻ᵇ).
    """
    peak, sizes = group_max(values, groups, index), np.bincount(index, minlength=groups)
    shift = np.where(np.isfinite(peak), peak, 0.0)
    one = 2.0 ** (52 - int(sizes.max(initial=0)).bit_length())
    total = group_sum(np.rint(one * np.exp(values - shift[index])), groups, index) / one
    with np.errstate(divide="ignore"):
        mean: Floats = shift + (np.log(total) - np.log(sizes))
    return mean


def group_log_mean_of_others(values: Floats, groups: int, index: Ints) -> Floats:
    """For each value the log of the mean of exp over the other values of its group, shape (n,), nats; −∞ if there are no
    others or all others are −∞. As in `group_log_mean`, the result does not depend on the order to the last bit."""
    sizes = np.bincount(index, minlength=groups)
    one = 2.0 ** (52 - int(sizes.max(initial=0)).bit_length())

    def parts(of: Floats) -> tuple[Floats, Floats]:
        peak = group_max(of, groups, index)
        shift = np.where(np.isfinite(peak), peak, 0.0)
        return shift[index], np.rint(one * np.exp(of - shift[index]))

    shift, part = parts(values)
    rest = group_sum(part, groups, index)[index] - part
    # without a group's single largest value, the others may be far smaller and need a unit of their own
    largest = values == group_max(values, groups, index)[index]
    alone = largest & (np.bincount(index, largest, minlength=groups)[index] == 1)
    below_shift, below = parts(np.where(alone, -math.inf, values))
    shift = np.where(alone, below_shift, shift)
    rest = np.where(alone, group_sum(below, groups, index)[index], rest)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean: Floats = shift + (np.log(rest / one) - np.log(sizes[index] - 1.0))
    return np.where(rest > 0.0, mean, -math.inf)


def group_sum(values: Floats, groups: int, index: Ints) -> Floats:
    """The sum of each group, shape (groups,)."""
    return np.bincount(index, values, minlength=groups).astype(np.float64, copy=False)


def group_mean(values: Floats, groups: int, index: Ints) -> Floats:
    """The mean of each group, shape (groups,)."""
    return group_sum(values, groups, index) / np.bincount(index, minlength=groups)


def even_weights(groups: int, index: Ints) -> Floats:
    """N/(G·N_g) for each value, shape (n,): weights of sum N by which every group counts the same, exactly 1 if all groups
    have one size. The mean of prompt rates is the mean with these weights."""
    sizes = np.bincount(index, minlength=groups)
    return np.asarray(index.size / (groups * sizes[index]), dtype=np.float64)


def raise_where(wrong: Bools, values: NDArray[np.generic], name: str, rule: str) -> None:
    """Raise TargetError naming the first place at which `wrong` is true, and the value there."""
    if wrong.any():
        at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        where = f"[{', '.join(map(str, at))}]" if at else ""
        raise TargetError(f"{name}{where} is {values[at]}; it {rule}")
