"""Comparisons and rankings of candidates of one prompt, as they are read from the database."""

from __future__ import annotations

from dataclasses import dataclass

from rsf_core.domain import Verdict


@dataclass(frozen=True, slots=True)
class ComparisonRecord:
    """A reviewer's verdict on two candidates, and the version of the guide it was given under. `seq` orders comparisons and
    rankings together."""

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
    and `guide` are as in ComparisonRecord."""

    seq: int
    act: str
    prompt_id: int
    candidates: tuple[str, ...]
    places: tuple[int, ...]
    reviewer: str
    guide: int
