"""How well scores tell what people accept from what they reject, with intervals over prompts: a prompt's candidates resemble
each other, so that prompts are drawn again, not candidates."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import stdtrit

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.sampling.intervals import Interval

REPLICATES = 400


def auc(score: Floats, y: Floats, weight: Floats) -> Floats:
    """The chance that an accepted one scores higher than a rejected one, ties half: (b,) for weights (b, n) and scores (n,),
    or (b, n). NaN where there is but one kind."""
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
    """Of the share `rate` with the highest scores, the share that is accepted: (b,) for weights (b, n) and scores (n,), or
    (b, n). Of equal scores, of which only some are among them, as many are accepted as of all that are equal: which of them
    comes first says nothing."""
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
    """Where the run of equal scores begins and ends that each is in, of scores in order along the last axis."""
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
    """(1 + count, n): how often each row counts: once, and then as often as its prompt is drawn with replacement."""
    names, index = np.unique(prompts, return_inverse=True)
    times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=count).astype(np.float64)
    return np.concatenate([np.ones((1, len(names))), times])[:, index]


def share_interval(values: Floats, groups: int, rows: int) -> Interval:
    """An interval for a share, from its value and its replicates (1 + b,), by their spread in log-odds. A value of 0 or 1
    counts as half a row away from it, so that its spread is not 0."""
    half = 0.5 / max(rows, 1)
    value, replicates = float(values[0]), np.clip(values[1:][np.isfinite(values[1:])], half, 1 - half)
    if not math.isfinite(value) or len(replicates) < 0.9 * (len(values) - 1) or groups < 3:
        return Interval(value, 0.0, 1.0, groups)
    middle = _logit(min(max(value, half), 1 - half))
    floor = 1.0 / math.sqrt(max(rows, 1))  # of the log-odds of rows that are all alike
    spread = max(float(np.std(np.log(replicates / (1 - replicates)))), floor if value in (0.0, 1.0) else 0.0)
    reach = float(stdtrit(groups - 1, 0.975)) * spread
    return Interval(value, min(value, _expit(middle - reach)), max(value, _expit(middle + reach)), groups)


def difference_interval(first: Floats, second: Floats, groups: int) -> Interval:
    """An interval for how much higher the first is, of the same replicates."""
    values = first - second
    replicates = values[1:][np.isfinite(values[1:])]
    if not math.isfinite(float(values[0])) or len(replicates) < 0.9 * (len(values) - 1) or groups < 3:
        return Interval(float(values[0]), -1.0, 1.0, groups)
    reach = float(stdtrit(groups - 1, 0.975)) * float(np.std(replicates))
    value = float(values[0])
    return Interval(value, max(-1.0, value - reach), min(1.0, value + reach), groups)


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


def _expit(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z > -700 else 0.0
