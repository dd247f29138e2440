"""How much texts differ: distinct word pairs (Li et al. 2016)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from rsf_core.domain.text import words


def distinct_2(completions: Iterable[str]) -> float:
    """Different word pairs / all word pairs of the completions together; NaN if they have none. It falls with the number of
    completions, so compare equal numbers."""
    return distinct_2_of_words(map(words, completions))


def distinct_2_of_words(completions: Iterable[Sequence[str]]) -> float:
    """`distinct_2` of completions that are already split into words."""
    pairs = [pair for completion in completions for pair in pairwise(completion)]
    return len(set(pairs)) / len(pairs) if pairs else float("nan")
