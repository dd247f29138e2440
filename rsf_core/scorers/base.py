"""The protocol of a scorer: a number for a completion of a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rsf_core.domain import Finish, Prompt


@dataclass(frozen=True, slots=True)
class Scored:
    """What a scorer sees of a candidate."""

    prompt: Prompt
    completion: str
    token_count: int
    finish: Finish


class Scorer(Protocol):
    """`bounds` is the closed range every score lies in (an end that is not known is ±inf); it gives the analytic
    bound on M. A score is a finite float; the same input always gets the same score."""

    name: str
    description: str
    bounds: tuple[float, float]

    def score(self, batch: Sequence[Scored]) -> list[float]:
        """One score for each of `batch`, in order."""
        ...
