"""Orders that learn most from each decision: by how unsure a score is, and by how candidates differ from one another.

All are pure functions of arrays. Functions that compare candidates with each other look at a bounded part of them (`POOL`), so
that a round of a million costs what one of ten thousand does; the rest follow in the order they had."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.arrays import Bools, Floats, Ints

POOL = 4_096  # candidates that are compared with each other
PICKED = 512  # candidates of the pool that are chosen one by one
KINDS = 64  # clusters; one candidate of each is shown first
WIDTH = 64  # dimensions of a direction
COMPARED = 1_024  # decided candidates that the next ones should differ from


def uncertainty(log_odds: Floats) -> Floats:
    """4·p·(1 − p) of p = σ(log odds), in [0, 1]: 1 if both are equally likely, 0 if it is sure or unknown (NaN)."""
    odds = np.exp(-np.abs(np.where(np.isnan(log_odds), np.inf, log_odds)))
    values: Floats = 4.0 * odds / (1.0 + odds) ** 2
    return values


def against_rule(log_odds: Floats, automatic: Bools) -> Floats:
    """By how many nats the score speaks against the rule's decision; negative if both agree, −∞ if there is no score."""
    return np.where(np.isnan(log_odds), -np.inf, np.where(automatic, -log_odds, log_odds))


def directions(features: ArrayLike) -> Floats:
    """Features (n, width) as directions from their mean, of length 1: hidden states share a large part that does not depend on
    the text. A row equal to the mean has length 0. Features wider than `WIDTH` are reduced to that by fixed random
    projections, which keep distances to some 10 % (Johnson & Lindenstrauss 1984)."""
    centred = np.asarray(features, np.float64)
    centred = centred - centred.mean(axis=0) if len(centred) else centred
    width = centred.shape[1]
    if width > WIDTH:
        centred = centred @ (np.random.default_rng(0).normal(size=(width, WIDTH)) / np.sqrt(WIDTH))
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    values: Floats = np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-9)
    return values


def farthest_first(points: Floats, weights: Floats, known: Floats, most: int) -> Ints:
    """The rows of `points` (n, d) to take, one after the other, each the row with the largest weight × distance to the nearest
    of those taken and of `known` (k, d): the greedy k-centre algorithm (Gonzalez 1985), weighted. At most `most`; none that
    coincides with an earlier one."""
    n = len(points)
    gap = np.full(n, np.inf)
    for block in np.array_split(known, max(1, len(known) // 256)) if len(known) else ():
        gap = np.minimum(gap, _distances(points, block).min(axis=1))
    chosen: list[int] = []
    while len(chosen) < min(most, n):
        if np.isinf(gap).all():
            row = int(np.argmax(weights))
        else:
            gain = weights * gap
            row = int(np.argmax(gain))
            if gain[row] <= 0:
                break
        chosen.append(row)
        gap = np.minimum(gap, _distances(points, points[row : row + 1])[:, 0])
        gap[row] = 0.0
    return np.array(chosen, np.int64)


def teaches_most(features: Floats, unsure: Floats, decided: Floats) -> Ints:
    """The rows of a pool in the order in which a decision on each teaches most: unsure, and unlike those before it and those
    already decided. `features` (n, width), `unsure` (n,) in [0, 1], `decided` (k, width)."""
    points = directions(np.concatenate([features, decided]))
    taken = farthest_first(points[: len(features)], unsure, points[len(features) :], PICKED)
    return _then(taken, np.argsort(-unsure, kind="stable"))


def one_of_each(features: Floats) -> Ints:
    """The rows of a pool, one of each kind first, then a second of each, and so on: kinds are `KINDS` clusters around centres
    that lie as far apart as possible; in each the most typical comes first, and larger clusters come before smaller ones."""
    points = directions(features)
    centres = farthest_first(points, np.ones(len(points)), np.zeros((0, points.shape[1])), KINDS)
    apart = _distances(points, points[centres])
    kind = np.argmin(apart, axis=1)
    order = np.lexsort((apart[np.arange(len(points)), kind], kind))
    size = np.bincount(kind, minlength=len(centres))
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    turn = np.empty(len(points), np.int64)
    turn[order] = np.arange(len(points)) - start[kind[order]]
    return np.lexsort((kind, -size[kind], turn))


def ranked(rows: Ints, rest: Floats) -> Floats:
    """A sort key (n,): `rows` come first, in their order, then the others by `rest` (n,), smallest first."""
    n = len(rest)
    key = np.empty(n)
    key[np.argsort(rest, kind="stable")] = len(rows) + np.arange(n)
    key[rows] = np.arange(len(rows))
    return key


def most(values: Floats, among: Bools, count: int) -> Ints:
    """The rows of the `count` largest `values` (n,) among the rows with `among`, the largest first, ties by row."""
    rows = np.flatnonzero(among) if count else np.zeros(0, np.int64)
    if len(rows) > count:
        border = np.partition(values[rows], len(rows) - count)[len(rows) - count]
        above, alike = rows[values[rows] > border], rows[values[rows] == border]
        rows = np.concatenate([above, alike[: count - len(above)]])
    return rows[np.lexsort((rows, -values[rows]))]


def _then(taken: Ints, rest: Ints) -> Ints:
    return np.concatenate([taken, rest[~np.isin(rest, taken)]])


def _distances(points: Floats, others: Floats) -> Floats:
    """Euclidean distances, (n, k); between equal points exactly 0."""
    squared = (points**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None, :] - 2.0 * points @ others.T
    return np.sqrt(np.where(squared > 1e-12, squared, 0.0))
