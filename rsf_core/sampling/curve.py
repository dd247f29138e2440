"""Every diagnostic at every M: candidates are sorted once, then each M is a binary search (O(log n))."""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.sampling.arrays import raise_where, relative
from rsf_core.sampling.distances import finite_somewhere


class Curve(NamedTuple):
    """The diagnostics over a grid of log M, each of the grid's shape; see distances.py for the formulas."""

    log_m: Floats
    acceptance_rate: Floats
    tvd: Floats
    kl_target: Floats
    kl_proposal: Floats
    violated_mass: Floats
    violation_rate: Floats


class RatioCurve:
    """The formulas of distances.py by rank: sums over w ≤ log M and w > log M are prefix and suffix sums of sorted w.

    With v = w − max w in ascending order, all sums are kept as logarithms: Σω·e^v and Σω·e^v·(−v), from below and above.
    `weight` ω > 0, of sum N, is 1 unless prompts have unequal numbers of draws (`even_weights`).
    Raises TargetError if no draw is finite, or one is NaN or +∞.
    """

    def __init__(self, log_ratio: ArrayLike, scale: ArrayLike = 0.0, weight: ArrayLike = 1.0) -> None:
        w = finite_somewhere(relative(log_ratio, scale))
        omega = np.broadcast_to(np.asarray(weight, dtype=np.float64), w.shape)
        alike = bool((omega == 1.0).all())
        if alike:  # sorting the values alone is faster
            w = np.sort(w)
        else:
            order = np.argsort(w, kind="stable")
            w, omega = w[order], omega[order]
        self.draws = w.size
        first = int(np.searchsorted(w, -math.inf, side="right"))
        finite, omega = w[first:], omega[first:]
        self.lowest, self.highest = float(finite[0]), float(finite[-1])
        self._v = finite - self.highest
        self._log_omega: Floats | float = 0.0 if alike else np.log(omega)
        v = self._v + self._log_omega
        self._over: Floats = np.concatenate((np.cumsum(omega[::-1])[::-1], [0.0]))  # Σω of the k-th and all above it
        self._below, self._above = _running(v), _running(v[::-1])[::-1]
        self._log_w = float(self._below[-1])

    @cached_property
    def _sums_v(self) -> tuple[Floats, Floats]:
        """Σω·e^v·(−v) from below and above, which the KL divergences alone need."""
        with np.errstate(divide="ignore"):
            weighted = self._v + self._log_omega + np.log(-self._v)
        return _running(weighted), _running(weighted[::-1])[::-1]

    @property
    def log_z(self) -> float:
        """log Ẑ = lse(w) − log N, nats."""
        return self.highest + self._log_w - math.log(self.draws)

    def violation_rate(self, log_m: ArrayLike) -> Floats:
        """The (weighted) share of draws with w > log M."""
        above: Floats = self._at(log_m)[2] / self.draws
        return above

    def violated_mass(self, log_m: ArrayLike) -> Floats:
        """Σ p·[w > log M]."""
        _, k, _ = self._at(log_m)
        return np.exp(np.minimum(0.0, self._above[k] - self._log_w))

    def acceptance_rate(self, log_m: ArrayLike) -> Floats:
        """AR = exp(log Ẑ_M − log M)."""
        t, k, above = self._at(log_m)
        return np.exp(np.minimum(0.0, self._log_c(t, k, above) - math.log(self.draws) - t))

    def tvd(self, log_m: ArrayLike) -> Floats:
        """TVD = Σ_A p − Σ_A p_M with A = {p > p_M}, a suffix too: w > log M + log Ẑ − log Ẑ_M."""
        t, k, above = self._at(log_m)
        log_c = self._log_c(t, k, above)
        j = self._v.searchsorted(t + np.maximum(0.0, self._log_w - log_c), side="right")
        return np.maximum(0.0, np.exp(self._above[j] - self._log_w) - self._mass_at_m(self._over[j], t, log_c))

    def kl_target(self, log_m: ArrayLike) -> Floats:
        """KL(p‖p_M) = log Ẑ_M − log Ẑ + Σ_{w > log M} p·(w − log M)."""
        t, k, above = self._at(log_m)
        over = -np.exp(self._sums_v[1][k] - self._log_w) - t * np.exp(self._above[k] - self._log_w)
        return np.maximum(0.0, self._log_c(t, k, above) - self._log_w + np.where(above > 0, over, 0.0))

    def kl_proposal(self, log_m: ArrayLike) -> Floats:
        """KL(p_M‖q) = Σ p_M·c − log Ẑ_M."""
        t, k, above = self._at(log_m)
        log_c = self._log_c(t, k, above)
        mean_c = self._mass_at_m(above, t, log_c) * t - np.exp(self._sums_v[0][k] - log_c)
        return np.maximum(0.0, mean_c - log_c + math.log(self.draws))

    def curve(self, log_m: ArrayLike) -> Curve:
        """All diagnostics over a grid of log M."""
        return Curve(
            np.asarray(log_m, dtype=np.float64),
            self.acceptance_rate(log_m),
            self.tvd(log_m),
            self.kl_target(log_m),
            self.kl_proposal(log_m),
            self.violated_mass(log_m),
            self.violation_rate(log_m),
        )

    def log_m_for_tvd(self, epsilon: float) -> float:
        """The smallest log M with TVD ≤ ε, by bisection to float64 (TVD falls with M); the lowest w if any M does."""
        low, high = self.lowest, self.highest
        if float(self.tvd(low)) <= epsilon:
            return low
        while low < (middle := low + 0.5 * (high - low)) < high:
            low, high = (low, middle) if float(self.tvd(middle)) <= epsilon else (middle, high)
        return high

    def _at(self, log_m: ArrayLike) -> tuple[Floats, Ints, Floats]:
        """log M − max w, the number of w ≤ log M, and the weight of w > log M."""
        grid = np.asarray(log_m, dtype=np.float64)
        raise_where(~np.isfinite(grid), grid, "log M", "must be a finite number of nats")
        t = grid - self.highest
        k = np.asarray(self._v.searchsorted(t, side="right"))
        return t, k, self._over[k]

    def _log_c(self, t: Floats, k: Ints, above: Floats) -> Floats:
        """lse(c) − max w."""
        with np.errstate(divide="ignore"):
            return np.logaddexp(self._below[k], t + np.log(above))

    def _mass_at_m(self, weight: Floats, t: Floats, log_c: Floats) -> Floats:
        """Σ p_M over draws with w > log M whose total weight is `weight`. It is clipped at 1: e^(t − log c) alone can exceed
        1, because a draw may weigh less than 1."""
        with np.errstate(divide="ignore"):
            return np.exp(np.minimum(0.0, np.log(weight) + t - log_c))


def _running(values: Floats) -> Floats:
    """log Σ_{i<k} exp(values_i) for k = 0…n, shape (n + 1,)."""
    return np.concatenate(([-math.inf], np.logaddexp.accumulate(values)))
