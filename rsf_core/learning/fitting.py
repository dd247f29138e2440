"""How the regression is fitted: its penalty chosen by folds within folds, its log-odds calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.learning import logistic
from rsf_core.learning.decided import Compared, Decided
from rsf_core.learning.folds import both_kinds
from rsf_core.learning.space import Rows, rows_of, space_of

INNER_FOLDS = 4  # used to choose the penalty
# weights of the hidden states to try: if the scores explain everything, hidden states only add noise
HIDDEN_COUNT = (1.0, 0.2)
PENALTIES = (1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)


@dataclass(frozen=True, slots=True)
class Choice:
    """How to fit. `ridge` (d,) is the penalty per coordinate: `penalty` for a score, more for hidden states if they count
    less."""

    penalty: float
    ridge: Floats

    def fit(self, rows: Rows, train: NDArray[np.bool_]) -> Floats:
        """The weights of `x` and, last, the intercept."""
        return logistic.fit(rows.x[train], rows.y[train], self.ridge, rows.intercepts[train], rows.weights[train])


def choose(rows: Rows, among: NDArray[np.bool_], others: int) -> Choice:
    """The choice with the lowest cross-validated loss on the decisions in `among`. The last `others` coordinates are
    scores."""
    hidden = rows.x.shape[1] - others
    choices = [
        Choice(penalty, penalty / np.repeat([count, 1.0], [hidden, others]) ** 2)
        for count in HIDDEN_COUNT
        for penalty in PENALTIES
    ]
    ridges = np.array([choice.ridge for choice in choices])
    totals, inner = np.zeros(len(choices)), rows.folds % INNER_FOLDS
    for fold in np.unique(inner[among & rows.decided]):
        train, test = among & (inner != fold), among & (inner == fold) & rows.decided
        if not both_kinds(rows.y, train & rows.decided):
            continue
        betas = logistic.fit_each(rows.x[train], rows.y[train], ridges, rows.intercepts[train], rows.weights[train])
        z = betas[:, :-1] @ rows.x[test].T + betas[:, -1:]
        totals += (np.logaddexp(0, z) - rows.y[test] * z).sum(axis=1)
    return choices[int(np.argmin(totals))]


@dataclass(frozen=True, slots=True)
class Fold:
    """A model fitted without one fold. `rows` holds all rows, in a space made from the other folds alone; `train` (n + m,)
    marks the rows it was fitted to, `test` (n,) the decisions of the fold; `beta` is the result of `Choice.fit`."""

    rows: Rows
    train: NDArray[np.bool_]
    test: NDArray[np.bool_]
    choice: Choice
    beta: Floats

    def order(self, beta: Floats | None = None) -> Floats:
        """The log-odds of the test rows under its own or another `beta`, without the intercept and divided by their spread, so
        that they can be compared across folds.

        The intercept follows the share accepted in the other folds, which is low when this fold's share is high: across folds
        it would put accepted candidates below rejected ones. The spread follows the penalty, which differs between folds."""
        beta = self.beta if beta is None else beta
        z: Floats = self.rows.x[: self.rows.count][self.test] @ beta[:-1]
        return z / spread(self.rows, self.train, beta)

    def orders(self, times: Floats) -> Floats:
        """`order`, (b, test), of the model fitted with each row counted `times` (b, n + m) as often."""
        change = logistic.response(
            self.rows.x[self.train],
            self.rows.y[self.train],
            self.choice.ridge,
            self.beta,
            self.rows.intercepts[self.train],
            self.rows.weights[self.train],
            times[:, self.train],
        )
        z: Floats = (self.beta + change)[:, :-1] @ self.rows.x[: self.rows.count][self.test].T
        return z / spread(self.rows, self.train, self.beta)


def spread(rows: Rows, train: NDArray[np.bool_], beta: Floats) -> float:
    """The standard deviation of the log-odds of the training decisions; 1 if it is 0."""
    return float((rows.x[train & rows.decided] @ beta[:-1]).std()) or 1.0


def out_of_fold(decided: Decided, compared: Compared | None, folds: Ints) -> list[Fold]:
    """For each fold of the decisions, the model fitted without it: no prompt of the fold contributes to the feature axes, the
    penalty or the weights. `folds` (n + m,). A fold is left out if the others hold only one kind of decision."""
    fitted, count = [], decided.others.shape[1]
    for fold in np.unique(folds[: len(decided)]):
        train = folds != fold
        rows = rows_of(space_of(decided, compared, train), decided, compared, folds)
        if both_kinds(rows.y, train & rows.decided):
            choice = choose(rows, train, count)
            fitted.append(Fold(rows, train, ~train[: len(decided)], choice, choice.fit(rows, train)))
    return fitted


def order_of(fitted: Sequence[Fold], count: int) -> Floats:
    """`order` of all decisions, (count,); 0 for folds without a model."""
    order = np.zeros(count)
    for one in fitted:
        order[one.test] = one.order()
    return order


def orders_of(fitted: Sequence[Fold], times: Floats, count: int) -> Floats:
    """`orders` of all decisions, (b, count), with each row counted `times` (b, n + m) as often."""
    orders = np.zeros((len(times), count))
    for one in fitted:
        orders[:, one.test] = one.orders(times)
    return orders
