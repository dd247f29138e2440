"""The scorer that best separates accepted from rejected, and the optimism of choosing it on the same decisions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.learning.measures import auc, precision


@dataclass(frozen=True, slots=True)
class Best:
    """The scorer in `column`. `auc` and `precision` (b,) are those of the decisions and of resampled prompts, less the
    optimism of the choice. `flattered` is that optimism for the AUC. `falling`: lower scores are better."""

    column: int
    auc: Floats
    precision: Floats
    flattered: float
    falling: bool


def best_scorer(others: Floats, y: Floats, weights: Floats, rate: float) -> Best | None:
    """The column of `others` (n, e; NaN: no score) that best separates accepted from rejected, in either direction. The first
    row of `weights` (b, n) counts each decision once, the rest are resamples. None if there are no columns.

    The choice is repeated on each resample. How much better the chosen column looks there than on the decisions is the
    optimism of choosing (Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 17)."""
    if not others.shape[1]:
        return None
    columns = [_filled(column) for column in others.T]
    areas = np.array([auc(column, y, weights) for column in columns])
    ways = np.where(areas >= 0.5, 1, -1)
    towards = np.where(ways > 0, areas, 1 - areas)
    valid = np.flatnonzero(np.isfinite(areas[0]))  # the replicates with both accepted and rejected
    chosen: Ints = np.argmax(towards, axis=0)
    at = np.arange(len(weights))
    way = ways[chosen, at]
    here = np.where(way > 0, areas[chosen, 0], 1 - areas[chosen, 0])  # AUC on the decisions of each replicate's choice
    flattered = float(np.mean((towards[chosen, at] - here)[valid]))
    scores = way[:, None] * np.array(columns)[chosen]
    shares = {
        (column, side): precision(side * columns[column], y, weights[:1], rate)[0]
        for column, side in set(zip(chosen.tolist(), way.tolist(), strict=True))
    }
    at_first = [shares[one] for one in zip(chosen.tolist(), way.tolist(), strict=True)]
    more = float(np.mean((precision(scores, y, weights, rate) - at_first)[valid]))
    best, side = int(chosen[0]), int(way[0])
    own = areas[best] if side > 0 else 1 - areas[best]
    share = precision(side * columns[best], y, weights, rate) - more
    return Best(best, own - flattered, share, flattered, side < 0)


def _filled(column: Floats) -> Floats:
    """The column with each missing score replaced by the mean."""
    there = np.isfinite(column)
    filled: Floats = np.where(there, column, column[there].mean() if there.any() else 0.0)
    return filled
