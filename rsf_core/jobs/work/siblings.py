"""The completions that were drawn before a candidate for the same prompt in its round. They are ordered by k, which only
grows: what is drawn later does not change earlier scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rsf_core.scorers import registry


class Siblings:
    """The siblings in `rows` (candidate_id, prompt_id, k, completion), which hold every candidate of their prompts."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._texts: dict[int, list[str]] = {}
        self._place: dict[str, tuple[int, int]] = {}
        for row in sorted(rows, key=lambda row: (row["prompt_id"], row["k"])):
            texts = self._texts.setdefault(row["prompt_id"], [])
            self._place[row["candidate_id"]] = (row["prompt_id"], len(texts))
            texts.append(row["completion"])

    def before(self, candidate_id: str) -> tuple[str, ...]:
        """The completions drawn before a candidate, by k."""
        prompt_id, place = self._place[candidate_id]
        return tuple(self._texts[prompt_id][:place])


def by_scorer(scorers: Sequence[str], rows: Callable[[], Sequence[Mapping[str, Any]]]) -> dict[str, Siblings | None]:
    """The siblings for each scorer that compares with them, else None; `rows` is called only if one does."""
    comparing = {scorer for scorer in scorers if registry.compare_siblings([scorer])}
    siblings = Siblings(rows()) if comparing else None
    return {scorer: siblings if scorer in comparing else None for scorer in scorers}
