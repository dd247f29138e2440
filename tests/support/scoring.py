"""The scores of a scorer, if every candidate has one."""

from __future__ import annotations

from collections.abc import Sequence

from rsf_core.domain.errors import ScorerError
from rsf_core.scorers import registry
from rsf_core.scorers.base import NoScore, Scored


def scores(name: str, batch: Sequence[Scored]) -> list[float]:
    """The scores of `batch`. Raises ScorerError with the reason if a candidate has none."""
    numbers: list[float] = []
    for score in registry.score(name, batch):
        if isinstance(score, NoScore):
            raise ScorerError(score.reason) from score
        numbers.append(score)
    return numbers
