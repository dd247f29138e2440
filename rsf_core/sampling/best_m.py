"""The M that agrees best with people's decisions."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.arrays import Ints, splitmix64
from rsf_core.domain.errors import TargetError
from rsf_core.sampling.arrays import dense_groups, raise_where, relative


class Agreement(NamedTuple):
    """log M, and how many of `overrides` overrides agree with the automatic decision at that M."""

    log_m: float
    agreeing: int
    overrides: int

    @property
    def share(self) -> float:
        return self.agreeing / self.overrides


def best_agreement(m: ArrayLike, override: ArrayLike, scale: ArrayLike = 0.0) -> Agreement:
    """The log M at which most overrides (0 none, +1 accept, −1 reject) agree with the automatic decision m − a > log M.

    One sort and two running sums: a cut between neighbours agrees with the accepts above it and the rejects below it. Among
    equally good cuts the widest gap wins, and M lies in its middle. Raises TargetError if nobody overrode a candidate that
    can be accepted, or an override is not one of the three.
    """
    values, overrides = relative(m, scale, "m"), np.asarray(override)
    if overrides.shape != values.shape:
        raise TargetError(f"m has shape {values.shape} but override has {overrides.shape}; give one for each candidate")
    raise_where((overrides != 0) & (overrides != 1) & (overrides != -1), overrides, "override", "must be 0, +1 or −1")
    overridden = overrides != 0
    order = np.argsort(values[overridden], kind="stable")
    x, accept = values[overridden][order], overrides[overridden][order] == 1
    first = int(np.searchsorted(x, -math.inf, side="right"))
    if first == x.size:
        raise TargetError("no override speaks of a candidate that passes the constraints; review some first")
    rejects_below = np.concatenate(([0], np.cumsum(~accept)))
    accepts_above = np.concatenate((np.cumsum(accept[::-1])[::-1], [0]))
    edges = np.concatenate(([x[first] - 2.0], x[first:], [x[-1] + 2.0]))  # one nat beyond the ends
    gaps = np.diff(edges)
    agreeing = np.where(gaps > 0.0, (rejects_below + accepts_above)[first:], -1)  # equal values cannot be parted
    cut = int(np.lexsort((-gaps, -agreeing))[0])
    middle = float(edges[cut] + 0.5 * gaps[cut])
    return Agreement(middle if middle < edges[cut + 1] else float(edges[cut]), int(agreeing[cut]), x.size)


FOLDS = 5


def held_out_agreement(
    m: ArrayLike, override: ArrayLike, group: ArrayLike, scale: ArrayLike = 0.0, seed: int = 0
) -> tuple[int, int]:
    """How many overrides agree with `best_agreement` on prompts that were not used to choose log M, and out of how many.

    The prompts are dealt into five parts by a hash of (seed, prompt); M is chosen on four and judged on the fifth, in turn.
    Overrides of a part are left out if the other parts have none from which to choose. −∞ is never accepted.
    """
    overridden = np.asarray(override) != 0  # the parts are those of all prompts, not only the overridden
    values, part = relative(m, scale, "m")[overridden], folds(group, seed)[overridden]
    votes = np.asarray(override)[overridden]
    agreeing = overrides = 0
    for fold in range(FOLDS):
        mine = part == fold
        try:
            log_m = best_agreement(values[~mine], votes[~mine]).log_m
        except TargetError:
            continue
        agreeing += int(((values[mine] > log_m) == (votes[mine] > 0)).sum())
        overrides += int(mine.sum())
    return agreeing, overrides


def folds(group: ArrayLike, seed: int = 0) -> Ints:
    """The part, 0 to 4, of each row's group. Groups stay whole, are dealt in the order of a hash, and the parts differ by at
    most one group."""
    prompts = np.asarray(group, dtype=np.int64)
    count, index = dense_groups(prompts, prompts)
    names = np.empty(count, np.int64)
    names[index] = prompts
    key = splitmix64(names.view(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15 + 2) % 2**64))
    part = np.empty(names.size, np.int64)
    part[np.argsort(key, kind="stable")] = np.arange(names.size) % FOLDS
    return part[index]
