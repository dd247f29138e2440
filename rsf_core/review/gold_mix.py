"""Gold items in the queue of a reviewer: which come next, before which candidates, and how they look.

A gold item comes where an audit candidate could. The server marks both as audit, so nothing in the queue shows which is gold.
To hide them, at least as many audit candidates as gold items are mixed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rsf_core.domain.arrays import Ints
from rsf_core.review.audit import before, uniform
from rsf_core.review.opinions import Word

MOST = 0.5  # share of what is shown that is mixed into another order: one before each of its candidates
NONE, AUDIT, GOLD = 0, 1, 2  # what comes before a candidate


@dataclass(frozen=True, slots=True)
class Mixed:
    """What a reviewer is shown: all rows, those that were mixed in, and the last of either kind, None if there is none."""

    shown: list[int]
    inserted: list[int]
    last_audit: int | None
    last_gold: int | None


def slots(places: Ints, seed: int, reviewer: str, audit: float, gold: float) -> Ints:
    """What comes before each of the candidates at `places` (n,) of another order: NONE, AUDIT or GOLD, so many that `audit`
    and `gold` are their shares of all that is shown. With gold items, at least as many audit candidates are mixed in; both
    together are at most half of what is shown."""
    if not gold:
        return before(places, seed, reviewer, audit).astype(np.int64)
    share = min(max(audit, gold), MOST - gold) + gold
    some = before(places, seed, reviewer, share)
    return np.where(some, np.where(uniform(places, seed, reviewer, 3) < gold / share, GOLD, AUDIT), NONE)


def alone(places: Ints, seed: int, reviewer: str, gold: float) -> Ints:
    """As `slots`, for the audit order itself."""
    return np.where(before(places, seed, reviewer, gold), GOLD, NONE).astype(np.int64)


def in_turn(places: Iterable[int], seed: int, reviewer: str, after: int | None) -> list[int]:
    """Gold items in the reviewer's own random order; those after `after`, which need not be a gold item any more."""
    listed = np.sort(np.fromiter(places, np.int64))
    key = uniform(listed, seed, reviewer, 4)
    if after is not None:
        later = key > uniform(np.array([after], np.int64), seed, reviewer, 4)[0]
        listed, key = listed[later], key[later]
    return [int(place) for place in listed[np.argsort(key, kind="stable")]]


def mixed(rows: Sequence[int], what: Sequence[int], audit: Sequence[int], gold: Sequence[int]) -> Mixed:
    """`rows`, with the next of `audit` or `gold` before each of them as `what` asks, none twice. If no gold item is left, an
    audit candidate takes its place."""
    shown: list[int] = []
    inserted: list[int] = []
    last: dict[int, int | None] = {AUDIT: None, GOLD: None}
    rest = {AUDIT: iter(audit), GOLD: iter(gold)}
    for row, kind in zip(rows, what, strict=True):
        if row in inserted:
            continue
        for which in (kind, AUDIT) if kind == GOLD else (kind,) if kind == AUDIT else ():
            gold_row = next((one for one in rest[which] if one != row and one not in shown), None)
            if gold_row is not None:
                last[which] = gold_row
                inserted.append(gold_row)
                shown.append(gold_row)
                break
        shown.append(row)
    return Mixed(shown, inserted, last[AUDIT], last[GOLD])


def as_seen(words_at: Mapping[int, Sequence[Word]], reviewer: str, overlap: int) -> dict[int, list[Word]]:
    """The decisions on gold items that a reviewer sees, each place's oldest first: as many as for any candidate. Their own,
    and of the others' as many as a pending candidate can have; another's settling decision counts as an ordinary one, or the
    item would be shown to nobody any more."""
    seen_words = {}
    for where, words in words_at.items():
        others = [word for word in words if word.reviewer != reviewer][: overlap - 1]
        seen_words[where] = [
            word if word.reviewer == reviewer else Word(word.reviewer, word.vote, False)
            for word in words
            if word.reviewer == reviewer or word in others
        ]
    return seen_words
