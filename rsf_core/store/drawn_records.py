"""What a round has drawn, as lists show it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoundPrompt:
    """A prompt of a round with the number of its candidates, and how many are accepted, overridden and truncated."""

    prompt_id: int
    text: str
    candidates: int
    accepted: int
    overridden: int
    truncated: int


@dataclass(frozen=True, slots=True)
class LatestCompletion:
    candidate_id: str
    completion: str
