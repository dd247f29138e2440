"""How well scores tell what people accept from what they reject, with intervals over prompts: a prompt's candidates resemble
each other, so that prompts are drawn again, not candidates."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.sampling.intervals import Interval

REPLICATES = 400
WIDER = 1.35
"""What the limits of an out-of-fold figure are widened by: the bootstrap sees that other prompts would be judged, not that
another model would be learned from them. Measured in tests/simulations/unseen.py."""


def auc(score: Floats, y: Floats, weight: Floats) -> Floats:
    """The chance that an accepted one scores higher than a rejected one, ties half: (b,) for weights (b, n). NaN where there
    is but one kind."""
    order = np.argsort(score, kind="stable")
    ranked, kinds = score[order], y[order] > 0.5
    first = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))  # of each run of equal scores
    weight = weight[:, order]
    positive = np.add.reduceat(weight * kinds, first, axis=1)
    negative = np.add.reduceat(weight * ~kinds, first, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        areas: Floats = (positive * (below + negative / 2)).sum(axis=1) / pairs
    return areas


def precision(score: Floats, y: Floats, weight: Floats, rate: float) -> Floats:
    """Of the share `rate` with the highest scores, the share that is accepted: (b,) for weights (b, n). Of equal scores, of
    which only some are among them, as many are accepted as of all that are equal: which of them comes first says nothing."""
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    first = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))  # of each run of equal scores
    run = np.add.reduceat(weight[:, order], first, axis=1)
    accepted = np.add.reduceat(weight[:, order] * y[order], first, axis=1)
    taken = np.clip(rate * run.sum(axis=1, keepdims=True) - (np.cumsum(run, axis=1) - run), 0, run)
    share = np.divide(accepted, run, out=np.zeros_like(run), where=run > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: Floats = (taken * share).sum(axis=1) / taken.sum(axis=1)
    return shares


@dataclass(frozen=True, slots=True)
class Repeats:
    """`weights` (1 + replicates, n): of the rows as they are, then of prompts drawn anew; of `groups` prompts."""

    weights: Floats
    groups: int


def repeats(prompts: Ints, weight: Floats, rng: np.random.Generator, count: int = REPLICATES) -> Repeats:
    """Prompts drawn again with replacement, with all their rows."""
    names, index = np.unique(prompts, return_inverse=True)
    times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=count).astype(np.float64)
    all_rows = np.concatenate([np.ones((1, len(names))), times])
    return Repeats(all_rows[:, index] * weight, len(names))


def share_interval(values: Floats, groups: int, rows: int, wider: float = WIDER) -> Interval:
    """An interval for a share, from its value and its replicates (1 + b,), by their spread in log-odds. A value of 0 or 1
    counts as half a row away from it, so that its spread is not 0."""
    half = 0.5 / max(rows, 1)
    value, replicates = float(values[0]), np.clip(values[1:][np.isfinite(values[1:])], half, 1 - half)
    if not math.isfinite(value) or len(replicates) < 0.9 * (len(values) - 1) or groups < 3:
        return Interval(value, 0.0, 1.0, groups)
    middle = _logit(min(max(value, half), 1 - half))
    floor = 1.0 / math.sqrt(max(rows, 1))  # of the log-odds of rows that are all alike
    spread = wider * max(float(np.std(np.log(replicates / (1 - replicates)))), floor if value in (0.0, 1.0) else 0.0)
    reach = float(stdtrit(groups - 1, 0.975)) * spread
    return Interval(value, min(value, _expit(middle - reach)), max(value, _expit(middle + reach)), groups)


def difference_interval(first: Floats, second: Floats, groups: int, wider: float = WIDER) -> Interval:
    """An interval for how much higher the first is, of the same replicates."""
    values = first - second
    replicates = values[1:][np.isfinite(values[1:])]
    if not math.isfinite(float(values[0])) or len(replicates) < 0.9 * (len(values) - 1) or groups < 3:
        return Interval(float(values[0]), -1.0, 1.0, groups)
    reach = float(stdtrit(groups - 1, 0.975)) * wider * float(np.std(replicates))
    value = float(values[0])
    return Interval(value, max(-1.0, value - reach), min(1.0, value + reach), groups)


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


def _expit(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z > -700 else 0.0
