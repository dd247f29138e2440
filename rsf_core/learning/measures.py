"""How well scores separate what people accept from what they reject, with intervals over prompts. A prompt's candidates
resemble each other, so prompts are resampled, not candidates."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import betaincinv, ndtri, stdtrit

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.sampling.bounded import EQUAL, FAR_OF_A_PART
from rsf_core.sampling.intervals import Interval

REPLICATES = 400
TAIL = 0.025  # the error on either side


def auc(score: Floats, y: Floats, weight: Floats) -> Floats:
    """The probability that an accepted candidate scores higher than a rejected one, ties counting half: (b,) for weights
    (b, n) and scores (n,) or (b, n). NaN if there is only one kind."""
    order = np.argsort(score, axis=-1, kind="stable")
    first, last = _runs(np.take_along_axis(score, order, -1))
    kinds, weight = y[order] > 0.5, _along(weight, order)
    negative = np.concatenate([np.zeros((len(weight), 1)), np.cumsum(weight * ~kinds, axis=1)], axis=1)
    positive = weight * kinds
    pairs = positive.sum(axis=1) * negative[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        areas: Floats = (positive * (_along(negative, first) + _along(negative, last + 1)) / 2).sum(axis=1) / pairs
    return areas


def precision(score: Floats, y: Floats, weight: Floats, rate: float) -> Floats:
    """The share accepted among the `rate` share with the highest scores: (b,) for weights (b, n) and scores (n,) or (b, n).
    Where the cut falls within equal scores, they all count in proportion, because their order means nothing."""
    order = np.argsort(-score, axis=-1, kind="stable")
    first, last = _runs(np.take_along_axis(score, order, -1))
    weight = _along(weight, order)
    before = np.concatenate([np.zeros((len(weight), 1)), np.cumsum(weight, axis=1)], axis=1)
    start, run = _along(before, first), _along(before, last + 1) - _along(before, first)
    part = np.clip((rate * before[:, -1:] - start) / np.where(run > 0, run, 1.0), 0, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: Floats = (weight * part * y[order]).sum(axis=1) / (weight * part).sum(axis=1)
    return shares


def _runs(ranked: Floats) -> tuple[Ints, Ints]:
    """The first and last place of the run of equal scores that each is in; scores are sorted along the last axis."""
    places = np.broadcast_to(np.arange(ranked.shape[-1]), ranked.shape)
    new = np.ones(ranked.shape, np.bool_)
    new[..., 1:] = ranked[..., 1:] != ranked[..., :-1]
    ends = np.ones(ranked.shape, np.bool_)
    ends[..., :-1] = new[..., 1:]
    first = np.maximum.accumulate(np.where(new, places, 0), axis=-1)
    last = np.minimum.accumulate(np.where(ends, places, ranked.shape[-1])[..., ::-1], axis=-1)[..., ::-1]
    return first, last


def _along(values: Floats, at: Ints) -> Floats:
    """`values` (b, m) at places (n,), or (b, n)."""
    return values[:, at] if at.ndim == 1 else np.take_along_axis(values, at, 1)


def drawn_again(prompts: Ints, rng: np.random.Generator, count: int = REPLICATES) -> Floats:
    """How often each row counts, (1 + count, n): once in the first replicate, then as often as its prompt is drawn with
    replacement."""
    names, index = np.unique(prompts, return_inverse=True)
    times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=count).astype(np.float64)
    return np.concatenate([np.ones((1, len(names))), times])[:, index]


def share_interval(
    values: Floats, groups: int, rows: int, draws: float = math.inf, correction: float = 0.0
) -> Interval:
    """An interval for a value in [0, 1] over `groups` prompts, from `values` (1 + b,): the value and its replicates.

    As in bounded.py: the limits of Clopper and Pearson (1934) for as many draws as have the variance of the replicates, with
    one more prompt, FAR_OF_A_PART of the way towards the end (Korn and Graubard 1998). At an end, up to 3/G of all prompts may
    differ. The number of prompts is capped at `rows`, the rows behind the value. `draws` caps what the prompts are worth, for
    a share of 0/1 outcomes. `correction` is what was subtracted from the value: its error is taken to be its own size."""
    value, replicates = float(values[0]), values[1:][np.isfinite(values[1:])]
    count = min(groups, rows)
    if not math.isfinite(value) or len(replicates) < 0.9 * (len(values) - 1) or count < 3:
        return Interval(value, 0.0, 1.0, groups)
    variance, mean = float(np.var(replicates)) + correction**2, min(max(value, 0.0), 1.0)
    low, high = _limit(mean, variance, count, draws), 1.0 - _limit(1.0 - mean, variance, count, draws)
    return Interval(value, min(value, low), max(value, high), groups)


def difference_interval(first: Floats, second: Floats, groups: int, correction: float = 0.0) -> Interval:
    """An interval for first − second on the same replicates of `groups` prompts; `correction` as in `share_interval`."""
    values = first - second
    value, replicates = float(values[0]), values[1:][np.isfinite(values[1:])]
    if not math.isfinite(value) or len(replicates) < 0.9 * (len(values) - 1) or groups < 3:
        return Interval(value, -1.0, 1.0, groups)
    variance = _one_more(float(np.var(replicates)) + correction**2, FAR_OF_A_PART**2, groups)
    reach = float(stdtrit(groups - 1, 0.975)) * math.sqrt(variance)
    return Interval(value, max(-1.0, value - reach), min(1.0, value + reach), groups)


def _limit(mean: float, variance: float, groups: int, draws: float) -> float:
    """The lower limit of a mean in [0, 1] of `groups` prompts."""
    if mean >= 1.0 - EQUAL:  # its upper limit is known, so this one gets the whole error
        return float((2 * TAIL) ** (1 / groups))
    if mean <= 0.0:
        return 0.0
    most, by_t = mean * (1.0 - mean), float((ndtri(TAIL) / stdtrit(groups - 1, TAIL)) ** 2)
    # the added prompt alone leaves a worth of at least `groups` draws
    further = min((FAR_OF_A_PART * mean) ** 2, most * by_t * (groups**2 - 1) / groups)
    size = min(most / _one_more(variance, further, groups) * by_t, draws)
    return float(betaincinv(mean * size, (1.0 - mean) * size + 1.0, TAIL))


def _one_more(variance: float, further: float, groups: int) -> float:
    """The variance of a mean of `groups` prompts with one more prompt whose squared deviation is `further`."""
    return variance * groups / (groups + 1) + further / (groups**2 - 1)
