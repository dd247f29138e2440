"""Intervals for functions of sums over prompts (TVD, KL, any ratio), by resampling prompts: the bootstrap-t.

A function θ of totals T is studentised by its own standard error in every replicate, t* = (θ* − θ)/se*, and the limits
are θ − t*₍high₎·se and θ − t*₍low₎·se (Efron & Tibshirani 1993, ch. 12.5). The weights here are skewed, and the plain
percentile interval misses about twice as often; tests/sampling/test_coverage.py measures the coverage.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from rsf_core.domain.arrays import Floats
from rsf_core.sampling.arrays import group_sum
from rsf_core.sampling.intervals import Interval

MAX_BLOCKS = 500  # more groups than this are resampled in blocks, without a visible loss of accuracy


class Resampling:
    """How often each replicate draws each block of groups. It does not depend on the values, so one serves every M.

    More than MAX_BLOCKS groups are dealt at random into that many blocks, so that the time does not grow with the groups.
    `times` has shape (replicates, blocks).
    """

    def __init__(self, groups: int, rng: np.random.Generator, replicates: int = 1000) -> None:
        blocks = min(groups, MAX_BLOCKS)
        self._block = rng.permutation(groups) % blocks if groups > blocks else None
        self.times: Floats = rng.multinomial(blocks, np.full(blocks, 1.0 / blocks), size=replicates).astype(np.float64)

    def blocks(self, sums: Floats) -> Floats:
        """The sums of each block, (blocks, k), from those of each group, (groups, k)."""
        if self._block is None:
            return sums
        return np.stack([group_sum(column, self.times.shape[1], self._block) for column in sums.T], axis=1)


def bootstrap_sums(
    sums: Floats,
    statistics: Callable[[Floats], Floats],
    resampling: Resampling,
    level: float = 0.95,
    turning: bool = False,
) -> list[Interval]:
    """Intervals for s smooth functions of totals over prompts, from sums by group of shape (groups, k). `statistics` turns
    totals (..., k) into (..., s), for example a ratio of sums, `lambda t: t[..., :1] / t[..., 1:]`. One group, or no spread
    between groups: limits ∓∞.

    `turning`: a statistic may have a maximum inside its range, such as a divergence that is largest for some mixture of
    values. There its slope is 0 and so is its standard error, so the limits are the hull with the percentiles of the
    replicates.
    """
    groups = sums.shape[0]
    blocks, times = resampling.blocks(sums), resampling.times
    squares = blocks[:, :, None] * blocks[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        value, error = _value_and_error(statistics, blocks.sum(axis=0), squares.sum(axis=0), len(blocks))
        repeated, errors = _value_and_error(
            statistics, times @ blocks, np.tensordot(times, squares, axes=1), len(blocks)
        )
        t = (repeated - value) / errors
    intervals = [
        _studentised(float(v), float(e), t[:, s], groups, level)
        for s, (v, e) in enumerate(zip(value, error, strict=True))
    ]
    return (
        [_with_percentiles(interval, repeated[:, s], level) for s, interval in enumerate(intervals)]
        if turning
        else intervals
    )


def _value_and_error(
    statistics: Callable[[Floats], Floats], totals: Floats, squares: Floats, count: int
) -> tuple[Floats, Floats]:
    """θ(T) and its standard error √(G/(G−1) · aᵀ(Σ s sᵀ − T Tᵀ/G) a), a = ∂θ/∂T by central differences; (..., s)."""
    slopes = []
    for column in range(totals.shape[-1]):
        step = np.zeros_like(totals)
        step[..., column] = 1e-6 * np.maximum(np.abs(totals[..., column]), 1e-9)
        width = 2.0 * step[..., column, None]
        slopes.append((statistics(totals + step) - statistics(totals - step)) / width)
    slope = np.stack(slopes, axis=-1)
    spread = squares - totals[..., :, None] * totals[..., None, :] / count
    variance = np.einsum("...si,...ij,...sj->...s", slope, spread, slope) * (count / max(count - 1, 1))
    return statistics(totals), np.sqrt(np.maximum(variance, 0.0))


def _studentised(value: float, error: float, t: Floats, groups: int, level: float) -> Interval:
    defined = t[np.isfinite(t)]
    if groups == 1 or not error > 1e-9 * abs(value) or defined.size < 0.9 * t.size:
        return Interval(value, -math.inf, math.inf, groups)
    low, high = np.quantile(defined, [0.5 - 0.5 * level, 0.5 + 0.5 * level])
    return Interval(value, value - float(high) * error, value - float(low) * error, groups)


def _with_percentiles(interval: Interval, repeated: Floats, level: float) -> Interval:
    defined = repeated[np.isfinite(repeated)]
    if interval.groups == 1 or defined.size < 0.9 * repeated.size or not np.ptp(defined) > 1e-9 * abs(interval.value):
        return interval
    low, high = (float(x) for x in np.quantile(defined, [0.5 - 0.5 * level, 0.5 + 0.5 * level]))
    within = (interval.low, interval.high) if interval.known else (interval.value, interval.value)
    return Interval(interval.value, min(low, within[0]), max(high, within[1]), interval.groups)
