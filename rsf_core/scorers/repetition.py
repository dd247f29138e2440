"""How much a completion repeats itself."""

from __future__ import annotations

from collections.abc import Sequence

from rsf_core.domain.text import words
from rsf_core.scorers.base import Scored


def repetition(text: str, n: int = 2) -> float:
    """1 − (different word n-grams / all word n-grams), in [0, 1); 0 if there are no n-grams. Case and typography are ignored;
    in Chinese, Japanese and Thai a word is a character."""
    text_words = words(text)
    grams = list(zip(*(text_words[i:] for i in range(n)), strict=False))
    return 1.0 - len(set(grams)) / len(grams) if grams else 0.0


class Repetition:
    name = "repetition"
    description = "Share of word pairs that occurred earlier in the completion, from 0 (none) towards 1"
    bounds = (0.0, 1.0)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [repetition(scored.completion) for scored in batch]
