"""How good a choice of M is: docs/MATH.md, "How far the accepted are from the target", one function per formula.

All take `Draws`, N draws x_i ~ q at one M: w = ℓ − a, c = min(w, log M), p = softmax(w) the target on the draws and
p_M = softmax(c) the accepted law on them. Over prompts they describe the joint law of prompt and completion, in which each
prompt counts the same: if prompts have unequal numbers of draws, the draws are weighted (`even_weights`), p ∝ ω·e^w.
If log M was chosen on these same draws, they are optimistic: with M = max w, TVD is 0 by construction (see bounds.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.arrays import Floats
from rsf_core.domain.errors import TargetError
from rsf_core.sampling.arrays import checked_log_m, log_sum_exp, relative


@dataclass(frozen=True, slots=True)
class Draws:
    """N draws from q at one M; arrays have shape (N,), logarithms are in nats; `weight` adds up to N."""

    log_m: float
    w: Floats
    c: Floats
    weight: Floats
    log_z: float
    log_z_m: float
    p: Floats
    p_m: Floats


class Ratios:
    """The parts of N draws that do not depend on M: w = ℓ − a, log Ẑ = lse(w) − log N, p = softmax(w); `at` adds one M.

    With a `weight` ω > 0 per draw, of sum N, log ω is added inside each of these sums. Raises TargetError if no draw is
    finite (there is then no target on the draws), or one is NaN or +∞.
    """

    def __init__(self, log_ratio: ArrayLike, scale: ArrayLike = 0.0, weight: ArrayLike = 1.0) -> None:
        self.w = finite_somewhere(relative(log_ratio, scale))
        self.weight = np.broadcast_to(np.asarray(weight, dtype=np.float64), self.w.shape)
        self._log_weight = np.log(self.weight)
        total = log_sum_exp(self.w + self._log_weight)
        self.log_z = total - math.log(self.w.size)
        self.p: Floats = np.exp(self.w + self._log_weight - total)

    def at(self, log_m: float) -> Draws:
        """c = min(w, log M), log Ẑ_M = lse(c) − log N, p_M = softmax(c)."""
        c = np.minimum(self.w, checked_log_m(log_m))
        logs = c + self._log_weight
        total = log_sum_exp(logs)
        return Draws(
            float(log_m),
            self.w,
            c,
            self.weight,
            self.log_z,
            total - math.log(c.size),
            self.p,
            np.exp(logs - total),
        )


def draws(log_ratio: ArrayLike, log_m: float, scale: ArrayLike = 0.0, weight: ArrayLike = 1.0) -> Draws:
    """`Ratios` at one M."""
    return Ratios(log_ratio, scale, weight).at(log_m)


def acceptance_rate(d: Draws) -> float:
    """AR = exp(log Ẑ_M − log M), the (weighted) mean of min(1, P/(M q)): Rao-Blackwellised, it does not depend on u."""
    return math.exp(min(0.0, d.log_z_m - d.log_m))


def tvd(d: Draws) -> float:
    """TVD(p, p_M) = ½ Σ |p − p_M|, in [0, 1]: the largest error in the probability of any event. Falls with M."""
    return 0.5 * float(np.abs(d.p - d.p_m).sum())


def kl_target(d: Draws) -> float:
    """KL(p‖p_M) = log Ẑ_M − log Ẑ + Σ p·max(0, w − log M), nats, ≥ 0: what the accepted law misses. Falls with M."""
    return max(0.0, d.log_z_m - d.log_z + float(d.p @ np.maximum(0.0, d.w - d.log_m)))


def kl_proposal(d: Draws) -> float:
    """KL(p_M‖q) = Σ p_M·c − log Ẑ_M, nats, in [0, −log AR]: how far acceptance moves the model. Grows with M."""
    return max(0.0, float(d.p_m @ np.where(d.p_m > 0.0, d.c, 0.0)) - d.log_z_m)


def ess(d: Draws) -> float:
    """ESS = exp(2·lse(w) − lse(2w)) = 1/Σp², in draws: how many of the N draws carry the target (Kong 1992)."""
    return 1.0 / float(d.p @ d.p)


def ess_truncated(d: Draws) -> float:
    """The ESS of the accepted law, exp(2·lse(c) − lse(2c)) = 1/Σp_M², in draws."""
    return 1.0 / float(d.p_m @ d.p_m)


def violated_mass(d: Draws) -> float:
    """Σ p·[w > log M], in [0, 1]: the share of the target on which M does not bound P/q; ≥ 1 − Ẑ_M/Ẑ ≥ TVD."""
    return float(d.p[d.w > d.log_m].sum())


def violations(d: Draws) -> int:
    """How many of the N draws have w > log M."""
    return int(np.count_nonzero(d.w > d.log_m))


def finite_somewhere(w: Floats) -> Floats:
    """w itself. Raises TargetError if it has no finite value."""
    if w.size == 0:
        raise TargetError("there are no candidates to diagnose; generate and score some first")
    if w.max() == -math.inf:
        raise TargetError(f"all {w.size} candidates fail a constraint (log ratio −inf); relax it or generate more")
    return w
