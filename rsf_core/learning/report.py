"""How good a learned model is on prompts that it has not seen: AUC, precision, calibration, learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.learning import logistic
from rsf_core.learning.best import best_scorer
from rsf_core.learning.decided import Decided
from rsf_core.learning.fitting import Fold, orders_of
from rsf_core.learning.folds import both_kinds
from rsf_core.learning.measures import auc, difference_interval, drawn_again, precision, share_interval
from rsf_core.sampling.intervals import SHARE, Interval, pooled_mean

CALIBRATION_BINS = 5
BIN_ROWS, BIN_PROMPTS = 20, 10  # the least decisions and prompts per bin
CURVE_SHARES = (0.25, 0.4, 0.6, 0.8)
CURVE_REPEATS = 4
AUDITED_LEAST = 30
FURTHER = 50  # more decisions, whose gain is read from the curve


@dataclass(frozen=True, slots=True)
class Bin:
    """A bin of the calibration curve: candidates predicted at about this probability, and the share that people accept."""

    predicted: float
    accepted: Interval
    count: int


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the learning curve: the AUC after so many decisions, and its standard deviation over the subsamples."""

    decisions: int
    auc: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Against:
    """Another order of the same candidates on the same folds, and how much better the learned one is."""

    name: str
    auc: Interval
    auc_gain: Interval
    precision: Interval
    precision_gain: Interval
    flattered: float = 0.0  # the optimism of choosing it on these decisions, already subtracted from the AUC
    falling: bool = False  # whether lower is better


@dataclass(frozen=True, slots=True)
class Report:
    """How good a learned model is on prompts that it has not seen. `basis`: "audit" if it is judged on candidates picked at
    random, else "chosen". `rate` is the acceptance rate at which `precision` is taken. `best` is the scorer that best
    separates accepted from rejected, chosen on the same decisions, and `rule` is the current rule; None if there is none.
    `further` is about how much FURTHER more decisions would raise the AUC; None if that cannot be estimated."""

    decisions: int
    accepted: int
    prompts: int
    judged: int
    basis: str
    rate: float
    auc: Interval
    precision: Interval
    best: Against | None
    rule: Against | None
    calibration: tuple[Bin, ...]
    curve: tuple[Point, ...]
    further: float | None
    penalty: float
    pairs: int = 0  # compared by people, and also learned from
    learner: int = 3  # see taste.LEARNER; reports without it are of version 3 or earlier

    @property
    def learnt(self) -> bool:
        """Whether it separates accepted from rejected at all."""
        return self.auc.low > 0.5

    @property
    def better(self) -> bool:
        """Whether it does so better than the best single scorer."""
        return self.learnt and (self.best is None or self.best.auc_gain.low > 0)


def report_of(
    decided: Decided,
    fitted: Sequence[Fold],
    prompts: Ints,
    log_odds: Floats,
    rate: float,
    curve: Sequence[Point],
    penalty: float,
    rng: np.random.Generator,
) -> Report:
    """The report on the models `fitted`, one without each fold; `prompts` (n + m,) are those of decisions and pairs;
    `log_odds` (n,) are calibrated.

    Prompts are resampled both for judging and for fitting, so an interval covers that other prompts would have been judged,
    by other models."""
    y = decided.accepted.astype(np.float64)
    by_chance = int(decided.audit.sum()) >= AUDITED_LEAST and both_kinds(y, decided.audit)
    on = decided.audit if by_chance else np.ones(len(y), np.bool_)
    times = drawn_again(prompts, rng)
    orders, weights, own = orders_of(fitted, times, len(y))[:, on], times[:, : len(y)][:, on], y[on]
    rows, groups = int(on.sum()), len(np.unique(decided.prompts[on]))
    fewer, top = int(min(own.sum(), rows - own.sum())), max(1, round(rate * rows))
    own_auc, own_precision = auc(orders, own, weights), precision(orders, own, weights, rate)

    def against(name: str, areas: Floats, shares: Floats, flattered: float = 0.0, falling: bool = False) -> Against:
        return Against(
            name,
            share_interval(areas, groups, fewer, correction=flattered),
            difference_interval(own_auc, areas, groups, flattered),
            share_interval(shares, groups, top, top),
            difference_interval(own_precision, shares, groups),
            flattered,
            falling,
        )

    rule = decided.rule[on]
    has_rule = bool(np.isfinite(rule).all()) and len(np.unique(rule)) > 1
    best = best_scorer(decided.others[on], own, weights, rate)
    return Report(
        decisions=len(y),
        accepted=int(y.sum()),
        prompts=len(np.unique(decided.prompts)),
        judged=rows,
        basis="audit" if by_chance else "chosen",
        rate=rate,
        auc=share_interval(own_auc, groups, fewer),
        precision=share_interval(own_precision, groups, top, top),
        best=None
        if best is None
        else against(decided.names[best.column], best.auc, best.precision, best.flattered, best.falling),
        rule=against("the present rule", auc(rule, own, weights), precision(rule, own, weights, rate))
        if has_rule
        else None,
        calibration=_calibration(log_odds[on], own, decided.prompts[on]),
        curve=tuple(curve),
        further=_further(curve, len(y)),
        penalty=penalty,
    )


def _calibration(log_odds: Floats, y: Floats, prompts: Ints) -> tuple[Bin, ...]:
    """Candidates by predicted probability, in bins of about equal size; empty if there are too few for two bins.

    One calibration serves all folds: if each fold were calibrated on the others, a fold with a high share accepted would get
    low probabilities, because the share in the others is lower."""
    chance = logistic.sigmoid(log_odds)
    bins = min(CALIBRATION_BINS, len(y) // BIN_ROWS, len(np.unique(prompts)) // BIN_PROMPTS)
    if bins < 2:
        return ()
    calibration = []
    for rows in np.array_split(np.argsort(chance, kind="stable"), bins):
        accepted = pooled_mean(y[rows], prompts[rows], bounds=SHARE)
        calibration.append(Bin(float(chance[rows].mean()), accepted.clipped(0.0, 1.0), len(rows)))
    return tuple(calibration)


def curve_of(decided: Decided, fitted: Sequence[Fold], rng: np.random.Generator) -> list[Point]:
    """The AUC on the same folds with fewer decided prompts, and last with all of them; the pairs are always the same."""
    points, n, y = [], len(decided), decided.accepted.astype(np.float64)
    for share in (*CURVE_SHARES, 1.0):
        values, sizes = [], []
        for _ in range(CURVE_REPEATS if share < 1 else 1):
            order, size = np.zeros(n), []
            for one in fitted:
                some = _some(decided.prompts, one.train[:n], share, rng)
                if both_kinds(y, some):
                    train = np.concatenate([some, one.train[n:]])
                    order[one.test] = one.order(one.choice.fit(one.rows, train))
                size.append(int(some.sum()))
            values.append(float(auc(order, y, np.ones((1, n)))[0]))
            sizes.append(float(np.mean(size)))
        points.append(Point(round(float(np.mean(sizes))), float(np.mean(values)), float(np.std(values))))
    return points


def _some(prompts: Ints, rows: NDArray[np.bool_], share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """The `rows` of a random share of their prompts."""
    names = np.unique(prompts[rows])
    kept = rng.permutation(names)[: max(1, round(share * len(names)))]
    return rows & np.isin(prompts, kept)


def _further(curve: Sequence[Point], decisions: int) -> float | None:
    """By how much FURTHER more decisions would raise the AUC if each doubling brought as much as before: a line through the
    curve in log n, never falling."""
    if len({point.decisions for point in curve}) < 3:
        return None
    at = np.log([max(1, point.decisions) for point in curve])
    line = np.polyfit(at, [point.auc for point in curve], 1)
    return max(0.0, float(line[0] * np.log(1 + FURTHER / decisions)))
