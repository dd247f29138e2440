"""Which two candidates of a prompt are compared next. Pure: the same seed gives the same pairs, to every reviewer.

Pairs are walked in turns: in its r-th turn each prompt gives the r-th of its pairs, prompts and pairs in a random order each.
So the first pairs are of as many prompts as there are, and whenever one stops, what was compared is a random sample."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rsf_core.sampling.streams import child_seed

ALIKE = 0.8  # of the runs of three words of two texts, from which on a reader would not tell them apart
_ROUNDS = 4  # of the network: Luby & Rackoff 1988
_WORD = re.compile(r"\w+", re.UNICODE)


def pairs_of(count: int) -> int:
    """How many pairs `count` candidates are."""
    return count * (count - 1) // 2


def pair_at(count: int, turn: int, seed: int) -> tuple[int, int]:
    """The pair of a turn, 0 ≤ turn < pairs_of(count), as (left, right) in 0 … count − 1: over all turns each pair once, which
    stands left being random too."""
    left, right = _unrank(_permuted(turn, pairs_of(count), seed))
    return (left, right) if child_seed(seed, f"side {turn}") & 1 else (right, left)


def _unrank(rank: int) -> tuple[int, int]:
    """The pair of a rank: (0,1), (0,2), (1,2), (0,3), …"""
    high = (1 + math.isqrt(1 + 8 * rank)) // 2
    return rank - pairs_of(high), high


def _permuted(value: int, size: int, seed: int) -> int:
    """Where a random permutation of 0 … size − 1 sends `value`, without a table: a Feistel network on the next power of four,
    walked until it is inside (Black & Rogaway 2002)."""
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
    has. A position without a pair, of a prompt whose pairs are all used up, is left out."""
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
    """Texts none of which is a near-duplicate of another: `alike`, with the words of each text looked up once, for of 20,000
    characters that is nearly all that it costs."""

    def __init__(self) -> None:
        self._texts: dict[str, _Words] = {}

    def add(self, text: str) -> bool:
        """Whether it is like none of them, and now one of them."""
        if text in self._texts:
            return False
        words = _words_of(text)
        if any(_alike(words, other) for other in self._texts.values()):
            return False
        self._texts[text] = words
        return True


@dataclass(frozen=True, slots=True)
class _Words:
    """Of a text: its words, the runs of three of them, and it without the space around it, for a text without words."""

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
