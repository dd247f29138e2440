"""What reviewers said of candidates of a prompt that they had before them together, as it is read."""

from __future__ import annotations

from dataclasses import dataclass

from rsf_core.domain import Verdict


@dataclass(frozen=True, slots=True)
class ComparisonRecord:
    """What a reviewer said of two candidates, and by which version of the guide. `seq` tells what was said before and after,
    in rankings too."""

    seq: int
    act: str
    left_id: str
    right_id: str
    verdict: Verdict
    reviewer: str
    guide: int


@dataclass(frozen=True, slots=True)
class RankingRecord:
    """How a reviewer ranked some candidates of a prompt: each has its place, 1 is the best and equal places are ties. `seq`
    and `guide` as of a comparison."""

    seq: int
    act: str
    prompt_id: int
    candidates: tuple[str, ...]
    places: tuple[int, ...]
    reviewer: str
    guide: int
