"""Four rules on the same candidates, for comparison; each returns which candidates it keeps, shape (n,).

No rule depends on the order of the candidates. A reward of −∞ means that a constraint failed: no rule keeps it, except
`random` if the caller does not exclude it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.arrays import Bools, splitmix64
from rsf_core.domain.errors import TargetError
from rsf_core.sampling.acceptance import accepted as rejection
from rsf_core.sampling.arrays import checked_log_ratio, dense_groups

__all__ = ["best_of_n", "overlap", "random", "random_of_size", "rejection", "threshold"]


def best_of_n(reward: ArrayLike, group: ArrayLike, u: ArrayLike, keep: int = 1) -> Bools:
    """The `keep` candidates with the largest reward of each prompt (RAFT, Dong et al. 2023; Llama 2, Touvron et al. 2023).

    Ties go to the smaller u, which is fixed for each candidate. A prompt with fewer finite rewards keeps all of them.
    """
    r, ties = checked_log_ratio(reward, "reward"), np.asarray(u, dtype=np.float64)
    if ties.shape != r.shape:
        raise TargetError(f"reward has shape {r.shape} but u has {ties.shape}; give one u for each candidate")
    if keep < 1:
        raise TargetError(f"best-of-n is to keep {keep} a prompt; it must keep at least 1")
    count, index = dense_groups(group, r)
    order = np.lexsort((ties, -r, index))
    starts = np.concatenate(([0], np.cumsum(np.bincount(index, minlength=count))))
    rank = np.empty(r.size, np.int64)
    rank[order] = np.arange(r.size) - starts[index[order]]
    kept: Bools = (rank < keep) & (r > -math.inf)
    return kept


def threshold(reward: ArrayLike, at_least: float) -> Bools:
    """The candidates whose reward is at least a fixed value (ReST, Gulcehre et al. 2023)."""
    r = checked_log_ratio(reward, "reward")
    if math.isnan(at_least):
        raise TargetError("the threshold is NaN; give the smallest reward to keep")
    kept: Bools = (r >= at_least) & (r > -math.inf)
    return kept


def random(u: ArrayLike, count: int, eligible: ArrayLike | None = None) -> Bools:
    """`count` candidates at random, the control that best-of-n sometimes fails to beat; all if there are fewer.

    It keeps those with the smallest hashes (splitmix64) of the bits of u. The selection never changes, and it is independent
    of the decision of `rejection`, which favours a small u. Only `eligible` (n,) candidates are kept.
    """
    uniforms = np.asarray(u, dtype=np.float64)
    allowed = np.ones(uniforms.shape, np.bool_) if eligible is None else np.asarray(eligible, dtype=np.bool_)
    if allowed.shape != uniforms.shape:
        raise TargetError(f"u has shape {uniforms.shape} but eligible has {allowed.shape}; give one for each candidate")
    if count < 0:
        raise TargetError(f"random is to keep {count} candidates; it must be at least 0")
    kept = np.zeros(uniforms.shape, np.bool_)
    among = np.flatnonzero(allowed)
    kept[among[np.argsort(splitmix64(uniforms[among].view(np.uint64)), kind="stable")[:count]]] = True
    return kept


def random_of_size(u: ArrayLike, count: int, size: ArrayLike, total: float) -> Bools:
    """`count` random candidates whose sizes (tokens, shape (n,), ≥ 1) add up to `total` as nearly as possible.

    The `count` largest of g + λ·size, g a Gumbel number from the bits of u: weighted sampling without replacement with
    weights e^(λ·size) (Efraimidis & Spirakis 2006). λ comes from bisection, because the total grows with it. If plain random
    candidates already have about `total`, λ is about 0 and the law is that of `random`. Every candidate can be chosen.
    """
    uniforms, sizes = np.asarray(u, dtype=np.float64), np.asarray(size, dtype=np.float64)
    if sizes.shape != uniforms.shape:
        raise TargetError(f"u has shape {uniforms.shape} but size has {sizes.shape}; give one for each candidate")
    if count < 0:
        raise TargetError(f"random is to keep {count} candidates; it must be at least 0")
    kept = np.ones(uniforms.shape, np.bool_)
    if count >= uniforms.size:
        return kept
    hashed = (splitmix64(uniforms.view(np.uint64)) >> np.uint64(12)).astype(np.float64)
    gumbel = -np.log(-np.log((hashed + 0.5) / 2.0**52))

    def chosen(tilt: float) -> Bools:
        kept = np.zeros(uniforms.shape, np.bool_)
        kept[np.argsort(-(gumbel + tilt * sizes), kind="stable")[:count]] = True
        return kept

    low, high = -64.0 / float(np.ptp(sizes) or 1.0), 64.0 / float(np.ptp(sizes) or 1.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if sizes[chosen(middle)].sum() < total else (low, middle)
    return min((chosen(low), chosen(high)), key=lambda kept: abs(sizes[kept].sum() - total))


def overlap(kept: ArrayLike, other: ArrayLike) -> float:
    """The Jaccard index of two rules: kept by both / kept by either; 1 if neither keeps anything."""
    a, b = np.asarray(kept, dtype=np.bool_), np.asarray(other, dtype=np.bool_)
    either = int(np.count_nonzero(a | b))
    return int(np.count_nonzero(a & b)) / either if either else 1.0
