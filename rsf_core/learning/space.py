"""Candidates as coordinates for the regression, and the way back to their features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.learning.decided import Compared, Decided, FeatureRows

LARGEST_DIMENSIONS = 32  # principal axes of the hidden states that are kept
# scale of a score relative to a dimension of the hidden states: scores are few, and each was made to mean something
OTHERS_COUNT = 3.0


@dataclass(frozen=True, slots=True)
class Linear:
    """The log-odds of a candidate: hidden · `hidden` + Σ `others` · (score − mean) / deviation + `intercept`; a missing score
    counts as the mean."""

    hidden: Floats
    others: Floats
    means: Floats
    deviations: Floats
    intercept: float


@dataclass(frozen=True, slots=True)
class Space:
    """Standardised hidden states on their principal axes, followed by standardised scores. No labels are used."""

    mean: Floats
    axes: Floats  # (width, r): from a hidden state less its mean to coordinates
    means: Floats
    deviations: Floats

    def coordinates(self, of: Decided | FeatureRows) -> Floats:
        hidden = (of.hidden - self.mean) @ self.axes
        others = np.nan_to_num((of.others - self.means) / self.deviations)
        return np.concatenate([hidden, OTHERS_COUNT * others], axis=1)

    def linear(self, weights: Floats, slope: float, intercept: float) -> Linear:
        """slope · (coordinates · `weights`) + intercept, for raw features."""
        r = self.axes.shape[1]
        hidden = slope * (self.axes @ weights[:r])
        constant = intercept - float(self.mean @ hidden)
        return Linear(hidden, slope * OTHERS_COUNT * weights[r:], self.means, self.deviations, constant)


def space_of(decided: Decided, compared: Compared | None = None, among: NDArray[np.bool_] | None = None) -> Space:
    """The space of all decisions and pairs, or of those in `among` (n + m,)."""
    n = len(decided)
    every = np.ones(n + (len(compared) if compared is not None else 0), np.bool_) if among is None else among
    seen: list[tuple[Decided | FeatureRows, NDArray[np.bool_]]] = [(decided, every[:n])]
    seen += [(side, every[n:]) for side in ((compared.left, compared.right) if compared is not None else ())]
    hidden = np.concatenate([of.hidden[rows] for of, rows in seen]).astype(np.float64)
    scores = np.concatenate([of.others[rows] for of, rows in seen])
    mean = hidden.mean(0) if hidden.shape[1] else np.zeros(0)
    deviation = hidden.std(0)
    standard = (hidden - mean) / np.where(deviation > 1e-8, deviation, np.inf)
    size, turned = _principal(standard, min(LARGEST_DIMENSIONS, max(1, len(hidden) // 3)))
    count = len(size)
    axes = turned / np.where(deviation > 1e-8, deviation, np.inf)[:, None]
    if count:  # the first axes keep more weight than later ones; on average the variance is 1
        axes = axes / np.sqrt(np.mean(size) / len(hidden))
    with np.errstate(invalid="ignore"):
        there = np.isfinite(scores)
        counts = np.maximum(there.sum(0), 1)
        filled = np.where(there, scores, 0.0)
        means = filled.sum(0) / counts
        spread = np.sqrt(np.where(there, (filled - means) ** 2, 0.0).sum(0) / counts)
    return Space(mean, axes, means, np.where(spread > 1e-12, spread, 1.0))


def _principal(x: Floats, most: int) -> tuple[Floats, Floats]:
    """At most `most` of the largest eigenvalues of xᵀx, in descending order, and their vectors (width, count). They come from
    the smaller of xᵀx and xxᵀ, because `x` (n, width) has either many rows or many columns."""
    n, width = x.shape
    small = min(n, width)
    if not small:
        return np.zeros(0), np.zeros((width, 0))
    product = x.T @ x if width <= n else x @ x.T
    value, vector = eigh(product, subset_by_index=(max(0, small - most), small - 1))
    value, vector = value[::-1], vector[:, ::-1]
    there = value > 1e-12 * max(1.0, float(value.max(initial=0.0)))
    value, vector = value[there], vector[:, there]
    return value, vector if width <= n else x.T @ vector / np.sqrt(value)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of the regression: the decisions, then the pairs, (n + m,). `intercepts`: 1 for a decision, 0 for a pair, which
    has no intercept. `weights`: 1 for a decision. A prompt's decisions and pairs share a fold."""

    x: Floats
    y: Floats
    intercepts: Floats
    weights: Floats
    folds: Ints

    @property
    def decided(self) -> NDArray[np.bool_]:
        return self.intercepts > 0

    @property
    def count(self) -> int:
        """The number of decisions."""
        return int(self.intercepts.sum())


def rows_of(space: Space, decided: Decided, compared: Compared | None, folds: Ints) -> Rows:
    """The rows of decisions and pairs in `space`; `folds` (n + m,) from `folds_of`."""
    x, y, n = space.coordinates(decided), decided.accepted.astype(np.float64), len(decided)
    if compared is None:
        return Rows(x, y, np.ones(n), np.ones(n), folds)
    pairs = space.coordinates(compared.left) - space.coordinates(compared.right)
    return Rows(
        np.concatenate([x, pairs]),
        np.concatenate([y, compared.preferred]),
        np.concatenate([np.ones(n), np.zeros(len(compared))]),
        np.concatenate([np.ones(n), compared.weights]),
        folds,
    )
