"""The scores that a scorer gives, where every candidate has one."""

from __future__ import annotations

from collections.abc import Sequence

from rsf_core.scorers import registry
from rsf_core.scorers.base import Scored


def scores(name: str, batch: Sequence[Scored]) -> list[float]:
    """The scores of `batch`. Raises AssertionError where there is none, with the reason."""
    found = registry.score(name, batch)
    assert all(isinstance(score, float) for score in found), found
    return [score for score in found if isinstance(score, float)]
