"""The preference pairs that people have made by comparing: the better of two against the worse. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rsf_core.domain import parse_candidate_id, place
from rsf_core.review.win_rates import preferred
from rsf_core.store.records import ComparisonRecord


@dataclass(frozen=True, slots=True)
class ComparedPair:
    """A pair by the places of its candidates, and the names of those who prefer the chosen one."""

    prompt_id: int
    chosen: int
    rejected: int
    by: str


def compared_pairs(standing: Iterable[ComparisonRecord], near: set[int]) -> tuple[list[ComparedPair], int]:
    """The pairs by prompt and place, those of the prompts `near` left out; and how many of the rest are ties."""
    kept = [record for record in standing if _prompt(record.left_id) not in near]
    found, tied = preferred(kept)
    pairs = [ComparedPair(_prompt(p.better), _place(p.better), _place(p.worse), ", ".join(p.by)) for p in found]
    return sorted(pairs, key=lambda pair: (pair.prompt_id, pair.chosen, pair.rejected)), tied


def _prompt(name: str) -> int:
    parsed = parse_candidate_id(name)
    assert parsed is not None, "checked when it was said"
    return parsed[1]


def _place(name: str) -> int:
    parsed = parse_candidate_id(name)
    assert parsed is not None, "checked when it was said"
    return int(place(*parsed[1:]))
