"""Which two candidates of a prompt are compared next. Pure: the same seed gives the same pairs, to every reviewer.

Pairs are walked in turns: in its r-th turn each prompt gives the r-th of its pairs, prompts and pairs in a random order each.
So the first pairs cover as many prompts as possible, and wherever a reviewer stops, the compared pairs are a random sample."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rsf_core.sampling.streams import child_seed

ALIKE = 0.8  # share of common runs of three words from which on a reader would not tell two texts apart
_ROUNDS = 4  # of the Feistel network: Luby & Rackoff 1988
_WORD = re.compile(r"\w+", re.UNICODE)


def pairs_of(count: int) -> int:
    """How many pairs `count` candidates make."""
    return count * (count - 1) // 2


def pair_at(count: int, turn: int, seed: int) -> tuple[int, int]:
    """The pair of a turn, 0 ≤ turn < pairs_of(count), as (left, right) in 0 … count − 1: each pair once over all turns, with
    a random side for each."""
    left, right = _unrank(_permuted(turn, pairs_of(count), seed))
    return (left, right) if child_seed(seed, f"side {turn}") & 1 else (right, left)


def _unrank(rank: int) -> tuple[int, int]:
    """The pair of a rank: (0,1), (0,2), (1,2), (0,3), …"""
    high = (1 + math.isqrt(1 + 8 * rank)) // 2
    return rank - pairs_of(high), high


def _permuted(value: int, size: int, seed: int) -> int:
    """The image of `value` under a random permutation of 0 … size − 1, without a table: a Feistel network on the next power of
    four, walked until the value is inside (Black & Rogaway 2002)."""
    half = max(1, (max(size - 1, 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    while True:
        left, right = value >> half, value & mask
        for step in range(_ROUNDS):
            left, right = right, left ^ (child_seed(seed, f"{step} {right}") & mask)
        value = left << half | right
        if value < size:
            return value


def walk(prompts: Sequence[tuple[int, int]], seed: int, start: int = 0) -> Iterator[tuple[int, int, int, int]]:
    """(position, row, left, right) from a position on; `prompts` has in each row a prompt's number and how many candidates it
    has. Positions of a prompt whose pairs are all used up are left out."""
    if not prompts:
        return
    order = prompt_order(len(prompts), seed)
    most = pairs_of(max(count for _, count in prompts))
    for position in range(start, most * len(prompts)):
        turn, row = position // len(prompts), order[position % len(prompts)]
        number, count = prompts[row]
        if turn < pairs_of(count):
            yield position, row, *pair_at(count, turn, child_seed(seed, f"pairs of prompt {number}"))


@lru_cache(maxsize=4)
def prompt_order(size: int, seed: int) -> list[int]:
    """The rows of `size` prompts in a random order."""
    order: list[int] = np.random.default_rng(child_seed(seed, "order of prompts to compare")).permutation(size).tolist()
    return order


def alike(one: str, other: str) -> bool:
    """Whether two texts are near-duplicates: the same words, or nearly all runs of three words in common (Jaccard)."""
    return one == other or _alike(_words_of(one), _words_of(other))


class Unlike:
    """Texts none of which is a near-duplicate of another, as by `alike`. The words of each text are split once: for 20,000
    characters that is nearly the whole cost."""

    def __init__(self) -> None:
        self._texts: dict[str, _Words] = {}

    def add(self, text: str) -> bool:
        """Add a text unless it is a near-duplicate of one of them. Returns whether it was added."""
        if text in self._texts:
            return False
        words = _words_of(text)
        if any(_alike(words, other) for other in self._texts.values()):
            return False
        self._texts[text] = words
        return True


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a text, its runs of three words, and the stripped text, for texts without words."""

    words: list[str]
    runs: set[tuple[str, str, str]]
    text: str


def _words_of(text: str) -> _Words:
    words = _WORD.findall(text.casefold())
    return _Words(words, set(zip(words, words[1:], words[2:], strict=False)), text.strip())


def _alike(one: _Words, other: _Words) -> bool:
    if one.words == other.words:
        return bool(one.words) or one.text == other.text
    smaller, larger = sorted((len(one.runs), len(other.runs)))
    if not smaller or smaller < ALIKE * larger:
        return False
    common = len(one.runs & other.runs)
    return common >= ALIKE * (smaller + larger - common)
