"""Rows of a round in an order: the first of them, without sorting all, and how differently scorers rank. Pure."""

from __future__ import annotations

import numpy as np

from rsf_core.domain.arrays import Bools, Floats, Ints

SPARSE = 50  # a view with fewer than one row in this many is picked first and then sorted


def first(order: tuple[Ints, Ints], chosen: Bools, start: int, limit: int) -> Ints:
    """The first `limit` rows of `chosen` (n,) with rank `start` or later in `order` (rows, and the rank of each)."""
    ordered, rank = order
    if np.count_nonzero(chosen) * SPARSE < len(chosen):
        rows = np.flatnonzero(chosen)
        return page(rows, rank[rows].astype(np.float64), (start - 0.5, 0), limit)
    parts: list[Ints] = []
    missing, step = limit, 4 * limit
    while missing > 0 and start < len(ordered):
        part = ordered[start : start + step]
        parts.append(part[chosen[part]][:missing])
        missing, start, step = missing - len(parts[-1]), start + step, 2 * step
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def page(rows: Ints, key: Floats, after: tuple[float, int] | None, limit: int) -> Ints:
    """The first `limit` of `rows` by (key, row), or those that come after (key, row) `after`, which need not be one of
    them, without sorting all of them."""
    if after is not None:
        later = (key > after[0]) | ((key == after[0]) & (rows > after[1]))
        rows, key = rows[later], key[later]
    if len(rows) > limit:
        border = np.partition(key, limit - 1)[limit - 1]
        near = key <= border  # with all ties at the border, so that they are cut by place
        rows, key = rows[near], key[near]
    return rows[np.lexsort((rows, key))[:limit]]


def spread(columns: list[Floats]) -> Floats:
    """How differently the scorers rank each candidate: the largest less the smallest of its ranks, in [0, 1]. Equal scores
    share the average of their ranks, a missing score (NaN) has no rank, and a scorer with equal scores for all is left out."""
    ranks = []
    for column in columns:
        known = ~np.isnan(column)
        values, which, counts = np.unique(column[known], return_inverse=True, return_counts=True)
        if len(values) > 1:
            rank = np.full(len(column), np.nan)
            average = np.cumsum(counts) - (counts + 1) / 2
            rank[known] = average[which] / (len(which) - 1)
            ranks.append(rank)
    if not ranks:
        return np.zeros(len(columns[0]))
    stacked = np.stack(ranks)
    widest: Floats = np.fmax.reduce(stacked) - np.fmin.reduce(stacked)
    return widest
