"""The completions that were drawn before a candidate for the same prompt in its round. They are told by their numbers, which
only grow: what is drawn later changes nothing of what was scored before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rsf_core.scorers import registry


class Siblings:
    """Of `rows` (candidate_id, prompt_id, k, completion), which hold every candidate of their prompts."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._texts: dict[int, list[str]] = {}
        self._place: dict[str, tuple[int, int]] = {}
        for row in sorted(rows, key=lambda row: (row["prompt_id"], row["k"])):
            texts = self._texts.setdefault(row["prompt_id"], [])
            self._place[row["candidate_id"]] = (row["prompt_id"], len(texts))
            texts.append(row["completion"])

    def before(self, candidate_id: str) -> tuple[str, ...]:
        """In their order."""
        prompt_id, place = self._place[candidate_id]
        return tuple(self._texts[prompt_id][:place])


def by_scorer(scorers: Sequence[str], rows: Callable[[], Sequence[Mapping[str, Any]]]) -> dict[str, Siblings | None]:
    """For each scorer the siblings, where it compares with them; they are read where one does."""
    comparing = {scorer for scorer in scorers if registry.compare_siblings([scorer])}
    siblings = Siblings(rows()) if comparing else None
    return {scorer: siblings if scorer in comparing else None for scorer in scorers}
