"""How the regression is fitted: its penalty chosen by folds within folds, its log-odds calibrated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.learning import logistic
from rsf_core.learning.folds import both_kinds
from rsf_core.learning.space import Rows

INNER_FOLDS = 4  # by which the penalty is chosen
# times as much as that the hidden states may count: where scores say it all they only add noise
HIDDEN_COUNT = (1.0, 0.2)
PENALTIES = (1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)  # falling; see logistic.path


@dataclass(frozen=True, slots=True)
class Choice:
    """How to fit: the penalty, and `scale` (d,) by which each coordinate may count."""

    penalty: float
    scale: Floats

    def fit(self, rows: Rows, train: NDArray[np.bool_]) -> Floats:
        """Weights of `x` as it is, and the intercept."""
        x, intercepts, counts = rows.x[train] * self.scale, rows.intercepts[train], rows.weights[train]
        return self.unscaled(logistic.fit(x, rows.y[train], self.penalty, intercepts=intercepts, counts=counts))

    def unscaled(self, beta: Floats) -> Floats:
        weights: Floats = beta * np.append(self.scale, 1.0)
        return weights


def choose(rows: Rows, among: NDArray[np.bool_], others: int) -> Choice:
    """The way under which the folds `among` the rows predict each other's decisions best. The last `others` coordinates are
    scores."""
    scales = [np.repeat([count, 1.0], [rows.x.shape[1] - others, others]) for count in HIDDEN_COUNT]
    choices = [[Choice(penalty, scale) for penalty in PENALTIES] for scale in scales]
    totals, inner = np.zeros((len(scales), len(PENALTIES))), rows.folds % INNER_FOLDS
    for fold in np.unique(inner[among & rows.decided]):
        train, test = among & (inner != fold), among & (inner == fold) & rows.decided
        if not both_kinds(rows.y, train & rows.decided):
            continue
        for i, scale in enumerate(scales):
            for j, beta in enumerate(
                logistic.path(
                    rows.x[train] * scale, rows.y[train], PENALTIES, rows.intercepts[train], rows.weights[train]
                )
            ):
                z = logistic.predict(rows.x[test], choices[i][j].unscaled(beta))
                totals[i, j] += logistic.loss(z, rows.y[test]) * test.sum()
    best = np.unravel_index(int(np.argmin(totals)), totals.shape)
    return choices[int(best[0])][int(best[1])]


def out_of_fold(rows: Rows, others: int) -> tuple[Floats, Floats, dict[int, Choice]]:
    """Log-odds of each decision by a model that has not seen its prompt, (n,); the same without the intercept, by which those
    of different folds are compared; and how each fold's was fitted, chosen by the others alone.

    The intercept follows the share of accepted ones in the other folds, which is low where it is high in the own fold:
    across folds it would put accepted ones below rejected ones."""
    z, order = np.zeros(rows.count), np.zeros(rows.count)
    chosen: dict[int, Choice] = {}
    for fold in np.unique(rows.folds[rows.decided]):
        train, test = rows.folds != fold, (rows.folds == fold)[: rows.count]
        if both_kinds(rows.y, train & rows.decided):
            chosen[int(fold)] = choose(rows, train, others)
            beta = chosen[int(fold)].fit(rows, train)
            z[test] = logistic.predict(rows.x[: rows.count][test], beta)
            order[test] = z[test] - beta[-1]
    return z, order, chosen


def cross_calibrated(z: Floats, y: Floats, folds: Ints) -> Floats:
    """Each row's log-odds calibrated by the other folds."""
    calibrated = np.empty(len(z))
    for fold in np.unique(folds):
        mine = folds == fold
        slope, intercept = logistic.platt(z[~mine], y[~mine])
        calibrated[mine] = slope * z[mine] + intercept
    return calibrated
