"""The M that agrees best with what people said."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.errors import TargetError
from rsf_core.sampling.arrays import raise_where, relative


class Agreement(NamedTuple):
    """log M with the number of overrides, of `overrides`, that the automatic decision at it repeats."""

    log_m: float
    agreeing: int
    overrides: int

    @property
    def share(self) -> float:
        return self.agreeing / self.overrides


def best_agreement(m: ArrayLike, override: ArrayLike, scale: ArrayLike = 0.0) -> Agreement:
    """The log M at which most overrides (0 none, +1 accept, −1 reject) equal the automatic decision m − a > log M.

    One sort and two running sums: at a cut between neighbours it repeats the accepts above and the rejects below. Among
    equally good cuts the widest gap wins, and M lies in its middle. Raises TargetError where nobody overrode a
    candidate that can be accepted, or an override is none of the three.
    """
    values, said = relative(m, scale, "m"), np.asarray(override)
    if said.shape != values.shape:
        raise TargetError(f"m has shape {values.shape} but override has {said.shape}; give one for each candidate")
    raise_where((said != 0) & (said != 1) & (said != -1), said, "override", "must be 0, +1 or −1")
    spoken = said != 0
    order = np.argsort(values[spoken], kind="stable")
    x, accept = values[spoken][order], said[spoken][order] == 1
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
