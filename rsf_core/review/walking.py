"""Shared by the walks over pairs and over prompts to rank: the candidates they cover, and how far a reviewer has come."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import K_BITS
from rsf_core.review.candidates import ReviewCandidate
from rsf_core.review.queue import Reviews

MOST_CHARACTERS = 1_000_000  # of completions that are read for an answer; the last one may exceed it: somebody waits


@dataclass(slots=True)
class Way:
    """How far a reviewer has come: nothing is left for them before `position`, as long as nothing is taken back."""

    key: object
    position: int = 0


class Ways:
    """One `Way` for each reviewer in each round; a new key starts a new one."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._ways: dict[tuple[int, str], Way] = {}

    def of(self, round_number: int, reviewer: str, key: object) -> Way:
        with self._guard:
            way = self._ways.get((round_number, reviewer))
            if way is None or way.key != key:
                way = self._ways[round_number, reviewer] = Way(key)
            return way


class Ended:
    """The candidates that are not truncated, cached for the round that was asked for last."""

    def __init__(self, review: Reviews) -> None:
        self._review = review
        self._guard = threading.Lock()
        self._groups: tuple[object, list[tuple[int, NDArray[np.int64]]]] | None = None

    def by_prompt(self, round_number: int) -> tuple[list[tuple[int, NDArray[np.int64]]], object]:
        """Each prompt with the k of its candidates, and a key that differs for another answer."""
        index = self._review.index(round_number)
        key = (round_number, index.version)
        with self._guard:
            if self._groups is None or self._groups[0] != key:
                places = index.table.places[~index.table.truncated]
                prompt_ids, first = np.unique(places >> K_BITS, return_index=True)
                parts = np.split(places & ((1 << K_BITS) - 1), first[1:])
                self._groups = key, list(zip(prompt_ids.tolist(), parts, strict=True)) if len(places) else []
            return self._groups[1], key


def long(candidates: Iterable[ReviewCandidate]) -> bool:
    """Whether their texts are enough for one answer."""
    return sum(len(candidate.completion) for candidate in candidates) > MOST_CHARACTERS
