"""The features of a project's candidates, computed from the base model's last hidden states of each completion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.errors import StageError
from rsf_core.models.feature_files import FeatureFiles
from rsf_core.rounds.embedding import Embedding
from rsf_core.store.store import Store


@dataclass(frozen=True, slots=True)
class FeatureCounts:
    """How many candidates all rounds have, and how many of them have features."""

    candidates: int
    embedded: int

    @property
    def missing(self) -> int:
        return self.candidates - self.embedded


class Features:
    """The features of one project. Nothing here loads a model: a job computes them."""

    def __init__(self, store: Store, embedding: Embedding) -> None:
        self._store, self._embedding = store, embedding

    def start(self) -> str | None:
        """Start computing the missing features of all rounds; the job's id, None if none are missing. Raises StageError."""
        return self._embedding.start()

    def counts(self) -> FeatureCounts:
        files = self._embedding.files()
        drawn = {
            round_record.round: self._embedding.places(round_record.round) for round_record in self._store.rounds()
        }
        there = 0 if files is None else sum(int(files.has(number, places).sum()) for number, places in drawn.items())
        return FeatureCounts(sum(map(len, drawn.values())), there)

    def has(self, round_number: int, places: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of a round's candidates have features, (n,); `places` as domain.place gives them."""
        files = self._embedding.files()
        return np.zeros(len(places), np.bool_) if files is None else files.has(round_number, places)

    def of_round(self, round_number: int, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """The features of a round's candidates, (n, width), in the given order: mean, then last state. Rows are read from
        memory-mapped files; request a million in parts. Raises StageError if some have none."""
        return self._known().read(round_number, places)

    def of(self, candidate_ids: Sequence[str]) -> NDArray[np.float32]:
        """Like `of_round`, for candidates of any rounds, by their names."""
        return self._known().of(candidate_ids)

    def _known(self) -> FeatureFiles:
        files = self._embedding.files()
        if files is None:
            raise StageError("no candidate has features yet: compute them on the Scorers page, or with `rsf embed DIR`")
        return files
