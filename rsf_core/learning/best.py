"""The scorer that tells accepted from rejected best, and what choosing it on the same decisions flatters it by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.learning.measures import auc, precision


@dataclass(frozen=True, slots=True)
class Best:
    """The scorer in `column`; `auc` and `precision` (b,) as of the decisions and of prompts drawn again, less what choosing
    flatters them by, which of the AUC is `flattered`; `falling` where its lower values are the better ones."""

    column: int
    auc: Floats
    precision: Floats
    flattered: float
    falling: bool


def best_scorer(others: Floats, y: Floats, weights: Floats, rate: float) -> Best | None:
    """Which of `others` (n, e), NaN where there is no score, tells accepted from rejected best, whichever way round, for
    `weights` (b, n), the first of which are the decisions as they are. None where there is none.

    It is chosen again on resampled prompts. How much better it looks on them than on the decisions is the optimism of
    choosing (Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 17)."""
    if not others.shape[1]:
        return None
    columns = [_filled(column) for column in others.T]
    areas = np.array([auc(column, y, weights) for column in columns])
    ways = np.where(areas >= 0.5, 1, -1)
    towards = np.where(ways > 0, areas, 1 - areas)
    told = np.flatnonzero(np.isfinite(areas[0]))  # the replicates with both kinds
    chosen: Ints = np.argmax(towards, axis=0)
    at = np.arange(len(weights))
    way = ways[chosen, at]
    here = np.where(way > 0, areas[chosen, 0], 1 - areas[chosen, 0])  # on the decisions, of what each replicate chose
    flattered = float(np.mean((towards[chosen, at] - here)[told]))
    scores = way[:, None] * np.array(columns)[chosen]
    shares = {
        (column, side): precision(side * columns[column], y, weights[:1], rate)[0]
        for column, side in set(zip(chosen.tolist(), way.tolist(), strict=True))
    }
    at_first = [shares[one] for one in zip(chosen.tolist(), way.tolist(), strict=True)]
    more = float(np.mean((precision(scores, y, weights, rate) - at_first)[told]))
    best, side = int(chosen[0]), int(way[0])
    own = areas[best] if side > 0 else 1 - areas[best]
    share = precision(side * columns[best], y, weights, rate) - more
    return Best(best, own - flattered, share, flattered, side < 0)


def _filled(column: Floats) -> Floats:
    """Where there is no score, the mean."""
    there = np.isfinite(column)
    filled: Floats = np.where(there, column, column[there].mean() if there.any() else 0.0)
    return filled
