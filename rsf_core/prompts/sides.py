"""Which side of the held-out split each of many texts goes to, as arrays: a million rows take some ten bytes each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import Split
from rsf_core.domain.arrays import Ints
from rsf_core.prompts import shares
from rsf_core.prompts.near_duplicates import Groups

SPLITS = tuple(Split)
_CODES: dict[str | None, int] = {None: -1} | {split: code for code, split in enumerate(SPLITS)}


def codes(splits: Sequence[str | None]) -> NDArray[np.int8]:
    """The positions of splits in SPLITS; −1 for None."""
    return np.fromiter((_CODES[split] for split in splits), np.int8, len(splits))


@dataclass(frozen=True, slots=True)
class NewRows:
    """The rows to be placed, which follow the known texts. The first `in_use` known texts are prompts; the others once were.

    `known` are the sides of the known texts (codes), `wishes` those that the rows ask for. `same` numbers each prompt in use
    and each row: equal numbers are the same prompt. `hashed` returns the hash of a row, below 2**64, by its
    position."""

    known: NDArray[np.int8]
    in_use: int
    wishes: NDArray[np.int8]
    same: Ints
    hashed: Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Sides:
    """The `side` of each row (a code), −1 if it is left out. Such a row is the same as the text at `like`, or nearly the same
    as that text, which is on the side `across` (−1 if it is the same). Positions count from the first known text."""

    side: NDArray[np.int8]
    like: Ints
    across: NDArray[np.int8]


def choose(request: NewRows, text_groups: Groups, share: float) -> Sides:
    """The sides of the rows, as rsf_core.prompts.place describes them; `text_groups` are those of the known texts and the
    rows."""
    count = len(request.wishes)
    walk = _Walk(request, text_groups, share, np.zeros(count, np.uint64), np.zeros(count, bool))
    sides, leader = walk.over(None)
    free = np.flatnonzero(walk.free)
    rows = np.bincount(leader[leader >= 0], minlength=count)[free]
    by_hash = sides.side[free] == _CODES[Split.HELD_OUT]
    chosen = shares.held_out(walk.hashes[free], rows, by_hash, share)
    if np.array_equal(chosen, by_hash):
        return sides
    held = np.full(count, -1, np.int8)
    held[free] = np.where(chosen, _CODES[Split.HELD_OUT], _CODES[Split.TRAIN])
    return walk.over(held)[0]


@dataclass(slots=True)
class _Walk:
    """Goes over the rows in their order. `free` marks the rows whose side nothing else decided in a walk; `hashes` are
    theirs."""

    request: NewRows
    text_groups: Groups
    share: float
    hashes: NDArray[np.uint64]
    free: NDArray[np.bool_]

    def over(self, chosen: NDArray[np.int8] | None) -> tuple[Sides, Ints]:
        """Place the rows; free rows go to their side in `chosen`, or by their hash if it is −1 or there is no `chosen`.
        Returns the sides, and for each row that is placed with a free row the position of that row, −1 for other rows."""
        known, count = len(self.request.known), len(self.request.wishes)
        sides = Sides(np.full(count, -1, np.int8), np.full(count, -1), np.full(count, -1, np.int8))
        leaders = np.full(count, -1)
        side, like, across, leader = _view(sides.side), _view(sides.like), _view(sides.across), _view(leaders)
        wishes, same, of = _view(self.request.wishes), _view(self.request.same), _view(self.text_groups.of)
        holders = np.full(int(self.request.same.max(initial=-1)) + 1, -1)
        holders[self.request.same[: self.request.in_use]] = np.arange(self.request.in_use)
        holder = _view(holders)
        first = _First(self.text_groups, self.request.known, known + count)
        for row in range(count):
            one = same[self.request.in_use + row]
            if holder[one] >= 0:
                like[row] = holder[one]
                continue
            group = of[known + row]
            met = first.beside(group)
            wish = wishes[row]
            if wish < 0 and not met:
                wish = self._free(row, None if chosen is None else int(chosen[row]))
                leader[row] = row
            elif wish < 0:
                wish = min(met, key=met.__getitem__)
                resembled = met[wish] - known
                if resembled >= 0:
                    leader[row] = leader[resembled]
            other = next((split for split in met if split != wish), None)
            if other is not None:
                like[row], across[row], leader[row] = met[other], other, -1
                continue
            holder[one] = known + row
            first.stands(group, wish, known + row)
            side[row] = wish
        return sides, leaders

    def _free(self, row: int, chosen: int | None) -> int:
        if chosen is not None and chosen >= 0:
            return chosen
        if not self.free[row]:
            self.free[row], self.hashes[row] = True, self.request.hashed(row)
        held = int(self.hashes[row]) / 2**64 < self.share
        return _CODES[Split.HELD_OUT if held else Split.TRAIN]


class _First:
    """The first position of each group on each side."""

    def __init__(self, text_groups: Groups, known: NDArray[np.int8], nowhere: int) -> None:
        self._nowhere = nowhere
        places = np.full(text_groups.count * len(SPLITS), nowhere)
        at = text_groups.of[: len(known)] * len(SPLITS) + known
        np.minimum.at(places, at, np.arange(len(known)))
        self._places = _view(places)
        self._starts, self._others = _view(text_groups.starts), _view(text_groups.others)

    def stands(self, group: int, split: int, place: int) -> None:
        at = group * len(SPLITS) + split
        self._places[at] = min(place, self._places[at])

    def beside(self, group: int) -> dict[int, int]:
        """The first position of `group` and of those that resemble it, by side; sides are in the order in which they are
        met."""
        met: dict[int, int] = {}
        self._meet(group, met)
        for at in range(self._starts[group], self._starts[group + 1]):
            self._meet(self._others[at], met)
        return met

    def _meet(self, group: int, met: dict[int, int]) -> None:
        at = group * len(SPLITS)
        three = self._places[at : at + len(SPLITS)].tolist()
        for place, split in sorted((place, split) for split, place in enumerate(three) if place < self._nowhere):
            met[split] = min(place, met.get(split, place))


def _view(array: NDArray[Any]) -> memoryview[int]:
    """Access to an array's entries as Python numbers, which is ten times as fast as indexing the array itself."""
    return array.data
