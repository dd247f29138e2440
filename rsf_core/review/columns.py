"""What filters and orders of a round go by, candidate by candidate: scores, matching texts, neighbours. Kept until the round
changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rsf_core.acceptance.target import reward
from rsf_core.domain import parse_candidate_id, place
from rsf_core.domain.arrays import Floats
from rsf_core.domain.errors import StageError, StoreError
from rsf_core.domain.settings import Settings, Target
from rsf_core.review.active_orders import ACTIVE, FeatureSource, active_key, taste_of
from rsf_core.review.filters import CandidateFilter, Order
from rsf_core.review.index import ReviewIndex
from rsf_core.review.ordering import spread
from rsf_core.review.similar import NEAREST, nearest
from rsf_core.scorers import answered, tastes
from rsf_core.store.store import Store

KEPT_SCORERS, KEPT_SCORES, KEPT_COLUMNS, KEPT_PLACES = 16, 16, 4, 16
T = TypeVar("T")


class Columns:
    """`index` gives the current state of a round, `target` the target that its candidates are decided by."""

    def __init__(
        self,
        store: Store,
        settings: Callable[[], Settings],
        target: Callable[[int], Target | None],
        features: FeatureSource,
        index: Callable[[int], ReviewIndex],
    ) -> None:
        self._store, self._settings, self._target = store, settings, target
        self._features, self._index = features, index
        self.scorers = kept(KEPT_SCORERS, self._read_scorers)
        self.score = kept(KEPT_SCORES, self._read_score)
        self._column = kept(KEPT_COLUMNS, self._read_column)
        self._active = kept(KEPT_COLUMNS, self._read_active)
        self._matching = kept(KEPT_PLACES, self._read_matching)
        self._alike = kept(KEPT_PLACES, self._read_alike)

    def mask(self, round_number: int, index: ReviewIndex, candidate_filter: CandidateFilter) -> NDArray[np.bool_]:
        """Which candidates pass the filter, shape (n,). Raises StoreError if it filters by answers: see `_read_scorers`."""
        hidden = [name for name in candidate_filter.scores if answered.is_one(name)]
        if hidden:
            raise StoreError(
                f"candidates are not filtered by {hidden[0]}: it tells a reviewer what others have answered. The Scorers page "
                "shows its highest and lowest"
            )
        scores = {name: self.score(round_number, name, index.version) for name in candidate_filter.scores}
        alike = (
            self._like(round_number, index, candidate_filter.like, candidate_filter.nearest or NEAREST)
            if candidate_filter.like
            else None
        )
        return index.mask(candidate_filter, scores, self.matches(round_number, index, candidate_filter), alike)

    def _like(self, round_number: int, index: ReviewIndex, name: str, count: int) -> NDArray[np.int64]:
        rows = rows_of(round_number, index, name)
        if not rows:
            raise StageError(f"round {round_number} has no candidate {name[:60]!r} that others could be like")
        to = int(index.table.places[rows[0]])
        return self._alike(round_number, to, count, (index.version, self._embedded(round_number, index)))

    def _read_scorers(self, round_number: int, version: tuple[int, ...]) -> list[str]:
        """The scorers that reviewers may see. Those made of people's answers are left out: they have no score of candidates
        that nobody has read, and would reveal what others answered and that others were asked, as for a gold item."""
        return [name for name in self._store.scorers(round_number) if not answered.is_one(name)]

    def _read_score(self, round_number: int, scorer: str, version: tuple[int, ...]) -> Floats:
        return self._store.review_score(round_number, scorer)

    def matches(
        self, round_number: int, index: ReviewIndex, candidate_filter: CandidateFilter
    ) -> NDArray[np.int64] | None:
        """The places of the candidates whose text matches; None if the filter does not search texts."""
        if not (candidate_filter.text or candidate_filter.regex):
            return None
        return self._matching(
            round_number, candidate_filter.text, candidate_filter.regex, (index.version, self._store.edits_version())
        )

    def _read_matching(
        self, round_number: int, text: str | None, regex: str | None, version: object
    ) -> NDArray[np.int64]:
        rows = self._store.matching_text(round_number, text, regex)
        places: NDArray[np.int64] = place(
            rows["prompt_id"].to_numpy().astype(np.int64), rows["k"].to_numpy().astype(np.int64)
        )
        return places

    def ordering(self, round_number: int, order: Order, version: tuple[int, ...]) -> tuple[Floats | None, object]:
        """The column that an order sorts by, and its cache key; None for orders without one, or if the target has none."""
        if order in ACTIVE:
            known, index = self.scorers(round_number, version), self._index(round_number)
            goes_by = (version, taste_of(known, self._learned()), self._embedded(round_number, index))
            return self._active(round_number, order, *goes_by), goes_by
        if order not in (Order.REWARD, Order.DISAGREEMENT):
            return None, None
        target = self._target(round_number)
        if target is None:
            return None, None
        names = list(target.rewards) if order is Order.REWARD else self.scorers(round_number, version)
        name = (target.model_dump_json(), tuple(names))
        return self._column(round_number, order, *name, version), name

    def _learned(self) -> list[str]:
        """The scorers that were learned from decisions, the oldest first."""
        return [tastes.ref(one.version) for one in self._store.unchanged("tastes", ("tastes",), self._store.tastes.all)]

    def _read_column(
        self, round_number: int, order: Order, target: str, names: tuple[str, ...], version: tuple[int, ...]
    ) -> Floats | None:
        scores = {name: self.score(round_number, name, version) for name in names}
        if order is Order.REWARD:
            return (
                reward(Target.model_validate_json(target), scores, len(next(iter(scores.values())))) if scores else None
            )
        return spread(list(scores.values())) if len(scores) > 1 else None

    def _embedded(self, round_number: int, index: ReviewIndex) -> int:
        """How many candidates have features. Jobs compute them, so it is counted again when the state of a job changes."""
        name = ("embedded", round_number, index.version)
        return self._store.unchanged(
            name, ("job_events",), lambda: int(self._features.has(round_number, index.table.places).sum())
        )

    def _read_active(
        self, round_number: int, order: Order, version: tuple[int, ...], taste: str | None, embedded: int
    ) -> Floats:
        log_odds = None if taste is None else self.score(round_number, taste, version)
        index, seed = self._index(round_number), self._settings().seed
        return -active_key(order, index, round_number, self._features, log_odds, seed)

    def _read_alike(self, round_number: int, to: int, count: int, version: object) -> NDArray[np.int64]:
        return nearest(self._features, round_number, self._index(round_number).table.places, to, count)


def kept(most: int, read: Callable[..., T]) -> Callable[..., T]:
    """`read`, with its last answers kept; if many ask the same at once, one reads and the others wait for it."""
    remembered, lock = lru_cache(maxsize=most)(read), threading.Lock()

    def answer(*arguments: Any) -> T:
        with lock:
            return remembered(*arguments)

    return answer


def places_of(candidate_ids: Sequence[str]) -> NDArray[np.int64]:
    """The places of candidates in their round, by name; names that are not valid are left out."""
    parsed = [parse_candidate_id(name) for name in candidate_ids]
    return np.array([place(one[1], one[2]) for one in parsed if one is not None], dtype=np.int64)


def rows_of(round_number: int, index: ReviewIndex, name: str | None) -> list[int]:
    """The row of a candidate of the round; empty if there is no such candidate, or no name."""
    here = [name] if name is not None and name.startswith(f"{round_number}.") else []  # not of another round
    rows: list[int] = index.rows(places_of(here)).tolist()
    return rows
