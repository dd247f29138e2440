"""How much of a completion is profane, by the English word list in better-profanity's wheel."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from rsf_core.domain.text import words
from rsf_core.scorers.base import Scored


class Profanity:
    name = "profanity"
    description = "Share of the completion's words that are on a list of English profanities, 0 (none) to 1"
    bounds = (0.0, 1.0)
    needs = ("better_profanity",)
    extra = "text"

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [share(scored.completion) for scored in batch]


def share(text: str) -> float:
    """The share of words that are profane; every word of a listed phrase counts. 0 if there are no words."""
    text_words, listed = words(text), _phrases()
    longest = max(map(len, listed))
    profane = [False] * len(text_words)
    for start in range(len(text_words)):
        for size in range(1, longest + 1):
            if tuple(text_words[start : start + size]) in listed:
                profane[start : start + size] = [True] * min(size, len(text_words) - start)
    return sum(profane) / len(text_words) if text_words else 0.0


@cache
def _phrases() -> frozenset[tuple[str, ...]]:
    """The list, each entry as a tuple of words; read without importing the package, which loads tables of look-alike
    letters."""
    spec = importlib.util.find_spec("better_profanity")
    assert spec is not None and spec.submodule_search_locations, "it stands in `needs`"
    text = Path(spec.submodule_search_locations[0], "profanity_wordlist.txt").read_text(encoding="utf-8")
    return frozenset(phrase for line in text.splitlines() if (phrase := tuple(words(line))))
