"""The active orders of a round: what each sorts by, from the score learned from decisions and from features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.domain.errors import StageError
from rsf_core.review import active
from rsf_core.review.audit import audit_key
from rsf_core.review.filters import Order
from rsf_core.review.index import ReviewIndex

TASTE = "taste"  # the scorer whose score is the log-odds that people accept
ACTIVE = (Order.TEACHES, Order.KINDS, Order.UNSURE, Order.AGAINST)
NO_FEATURES = (
    "this order compares candidates by their features, and this round has none yet: compute them on the Scorers page, "
    "or with `rsf embed DIR`"
)
NO_TASTE = (
    "this order needs a scorer that was learned from your decisions, and this round has no score of one yet: see the Scorers "
    "page"
)


class FeatureSource(Protocol):
    """The features of a round's candidates, by their places."""

    def has(self, round_number: int, places: Ints) -> NDArray[np.bool_]: ...

    def of_round(self, round_number: int, places: Ints) -> NDArray[np.float32]:
        """The features (n, width); all of `places` must have them."""
        ...


class NoFeatures:
    """A source without any features."""

    def has(self, round_number: int, places: Ints) -> NDArray[np.bool_]:
        return np.zeros(len(places), np.bool_)

    def of_round(self, round_number: int, places: Ints) -> NDArray[np.float32]:
        raise StageError(NO_FEATURES)


def taste_of(scorers: Sequence[str], learned: Sequence[str]) -> str | None:
    """The scorer of a round that was learned from decisions, the newest of several, or None. `learned` lists all learned
    scorers, the oldest first: the name of a version does not show its age."""
    places = {name: place for place, name in enumerate(learned)}
    of_round = [name for name in scorers if name.partition("(")[0] == TASTE]
    return max(of_round, key=lambda name: places.get(name, -1), default=None)


def active_key(
    order: Order, index: ReviewIndex, round_number: int, features: FeatureSource, log_odds: Floats | None, seed: int
) -> Floats:
    """What an active order sorts by, smallest first, shape (n,). `log_odds` (n,) that people accept, NaN if there is no
    score; without them the distance to the boundary measures how unsure a decision is. Raises StageError, which names what
    to do first."""
    odds = index.margin if log_odds is None else log_odds
    if order is Order.UNSURE:
        return np.abs(odds)
    if order is Order.AGAINST:
        if log_odds is None or np.isnan(log_odds).all():
            raise StageError(NO_TASTE)
        return -active.against_rule(log_odds, index.automatic)
    places = index.table.places
    known = features.has(round_number, places)
    if not known.any():
        raise StageError(NO_FEATURES)
    chance = audit_key(places, seed)

    def read(rows: Ints) -> NDArray[np.float32]:
        return features.of_round(round_number, places[rows]) if len(rows) else np.zeros((0, 1), np.float32)

    if order is Order.KINDS:
        pool = active.most(-chance, known, active.POOL)
        return active.ranked(pool[active.one_of_each(read(pool).astype(np.float64))], chance)
    unsure = active.uncertainty(odds)
    pool = active.most(unsure, known & (index.votes == 0), active.POOL)
    if not len(pool):
        return -unsure
    drawn = read(pool).astype(np.float64)
    decided = active.most(-chance, known & (index.votes != 0), active.COMPARED)
    before = read(decided).astype(np.float64) if len(decided) else np.zeros((0, drawn.shape[1]))
    return active.ranked(pool[active.teaches_most(drawn, unsure[pool], before)], -unsure)
