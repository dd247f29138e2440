"""How far a score agrees with people's decisions: beyond chance at its best threshold (κ), in order (AUC), and level by level.

Decisions of one prompt resemble each other, so intervals are over prompts: each figure is linearised in the contributions of
prompts, and its limits are those of a mean in [0, 1] (bounded.py). The threshold is judged on prompts that were not used to
choose it. tests/simulations/judges.py measures the coverage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.arrays import Bools, Floats, Ints
from rsf_core.sampling.arrays import dense_groups, group_sum
from rsf_core.sampling.best_m import FOLDS, folds
from rsf_core.sampling.bounded import mean_limits
from rsf_core.sampling.intervals import SHARE, Interval, pooled_mean
from rsf_core.sampling.rank_correlation import ranks

ENOUGH = 50  # the least decisions for the claim that a score agrees
LEVELS = 8  # the most levels of a score at which the share of accepts is shown
FEWEST_OF_A_LEVEL = 10
FEWEST_OF_A_KIND = 5  # the least accepts, and the least rejects, for a figure of agreement


@dataclass(frozen=True, slots=True)
class Level:
    """The decisions at scores from `low` to `high` (their mean is `mean`): how many, and the share that people accept."""

    low: float
    high: float
    mean: float
    decisions: int
    accepted: Interval


@dataclass(frozen=True)
class Judging:
    """A score compared with `decisions` by people, `accepts` of them accepts, on `prompts` prompts. `kappa` is Cohen's κ
    between the decisions and "the score is above a threshold" (below it if `direction` is −1): its value is by folds, its
    limits are for the best threshold over all. `threshold` is that one. `auc` is the probability that an accepted candidate
    has a better score than a rejected one. All three are None if there are too few accepts or rejects."""

    decisions: int
    accepts: int
    prompts: int
    direction: int
    threshold: float | None
    kappa: Interval | None
    auc: Interval | None
    levels: tuple[Level, ...]

    @cached_property
    def correlation(self) -> Interval | None:
        """The rank correlation of score and decisions: the rank-biserial 2·AUC − 1 (Cureton 1956), which is Somers' D."""
        auc = self.auc
        return None if auc is None else Interval(2 * auc.value - 1, 2 * auc.low - 1, 2 * auc.high - 1, auc.groups)

    @property
    def enough(self) -> bool:
        return self.decisions >= ENOUGH

    @property
    def agrees(self) -> bool:
        """Whether there are enough decisions, and they show agreement beyond chance."""
        return self.enough and self.kappa is not None and self.kappa.low > 0


def judging(
    score: ArrayLike, accepted: ArrayLike, prompt: ArrayLike, direction: int = 1, level: float = 0.95
) -> Judging:
    """How far a score agrees with people's decisions. `score` (n,) is finite, `accepted` (n,) holds the decisions, `prompt`
    (n,) names each candidate's prompt; `direction` is −1 if a lower score is better."""
    values, decided = direction * np.asarray(score, np.float64), np.asarray(accepted, bool)
    count, index = dense_groups(prompt, values)
    n, accepts = len(values), int(decided.sum())
    levels = _levels(values, decided, index, direction, level)
    if min(accepts, n - accepts) < FEWEST_OF_A_KIND or count < 2:
        return Judging(n, accepts, count, direction, None, None, None, levels)
    cut = best_cut(values, decided)
    by_folds = _kappa(decided, held_out(values, decided, np.asarray(prompt, np.int64)), count, index, level)
    # A threshold chosen on four fifths of the decisions is a little worse than the best, and one chosen on all looks better
    # than it is: the first gives the lower limit, the second the upper (the first alone covered 88 %, always missing above).
    high = max(by_folds.high, _kappa(decided, values > cut, count, index, level).high)
    return Judging(
        n,
        accepts,
        count,
        direction,
        direction * cut,
        replace(by_folds, high=high),
        auc_interval(values, decided, count, index, level),
        levels,
    )


def kappa(table: Floats) -> Floats:
    """Cohen's κ = (p_o − p_e)/(1 − p_e) (1960) of counts (..., 4): accepted by both, by the score alone, by people alone, by
    neither. 0 if chance explains everything."""
    a, b, c, d = np.moveaxis(table, -1, 0)
    n = a + b + c + d
    chance = ((a + b) * (a + c) + (c + d) * (b + d)) / n**2
    observed = (a + d) / n
    values: Floats = np.divide(observed - chance, 1 - chance, out=np.zeros_like(chance), where=1 - chance > 1e-12)
    return values


def best_cut(values: Floats, decided: Bools) -> float:
    """The threshold for which "above it" has the largest κ with the decisions, midway between two neighbouring values. Among
    equally good thresholds, the one in the widest gap."""
    order = np.argsort(values, kind="stable")
    x, accept = values[order], decided[order].astype(np.float64)
    n, below = len(x), np.arange(len(x) + 1, dtype=np.float64)
    accepts_below = np.concatenate(([0.0], np.cumsum(accept)))
    both = accepts_below[-1] - accepts_below
    table = np.stack([both, n - below - both, accepts_below, below - accepts_below], axis=1)
    edges = np.concatenate(([x[0] - 1.0], x, [x[-1] + 1.0]))
    gaps = np.diff(edges)
    kappas = np.where(gaps > 0, np.round(kappa(table), 12), -math.inf)
    cut = int(np.lexsort((-gaps, -kappas))[0])
    return float(edges[cut] / 2 + edges[cut + 1] / 2)


def held_out(values: Floats, decided: Bools, prompt: Ints) -> Bools:
    """Whether each value is above a threshold chosen on the decisions of other prompts, four fifths of them."""
    part, above = folds(prompt), np.zeros(len(values), bool)
    for fold in range(FOLDS):
        mine = part == fold
        if mine.any() and not mine.all():
            above[mine] = values[mine] > best_cut(values[~mine], decided[~mine])
    return above


def _kappa(decided: Bools, above: Bools, count: int, index: Ints, level: float) -> Interval:
    """κ of two sets of decisions, with limits over prompts."""
    parts = (decided & above, ~decided & above, decided & ~above, ~decided & ~above)
    tables = np.stack([group_sum(part.astype(np.float64), count, index) for part in parts], axis=1)
    total = tables.sum(axis=0)
    value = float(kappa(total))
    step = 1e-4 * max(1.0, float(total.sum()))
    slopes = np.array([float(kappa(total + e) - kappa(total - e)) / (2 * step) for e in step * np.eye(4)])
    # κ does not change if all counts grow by one factor, so the prompts' contributions sum to 0
    return _limits(value, len(tables) * (tables @ slopes), level, wide=True)


def auc_interval(values: Floats, decided: Bools, count: int, index: Ints, level: float) -> Interval:
    """Mann and Whitney's AUC of values (n,), ties counting half; `index` is the prompt of each, 0 to `count` − 1. The
    contribution of a decision is its placement among those of the other kind (DeLong 1988), summed by prompt (Obuchowski
    1997)."""
    ones, noughts = int(decided.sum()), int((~decided).sum())
    everywhere, among = ranks(values), np.empty(len(values))
    for kind in (decided, ~decided):
        among[kind] = ranks(values[kind])
    beaten = (everywhere - among) / np.where(decided, noughts, ones)  # share of the other kind below it, ties half
    placement = np.where(decided, beaten, 1.0 - beaten)
    value = float(placement[decided].mean())
    added = group_sum((placement - value) / np.where(decided, ones, noughts), count, index)
    return _limits(value, count * added, level)


def _limits(value: float, deviations: Floats, level: float, wide: bool = False) -> Interval:
    """The interval of a figure in [0, 1], or in [−1, 1] if `wide`, from the contributions of prompts, (prompts,), which sum
    to 0."""
    shift, width = (1.0, 2.0) if wide else (0.0, 1.0)
    low, high = mean_limits(deviations / width, np.asarray(min(max((value + shift) / width, 0.0), 1.0)), level)
    return Interval(value, width * float(low) - shift, width * float(high) - shift, len(deviations))


def _levels(values: Floats, decided: Bools, index: Ints, direction: int, level: float) -> tuple[Level, ...]:
    """Levels from the lowest score to the highest: one per value if there are few values, else with about equally many
    decisions each."""
    if not len(values):
        return ()
    score = direction * values
    levels, place = np.unique(score, return_inverse=True)
    if len(levels) > LEVELS:
        level_count = int(np.clip(len(score) // FEWEST_OF_A_LEVEL, 1, LEVELS))
        cuts = np.unique(np.quantile(score, np.arange(1, level_count) / level_count))
        place = np.searchsorted(cuts, score, side="left")
    made = []
    for number in np.unique(place):
        here = place == number
        share = pooled_mean(decided[here].astype(np.float64), index[here], level, SHARE)
        here_score = score[here]
        made.append(
            Level(float(here_score.min()), float(here_score.max()), float(here_score.mean()), int(here.sum()), share)
        )
    return tuple(made)
