"""The scorer learned from a project's own decisions. It is called in jobs, which provide the hidden states."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import Finish
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.checks import TasteCheck
from rsf_core.scorers.tastes import ENDED, LIMIT, TOKENS, Other, Provider, provider


class Taste(TasteCheck):
    name = "taste"
    description = "Log-odds that people accept it, learned from this project’s own decisions, from −8 to 8"
    bounds = (-8.0, 8.0)
    of_draw = True
    check = "rsf_core.scorers.checks:TasteCheck"

    def __init__(self, version: str) -> None:
        super().__init__(version)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        source = provider.get()
        if source is None:
            raise ScorerError("taste looks at the hidden states of a model, which only a job computes")
        states = source.features(batch)
        if states.shape[1:] != self._taste.hidden.shape:
            raise ScorerError(
                f"it was learned on hidden states of {len(self._taste.hidden)} numbers, and this model's have "
                f"{states.shape[1]}: learn again"
            )
        z = states.astype(np.float64) @ self._taste.hidden + self._taste.intercept
        for other in self._taste.others:
            z += other.weight * np.nan_to_num((_values(other, source, batch) - other.mean) / other.deviation)
        return [float(value) for value in np.clip(z, -LIMIT, LIMIT)]


def _values(other: Other, source: Provider, batch: Sequence[Scored]) -> NDArray[np.float64]:
    """The values of another score, (n,); NaN if there is no score."""
    if other.name == TOKENS:
        return np.array([math.nan if s.token_count is None else math.log1p(s.token_count) for s in batch])
    if other.name == ENDED:
        return np.array([float(scored.finish is Finish.EOS) for scored in batch])
    scores = source.scores(other.name, batch)
    return np.array([math.nan if isinstance(score, NoScore) else score for score in scores])
