"""Candidates as coordinates that a regression is fitted to, and the way back to their features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.learning.decided import Compared, Decided, FeatureRows
from rsf_core.learning.folds import by_prompt

LARGEST_DIMENSIONS = 32  # of the hidden states that are looked at
# times as much as one dimension of the hidden states: there are few, and each was made to mean something
OTHERS_COUNT = 3.0


@dataclass(frozen=True, slots=True)
class Linear:
    """The log-odds of a candidate: hidden · `hidden` + Σ `others` · (score − mean) / deviation + `intercept`, where a score
    that is not there counts as the mean."""

    hidden: Floats
    others: Floats
    means: Floats
    deviations: Floats
    intercept: float


@dataclass(frozen=True, slots=True)
class Space:
    """Standardised hidden states turned to their principal axes, and standardised scores beside them. No label has entered."""

    mean: Floats
    axes: Floats  # (width, r): from a hidden state less its mean to coordinates
    means: Floats
    deviations: Floats

    def coordinates(self, of: Decided | FeatureRows) -> Floats:
        hidden = (of.hidden - self.mean) @ self.axes
        others = np.nan_to_num((of.others - self.means) / self.deviations)
        return np.concatenate([hidden, OTHERS_COUNT * others], axis=1)

    def linear(self, beta: Floats, slope: float, intercept: float) -> Linear:
        """`beta` of the coordinates, calibrated by slope · z + intercept, for raw features."""
        r = self.axes.shape[1]
        hidden = slope * (self.axes @ beta[:r])
        constant = slope * float(beta[-1]) + intercept - float(self.mean @ hidden)
        return Linear(hidden, slope * OTHERS_COUNT * beta[r:-1], self.means, self.deviations, constant)


def space_of(decided: Decided, compared: Compared | None = None) -> Space:
    """Of all that was read, decided or compared."""
    seen: list[Decided | FeatureRows] = [decided, *((compared.left, compared.right) if compared is not None else ())]
    hidden = np.concatenate([of.hidden for of in seen]).astype(np.float64)
    scores = np.concatenate([of.others for of in seen])
    mean = hidden.mean(0) if hidden.shape[1] else np.zeros(0)
    deviation = hidden.std(0)
    standard = (hidden - mean) / np.where(deviation > 1e-8, deviation, np.inf)
    _, size, turned = np.linalg.svd(standard, full_matrices=False)
    count = int(min(LARGEST_DIMENSIONS, max(1, len(hidden) // 3), (size > 1e-8 * max(1.0, size.max(initial=0))).sum()))
    axes = turned[:count].T / np.where(deviation > 1e-8, deviation, np.inf)[:, None]
    if count:  # the first axes keep more weight than the later ones; on the whole each is about 1
        axes = axes / np.sqrt(np.mean(size[:count] ** 2) / len(hidden))
    with np.errstate(invalid="ignore"):
        there = np.isfinite(scores)
        counts = np.maximum(there.sum(0), 1)
        filled = np.where(there, scores, 0.0)
        means = filled.sum(0) / counts
        spread = np.sqrt(np.where(there, (filled - means) ** 2, 0.0).sum(0) / counts)
    return Space(mean, axes, means, np.where(spread > 1e-12, spread, 1.0))


@dataclass(frozen=True, slots=True)
class Rows:
    """What is fitted to: the decisions, and after them the pairs, (n + m,). `intercepts`: 1 for a decision, 0 for a
    pair, which has no intercept. `weights`: 1 for a decision. A prompt's decisions and pairs are of one fold."""

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
        """Of decisions."""
        return int(self.intercepts.sum())


def rows_of(space: Space, decided: Decided, folds: Ints, compared: Compared | None, seed: int) -> Rows:
    x, y = space.coordinates(decided), decided.accepted.astype(np.float64)
    if compared is None:
        return Rows(x, y, np.ones(len(y)), np.ones(len(y)), folds)
    of_prompt = dict(zip(decided.prompts.tolist(), folds.tolist(), strict=True))
    new = np.array([prompt not in of_prompt for prompt in compared.prompts.tolist()], np.bool_)
    rng = np.random.default_rng([seed, len(y), len(compared)])
    if new.any():  # prompts of which nothing is decided: to the same folds, by chance
        own = by_prompt(compared.prompts[new], len(np.unique(folds)), rng)
        of_prompt |= dict(zip(compared.prompts[new].tolist(), own.tolist(), strict=True))
    pairs = space.coordinates(compared.left) - space.coordinates(compared.right)
    return Rows(
        np.concatenate([x, pairs]),
        np.concatenate([y, compared.preferred]),
        np.concatenate([np.ones(len(y)), np.zeros(len(compared))]),
        np.concatenate([np.ones(len(y)), compared.weights]),
        np.concatenate([folds, [of_prompt[prompt] for prompt in compared.prompts.tolist()]]).astype(np.int64),
    )
