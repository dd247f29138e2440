"""Acceptance: a decision is a pure function of two stored numbers, m = ℓ − log u and log M (docs/MATH.md, "Acceptance").

Notation: ℓ = log P − log q is `log_ratio`, one value per candidate, shape (n,), in nats; −∞ means that a constraint failed.
`scale` is 0 for the global scope, or a(c) of `prompt_scale`, shape (n,), for the prompt scope; all functions then work on
ℓ − a. A candidate without a scale has a = −∞ and is never accepted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.arrays import Bools, Floats, Ints
from rsf_core.domain.errors import TargetError
from rsf_core.sampling.arrays import (
    checked_log_m,
    checked_log_ratio,
    dense_groups,
    excess,
    group_log_mean,
    group_log_mean_of_others,
    raise_where,
    relative,
)

UNIFORM_BITS = 52  # the most for which k + ½ is exact in float64, so that u is strictly inside (0, 1)


def uniform(seed: int, candidate_ids: Sequence[str]) -> Floats:
    """u of each candidate, strictly inside (0, 1), shape (n,): a hash of (project seed, candidate id), which never changes.

    The bytes hashed are the seed in ASCII decimal, a zero byte, the candidate id in UTF-8; the hash is BLAKE2b with an
    8-byte digest, no key, no salt. Read as a big-endian integer its upper 52 bits are k, and u = (k + ½)/2⁵², so u lies
    on a grid from 2⁻⁵³ to 1 − 2⁻⁵³. Changing any of this changes every decision ever made.
    """
    start = blake2b(b"%d\x00" % seed, digest_size=8)
    digests = bytearray()
    for candidate_id in candidate_ids:
        digest = start.copy()
        digest.update(candidate_id.encode())
        digests += digest.digest()
    k = np.frombuffer(bytes(digests), dtype=">u8") >> np.uint64(64 - UNIFORM_BITS)
    return (k.astype(np.float64) + 0.5) / 2.0**UNIFORM_BITS


def critical_log_m(log_ratio: ArrayLike, u: ArrayLike) -> Floats:
    """m = ℓ − log u, shape (n,), nats: the candidate is accepted iff m > log M.

    It is log u < ℓ − log M solved for log M (von Neumann 1951). ℓ = −∞ gives m = −∞.
    Raises TargetError naming the index at which ℓ is NaN or +∞, or u is outside (0, 1].
    """
    ell, uniforms = checked_log_ratio(log_ratio), np.asarray(u, dtype=np.float64)
    if ell.shape != uniforms.shape:
        raise TargetError(f"log_ratio has shape {ell.shape} but u has {uniforms.shape}; give one u for each candidate")
    raise_where(~((uniforms > 0.0) & (uniforms <= 1.0)), uniforms, "u", "must lie in (0, 1]; take it from uniform()")
    return ell - np.log(uniforms)


def acceptance_prob(log_ratio: ArrayLike, log_m: float, scale: ArrayLike = 0.0) -> Floats:
    """p_accept = min(1, P/(M q)) = min(1, exp(ℓ − a − log M)), shape (n,); 0 if ℓ or a is −∞."""
    return np.exp(np.minimum(0.0, excess(log_ratio, log_m, scale)))


def accepted(m: ArrayLike, log_m: float, scale: ArrayLike = 0.0) -> Bools:
    """The decision m − a > log M, shape (n,): True means accepted. It is False if m or a is −∞."""
    checked_log_m(log_m)
    above: Bools = relative(m, scale, "m") > log_m
    return above


def violated(log_ratio: ArrayLike, log_m: float, scale: ArrayLike = 0.0) -> Bools:
    """The bound violations ℓ − a > log M, shape (n,): candidates for which M is too small to bound P/q."""
    above: Bools = excess(log_ratio, log_m, scale) > 0.0
    return above


def importance_weight(log_ratio: ArrayLike, log_m: float, scale: ArrayLike = 0.0) -> Floats:
    """max(1, P/(M q)), shape (n,): the weight in the loss that corrects a bound violation.

    acceptance_prob × importance_weight = P/(M q) exactly: rejection control (Liu, Chen & Wong 1998, JASA 93:1022). A curated
    set is known by the hash of its weights, so they must not depend on the machine: Python's exp, not numpy's vectors. Raises
    TargetError naming the index at which the weight exceeds float64.
    """
    log_weight = np.maximum(0.0, excess(log_ratio, log_m, scale))
    too_large = log_weight > math.log(np.finfo(np.float64).max)
    raise_where(too_large, log_weight, "the logarithm of the importance weight", "overflows; raise M")
    return np.array([math.exp(value) for value in log_weight.ravel().tolist()]).reshape(log_weight.shape)


def prompt_scale(log_ratio: ArrayLike, group: ArrayLike) -> Floats:
    """a_i = log Ẑ₋ᵢ(c): logsumexp of ℓ over the other draws of the prompt − log(N_c − 1), shape (n,), nats.

    With it, M is about the expected number of draws per accepted sample. The scale leaves out the draw that it judges. Given
    the other draws it is then a constant, and each prompt's accepted law is the target if M bounds P/(q·Ẑ₋ᵢ). A scale that
    contains the draw makes every prompt's law wrong (σ = 2, K = 4, M = largest ratio: total variation 0.36, shown as 0).
    `group` names each candidate's prompt by any integer; the −∞ draws count in N_c. If no other draw of the prompt is
    finite, the scale is −∞ and the draw is never accepted. With few draws per prompt the scale is noisy: more is accepted
    if the others happen to be small, and M has to be larger for the same bound.
    """
    ell = checked_log_ratio(log_ratio)
    prompts, prompt = dense_groups(group, ell)
    return group_log_mean_of_others(ell, prompts, prompt)


def staged_scale(log_ratio: ArrayLike, group: ArrayLike, stage: ArrayLike) -> Floats:
    """a_i if more was drawn for some prompts because of their earlier draws; shape (n,), nats.

    `stage` (n,) is 0 for draws made equally for all prompts, and s ≥ 1 for the s-th time that more was drawn for prompts with
    none accepted. A draw of stage s is judged by `prompt_scale` among the draws of stages ≤ s, so no later draw changes the
    scale and decision of an earlier one. Those decisions are the reason why more was drawn.
    """
    ell, names, stages = checked_log_ratio(log_ratio), np.asarray(group), np.asarray(stage)
    scale = np.empty(ell.shape, np.float64)
    for s in np.unique(stages):
        own = stages == s
        among = np.flatnonzero((stages <= s) & np.isin(names, names[own]))
        scale[own] = prompt_scale(ell[among], names[among])[stages[among] == s]
    return scale


def prompt_log_z(log_ratio: ArrayLike, group: ArrayLike) -> Floats:
    """log Ẑ(c) = logsumexp of the prompt's ℓ − log N_c, repeated for each of its candidates, shape (n,), nats: how large the
    ratios of a prompt are. It must not be used as a scale, because it contains each draw. −∞ for a prompt without a finite
    candidate."""
    ell = checked_log_ratio(log_ratio)
    prompts, prompt = dense_groups(group, ell)
    return np.asarray(group_log_mean(ell, prompts, prompt)[prompt])


def log_m_for_rate(m: ArrayLike, rate: float, scale: ArrayLike = 0.0) -> float:
    """log M, nats, at which the largest number of candidates ≤ rate·n is accepted: the (1 − rate) quantile by rank.

    It lies midway between two neighbouring order statistics of m − a, so the count is exact; equal values are taken
    together or not at all. With fewer finite candidates than rate·n it lies just below all finite ones.
    Raises TargetError if there is no finite candidate, or the rate is outside (0, 1].
    """
    return _log_m_for_rate(np.sort(relative(m, scale, "m")), rate)


def log_m_for_priority(m: ArrayLike, log_ratio: ArrayLike, rate: float, scale: ArrayLike = 0.0) -> float:
    """log M, nats, of priority sampling (Duffield, Lund & Thorup 2007, J. ACM 54:32): the (k + 1)-th largest m − a, where k is
    rate·n rounded down; so k candidates are accepted, those of equal m − a together or not at all.

    With τ = M the accepted have the weights max(w, τ) = τ·`importance_weight`, w = P/(q·e^a). Over all or any part of the
    candidates, these add up to an unbiased estimate of the sum of w, though τ depends on the same u. (This is not true with M
    between the k-th and the next, as in `log_m_for_rate`.) If no more than k are finite, all of them are accepted and τ is the
    smallest w: each weighs its w. Raises TargetError if there is no finite candidate, or the rate is outside (0, 1].
    """
    critical, w = relative(m, scale, "m"), relative(log_ratio, scale)
    if critical.shape != w.shape:
        raise TargetError(f"m has shape {critical.shape} but log_ratio has {w.shape}; give one of each a candidate")
    ascending = np.sort(critical)
    _log_m_for_rate(ascending, rate)  # raises for an invalid rate or no finite candidate
    cut = ascending.size - most_at_rate(ascending.size, rate)
    if cut == 0 or ascending[cut - 1] == -math.inf:
        return float(w[np.isfinite(w)].min())
    return float(ascending[cut - 1])


class RankIndex:
    """Accepted counts at any M by rank, overrides included: microseconds for 1,000,000 candidates.

    Built once from m (less `scale`) and `override`, shape (n,): 0 no override, +1 accept, −1 reject. The accepted set at any M
    is a suffix of the sorted m − a, so one binary search gives its size; a second search removes the overridden candidates.
    Raises TargetError naming the index at which m is NaN or +∞, or an override is not one of the three.
    """

    def __init__(self, m: ArrayLike, override: ArrayLike | None = None, scale: ArrayLike = 0.0) -> None:
        values = relative(m, scale, "m")
        overrides = np.zeros(values.shape, np.int64) if override is None else np.asarray(override)
        if overrides.shape != values.shape:
            raise TargetError(
                f"m has shape {values.shape} but override has {overrides.shape}; give one for each candidate"
            )
        raise_where(
            (overrides != 0) & (overrides != 1) & (overrides != -1), overrides, "override", "must be 0, +1 or −1"
        )
        self._sorted = np.sort(values)
        self._overridden = np.sort(values[overrides != 0])
        self._forced = int(np.count_nonzero(overrides == 1))
        self._none_from = int(np.searchsorted(self._sorted, -math.inf, side="right"))

    def __len__(self) -> int:
        return self._sorted.size

    @property
    def finite(self) -> int:
        """How many candidates can be accepted at all: those with m − a > −∞."""
        return self._sorted.size - self._none_from

    def automatic_count(self, log_m: float) -> int:
        """How many candidates the automatic decision accepts: #{m − a > log M}."""
        return self._sorted.size - int(self._sorted.searchsorted(checked_log_m(log_m), side="right"))

    def count(self, log_m: float) -> int:
        """How many are accepted in effect: the automatic count, less the overridden candidates in it, plus the accepts by
        people."""
        overridden = self._overridden.size - int(self._overridden.searchsorted(log_m, side="right"))
        return self.automatic_count(log_m) - overridden + self._forced

    def counts(self, log_m: ArrayLike) -> Ints:
        """`count` at every log M of an array, for a curve; any shape."""
        grid = np.asarray(log_m, dtype=np.float64)
        raise_where(~np.isfinite(grid), grid, "log M", "must be a finite number of nats")
        automatic = self._sorted.size - self._sorted.searchsorted(grid, side="right")
        overridden = self._overridden.size - self._overridden.searchsorted(grid, side="right")
        return np.asarray(automatic - overridden + self._forced, dtype=np.int64)

    def log_m_for_rate(self, rate: float) -> float:
        """`log_m_for_rate` of the automatic decisions, without sorting again."""
        return _log_m_for_rate(self._sorted, rate)


def most_at_rate(n: int, rate: float) -> int:
    """The largest number of n candidates that an acceptance rate allows: rate·n, rounded down."""
    return math.floor(rate * n * (1.0 + 1e-12))  # 0.29 · 100 is 28.999999999999996


def _log_m_for_rate(ascending: Floats, rate: float) -> float:
    if not 0.0 < rate <= 1.0:
        raise TargetError(f"the acceptance rate to reach is {rate}; it must lie in (0, 1]")
    n, first = ascending.size, int(np.searchsorted(ascending, -math.inf, side="right"))
    if first == n:
        why = "there are no candidates" if n == 0 else f"all {n} candidates fail a constraint (log ratio −inf)"
        raise TargetError(f"no M gives a rate of {rate:g}: {why}; generate and score more, or relax the constraints")
    cut = max(n - most_at_rate(n, rate), first)
    if cut == first:
        return float(np.nextafter(ascending[first], -math.inf))
    low = float(ascending[cut - 1])
    cut = int(np.searchsorted(ascending, low, side="right"))  # equal values go together
    if cut == n:
        return low
    high = float(ascending[cut])
    middle = low + 0.5 * (high - low)
    return middle if middle < high else low
