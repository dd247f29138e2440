"""How good what was learned is, on prompts that it has not seen: AUC, precision, calibration, learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.learning import logistic
from rsf_core.learning.decided import Decided
from rsf_core.learning.fitting import Choice
from rsf_core.learning.folds import both_kinds
from rsf_core.learning.measures import auc, difference_interval, precision, repeats, share_interval
from rsf_core.learning.space import Rows
from rsf_core.sampling.intervals import Interval

CALIBRATION_BINS = 5
CURVE_SHARES = (0.25, 0.4, 0.6, 0.8)
CURVE_REPEATS = 4
AUDITED_LEAST = 30
FURTHER = 50  # decisions, of which the curve says what they would bring


@dataclass(frozen=True, slots=True)
class Bin:
    """Of the calibration curve: candidates that were given about this chance, and how many of them people accept."""

    predicted: float
    accepted: Interval
    count: int


@dataclass(frozen=True, slots=True)
class Point:
    """Of the learning curve: the AUC after so many decisions, and its deviation over the subsamples."""

    decisions: int
    auc: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Against:
    """Another order of the same candidates, on the same folds, and by how much the learned one is better."""

    name: str
    auc: Interval
    auc_gain: Interval
    precision: Interval
    precision_gain: Interval


@dataclass(frozen=True, slots=True)
class Report:
    """How good what was learned is, on prompts that it has not seen. `basis`: "audit", where those judged on were chosen by
    chance, else "chosen". `rate` is the acceptance rate that `precision` is at. `best` is the scorer that tells accepted from
    rejected best, chosen on the same decisions, and `rule` the present rule; None where there is none. `further` is about
    how much FURTHER more decisions would raise the AUC; None where that cannot be told."""

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
    pairs: int = 0  # that people have compared, from which it was learned too

    @property
    def learnt(self) -> bool:
        """Whether it tells accepted from rejected at all."""
        return self.auc.low > 0.5

    @property
    def better(self) -> bool:
        """Whether it does so better than the best single scorer."""
        return self.learnt and (self.best is None or self.best.auc_gain.low > 0)


def report_of(
    decided: Decided,
    order: Floats,
    log_odds: Floats,
    rate: float,
    curve: Sequence[Point],
    penalty: float,
    rng: np.random.Generator,
) -> Report:
    y = decided.accepted.astype(np.float64)
    audited = decided.audit & np.isfinite(log_odds)
    by_chance = int(audited.sum()) >= AUDITED_LEAST and both_kinds(y, audited)
    on = audited if by_chance else np.ones(len(y), np.bool_)
    rows, prompts = int(on.sum()), decided.prompts[on]
    drawn = repeats(prompts, np.ones(rows), rng)
    fewer = int(min(y[on].sum(), rows - y[on].sum()))
    own_auc = auc(order[on], y[on], drawn.weights)
    own_precision = precision(order[on], y[on], drawn.weights, rate)
    top = max(1, round(rate * rows))

    def against(name: str, score: Floats) -> Against:
        other_auc = auc(score, y[on], drawn.weights)
        other_precision = precision(score, y[on], drawn.weights, rate)
        return Against(
            name,
            share_interval(other_auc, drawn.groups, fewer, 1.0),
            difference_interval(own_auc, other_auc, drawn.groups),
            share_interval(other_precision, drawn.groups, top, 1.0),
            difference_interval(own_precision, other_precision, drawn.groups),
        )

    best = _best_scorer(decided.others[on], y[on])
    rule = decided.rule[on]
    has_rule = bool(np.isfinite(rule).all()) and len(np.unique(rule)) > 1
    return Report(
        decisions=len(y),
        accepted=int(y.sum()),
        prompts=len(np.unique(decided.prompts)),
        judged=rows,
        basis="audit" if by_chance else "chosen",
        rate=rate,
        auc=share_interval(own_auc, drawn.groups, fewer),
        precision=share_interval(own_precision, drawn.groups, top),
        best=None if best is None else against(decided.names[best[0]], best[1]),
        rule=against("the present rule", rule) if has_rule else None,
        calibration=_calibration(log_odds[on], y[on], drawn.weights, drawn.groups),
        curve=tuple(curve),
        further=_further(curve, len(y)),
        penalty=penalty,
    )


def _best_scorer(others: Floats, y: Floats) -> tuple[int, Floats] | None:
    """Which scorer tells accepted from rejected best, whichever way round, and its scores, the better ones higher."""
    best: tuple[float, int, Floats] | None = None
    for i, column in enumerate(others.T):
        score = np.where(np.isfinite(column), column, np.nanmean(column) if np.isfinite(column).any() else 0.0)
        value = float(auc(score, y, np.ones((1, len(y))))[0])
        score = score if value >= 0.5 else -score
        if best is None or max(value, 1 - value) > best[0]:
            best = max(value, 1 - value), i, score
    return None if best is None else best[1:]


def _calibration(log_odds: Floats, y: Floats, weights: Floats, groups: int) -> tuple[Bin, ...]:
    """Candidates by the chance they were given, in bins of about as many."""
    chance = logistic.sigmoid(log_odds)
    bins = np.array_split(np.argsort(chance, kind="stable"), min(CALIBRATION_BINS, max(1, len(y) // 10)))
    calibration = []
    for rows in bins:
        share = weights[:, rows]
        with np.errstate(invalid="ignore", divide="ignore"):
            values = (share * y[rows]).sum(1) / share.sum(1)
        calibration.append(Bin(float(chance[rows].mean()), share_interval(values, groups, len(rows)), len(rows)))
    return tuple(calibration)


def curve_of(rows: Rows, prompts: Ints, chosen: dict[int, Choice], rng: np.random.Generator) -> list[Point]:
    """The AUC on the same folds where fewer prompts were decided, and last where all were; pairs are the same throughout."""
    points, y, folds = [], rows.y[: rows.count], rows.folds[: rows.count]
    for share in (*CURVE_SHARES, 1.0):
        values, sizes = [], []
        for _ in range(CURVE_REPEATS if share < 1 else 1):
            z, size = np.zeros(len(y)), []
            for fold, choice in chosen.items():
                train, test = _some(prompts, folds != fold, share, rng), folds == fold
                if both_kinds(y, train):
                    also = (rows.folds != fold)[rows.count :]
                    beta = choice.fit(rows, np.concatenate([train, also]))
                    z[test] = logistic.predict(rows.x[: rows.count][test], beta) - beta[-1]
                size.append(int(train.sum()))
            values.append(float(auc(z, y, np.ones((1, len(y))))[0]))
            sizes.append(float(np.mean(size)))
        points.append(Point(round(float(np.mean(sizes))), float(np.mean(values)), float(np.std(values))))
    return points


def _some(prompts: Ints, rows: NDArray[np.bool_], share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Of `rows` those of a share of their prompts, chosen by chance."""
    names = np.unique(prompts[rows])
    kept = rng.permutation(names)[: max(1, round(share * len(names)))]
    return rows & np.isin(prompts, kept)


def _further(curve: Sequence[Point], decisions: int) -> float | None:
    """By how much FURTHER more decisions would raise the AUC if it goes on as 1/√n did: the line through the curve in 1/√n,
    never falling."""
    if len({point.decisions for point in curve}) < 3:
        return None
    at = 1 / np.sqrt([max(1, point.decisions) for point in curve])
    line = np.polyfit(at, [point.auc for point in curve], 1)
    return max(0.0, float(line[0] * (1 / np.sqrt(decisions + FURTHER) - 1 / np.sqrt(decisions))))
