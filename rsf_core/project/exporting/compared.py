"""The preference pairs from people's comparisons and rankings: the better of two against the worse. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rsf_core.domain import parse_candidate_id, place
from rsf_core.review.pair_words import PairWord
from rsf_core.review.win_rates import preferred
from rsf_core.store.choice_records import RankingRecord


@dataclass(frozen=True, slots=True)
class ComparedPair:
    """A pair: the places of its candidates, the names of those who prefer the chosen one, and its weight."""

    prompt_id: int
    chosen: int
    rejected: int
    by: str
    weight: float = 1.0


def compared_pairs(standing: Iterable[PairWord], near: set[int]) -> tuple[list[ComparedPair], int]:
    """The pairs by prompt and place, without those of the prompts `near`; and how many of the rest are ties."""
    kept = [record for record in standing if _prompt(record.left_id) not in near]
    preferences, tied = preferred(kept)
    pairs = [
        ComparedPair(_prompt(p.better), _place(p.better), _place(p.worse), ", ".join(p.by), p.weight)
        for p in preferences
    ]
    return sorted(pairs, key=lambda pair: (pair.prompt_id, pair.chosen, pair.rejected)), tied


def ranked_places(standing: Iterable[RankingRecord]) -> dict[str, list[dict[str, Any]]]:
    """The place that each reviewer gave a candidate among those they ranked, by the candidate's name, then by reviewer."""
    by_candidate: dict[str, list[dict[str, Any]]] = {}
    for one in sorted(standing, key=lambda one: one.reviewer):
        for name, at in zip(one.candidates, one.places, strict=True):
            place_row = {"reviewer": one.reviewer, "place": at, "candidates": len(one.candidates), "guide": one.guide}
            by_candidate.setdefault(name, []).append(place_row)
    return by_candidate


def _prompt(name: str) -> int:
    parsed = parse_candidate_id(name)
    assert parsed is not None, "checked when it was stored"
    return parsed[1]


def _place(name: str) -> int:
    parsed = parse_candidate_id(name)
    assert parsed is not None, "checked when it was stored"
    return int(place(*parsed[1:]))
