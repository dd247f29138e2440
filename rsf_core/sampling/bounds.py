"""Candidates for M: the smallest value that bounds P/q, or the smallest whose distance to the target is tolerable.

A bound estimated from draws looks perfect on those draws. `HeldOut` chooses M on some prompts and diagnoses it on the
others. Show its diagnosis, or state that the numbers are in-sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.arrays import Bools, splitmix64
from rsf_core.domain.errors import TargetError
from rsf_core.sampling.arrays import dense_groups, even_weights, relative
from rsf_core.sampling.curve import RatioCurve
from rsf_core.sampling.diagnosis import Diagnoser, Diagnosis
from rsf_core.sampling.distances import finite_somewhere


def analytic_bound(
    weights: Sequence[float], score_bounds: Sequence[tuple[float, float]], beta: float, scale: ArrayLike = 0.0
) -> float:
    """log M = sup r/β − min a, nats, with sup r = Σ max(weight·low, weight·high): it holds for every draw, seen or not.

    It is valid only if the reference is the proposal, so that ℓ = r/β. Without a reward it is 0, that is M = 1. Under the
    prompt scope the smallest finite scale is subtracted, because one log M has to serve every prompt.
    Raises TargetError if a scorer has no bound on the side that matters: then no M certainly bounds P/q.
    """
    if not (beta > 0.0 and math.isfinite(beta)):
        raise TargetError(f"β is {beta}; the temperature of the reward must be positive and finite")
    if len(weights) != len(score_bounds):
        raise TargetError(f"{len(weights)} weights for {len(score_bounds)} scorers; give each its weight")
    highest = sum(max(w * low, w * high) for w, (low, high) in zip(weights, score_bounds, strict=True) if w != 0.0)
    if not math.isfinite(highest):
        raise TargetError("a scorer has no finite bound, so no analytic M exists; choose M from draws instead")
    a = np.asarray(scale, dtype=np.float64)
    lowest = float(np.min(a, initial=math.inf, where=np.isfinite(a)))
    return highest / beta - (lowest if lowest < math.inf else 0.0)


def max_bound(log_ratio: ArrayLike, scale: ArrayLike = 0.0) -> float:
    """log M = max (ℓ − a), nats: a bound for the drawn ratios. On these draws TVD is 0 by construction; on new ones it is
    not."""
    return float(finite_somewhere(relative(log_ratio, scale)).max())


def quantile_bound(log_ratio: ArrayLike, violating: float = 0.01, scale: ArrayLike = 0.0) -> float:
    """log M, nats: the smallest ℓ − a that at most the share `violating` of all draws exceeds, by rank.

    It is never below the smallest finite ℓ − a. Raises TargetError unless 0 ≤ violating < 1.
    """
    if not 0.0 <= violating < 1.0:
        raise TargetError(f"the share of violating draws is {violating}; it must lie in [0, 1)")
    w = np.sort(finite_somewhere(relative(log_ratio, scale)))
    first = int(np.searchsorted(w, -math.inf, side="right"))
    return float(w[max(w.size - 1 - math.floor(violating * w.size * (1.0 + 1e-12)), first)])


def tvd_bound(log_ratio: ArrayLike, epsilon: float = 0.01, scale: ArrayLike = 0.0, weight: ArrayLike = 1.0) -> float:
    """The smallest log M, nats, at which TVD(p, p_M) ≤ ε on these draws; the largest ℓ − a for ε = 0.

    `weight` weights the draws if prompts have unequal numbers of them (`even_weights`). Raises TargetError unless
    0 ≤ ε ≤ 1.
    """
    if not 0.0 <= epsilon <= 1.0:
        raise TargetError(f"the tolerated distance is {epsilon}; a total variation lies in [0, 1]")
    return RatioCurve(log_ratio, scale, weight).log_m_for_tvd(epsilon)


def hold_out(group: ArrayLike, share: float = 0.5, seed: int = 0) -> Bools:
    """Which rows to hold out, shape (n,): about `share` of the groups, whole, by a hash of (seed, group).

    The hash is splitmix64 of seed·φ + group modulo 2⁶⁴, so a group's side depends neither on other groups nor on their order.
    """
    if not 0.0 < share < 1.0:
        raise TargetError(f"the held-out share is {share}; it must lie between 0 and 1")
    x = np.asarray(group).astype(np.int64).view(np.uint64) + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    held: Bools = (splitmix64(x) >> np.uint64(11)).astype(np.float64) < share * 2.0**53
    return held


@dataclass(frozen=True, slots=True)
class HeldOutBound:
    """An M with a diagnosis on prompts that were not used to choose it."""

    log_m: float
    diagnosis: Diagnosis


class HeldOut:
    """The prompts in two parts: log M is chosen on one, and diagnosed on the `share` held out.

    A prompt's own scale still comes from that prompt's draws. Raises TargetError if one side has no prompts, or the held-out
    side has no finite draw.
    """

    def __init__(
        self, log_ratio: ArrayLike, group: ArrayLike, *, scale: ArrayLike = 0.0, share: float = 0.5, seed: int = 0
    ) -> None:
        w, prompt = relative(log_ratio, scale), np.asarray(group)
        out = hold_out(prompt, share, seed)
        if out.all() or not out.any():
            raise TargetError(
                f"{np.unique(prompt).size} prompts are too few to hold some out; diagnose in-sample and say so"
            )
        self._rest, self._rest_prompts = w[~out], prompt[~out]
        ell, a = np.asarray(log_ratio, dtype=np.float64), np.broadcast_to(np.asarray(scale, dtype=np.float64), w.shape)
        self._diagnoser = Diagnoser(ell[out], scale=a[out], group=prompt[out])

    def bound(self, choose: Callable[..., float], weighted: bool = False) -> HeldOutBound:
        """The M that `choose`, e.g. `max_bound`, gives for ℓ − a of the first part, with its diagnosis on the held-out part.
        If `weighted`, `choose` also takes `weight`, by which each prompt counts the same, as in the diagnosis. Raises
        TargetError if the first part has no finite draw."""
        weights = {"weight": even_weights(*dense_groups(self._rest_prompts, self._rest))} if weighted else {}
        log_m = choose(self._rest, **weights)
        return HeldOutBound(log_m, self._diagnoser.at(log_m))
