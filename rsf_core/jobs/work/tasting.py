"""The inputs of scorers learned from decisions, within a job: hidden states of the base model, and scores of other scorers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import parse_candidate_id, place
from rsf_core.jobs.worker import JobContext
from rsf_core.models.feature_files import FeatureFiles
from rsf_core.scorers import registry, tastes
from rsf_core.scorers.base import NoScore, Scored

if TYPE_CHECKING:  # torch is loaded only when features are computed
    from rsf_core.proposals.base import LoadedModel

Pair = tuple[Sequence[int], Sequence[int]]


class Tasting:
    """Implements tastes.Provider for the candidates of the last `begin`. `model` is called when it is first needed."""

    def __init__(self, model: Callable[[], LoadedModel]) -> None:
        self._load = model
        self._model: LoadedModel | None = None
        self._pairs: dict[str, Pair] = {}
        self._features: dict[str, NDArray[np.float32]] = {}
        self._scores: dict[tuple[str, str], float | NoScore] = {}

    def begin(self, pairs: Mapping[str, Pair], features: Mapping[str, NDArray[np.float32]] | None = None) -> None:
        """Go on to other candidates: the tokens of prompt and completion of each, by name, and the features that exist."""
        self._pairs, self._features, self._scores = dict(pairs), dict(features or {}), {}

    def keep(self, scorer: str, names: Iterable[str], scores: Iterable[float | NoScore]) -> None:
        """Keep scores that these candidates already have."""
        self._scores |= {(scorer, name): score for name, score in zip(names, scores, strict=True)}

    def features(self, batch: Sequence[Scored]) -> NDArray[np.float32]:
        names = [str(scored.candidate_id) for scored in batch]
        lacking = [name for name in dict.fromkeys(names) if name not in self._features]
        if lacking:
            self._features |= dict(zip(lacking, self.compute([self._pairs[name] for name in lacking]), strict=True))
        return np.stack([self._features[name] for name in names]) if names else np.empty((0, 0), np.float32)

    def scores(self, scorer: str, batch: Sequence[Scored]) -> Sequence[float | NoScore]:
        lacking = [scored for scored in batch if (scorer, str(scored.candidate_id)) not in self._scores]
        self.keep(scorer, (str(scored.candidate_id) for scored in lacking), registry.score(scorer, lacking))
        return [self._scores[scorer, str(scored.candidate_id)] for scored in batch]

    def compute(self, pairs: Sequence[Pair]) -> NDArray[np.float32]:
        """The features of completions, (n, width)."""
        if self._model is None:
            self._model = self._load()
        return self._model.hidden_states(pairs)


def of_job(context: JobContext[Any], scorers: Sequence[str], model: Callable[[], LoadedModel]) -> Tasting | None:
    """The Tasting of a job that calls these scorers; None if none of them was learned."""
    if not tastes.versions(scorers):
        return None
    tastes.remember(context.project)
    tasting = Tasting(model)
    tastes.provider.set(tasting)
    return tasting


def begin_unit(
    context: JobContext[Any], tasting: Tasting, files: FeatureFiles, unit: int, candidates: Sequence[Mapping[str, Any]]
) -> None:
    """Go on to a unit of a score job: features that are not stored yet are computed and stored."""
    named = {str(c["candidate_id"]): (c["prompt_token_ids"], c["token_ids"]) for c in candidates if c["token_ids"]}
    ids = np.array([parse_candidate_id(name) for name in named], np.int64).reshape(len(named), 3)
    known: dict[str, NDArray[np.float32]] = {}
    for number in np.unique(ids[:, 0]):
        mine = np.flatnonzero(ids[:, 0] == number)
        places = place(ids[mine, 1], ids[mine, 2])
        there = files.has(int(number), places)
        names = list(named)
        rows = files.read(int(number), places[there])
        known |= {names[i]: row for i, row in zip(mine[there], rows, strict=True)}
    lacking = [name for name in named if name not in known]
    if lacking:
        made = tasting.compute([named[name] for name in lacking])
        places = np.array([parse_candidate_id(name) for name in lacking], np.int32)
        files.write(f"{context.spool.folder.name}-{unit:04d}", places, made)
        known |= dict(zip(lacking, made, strict=True))
    tasting.begin(named, known)
