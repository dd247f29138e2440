"""Placing prompts on either side of the held-out split: what resembles each other stands on one side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from rsf_core.domain import Split
from rsf_core.domain.turns import Turns, whole
from rsf_core.prompts import shares
from rsf_core.prompts.near_duplicates import Groups, groups, normalise
from rsf_core.prompts.rows import Problem, PromptRow, identity

Existing = tuple[str, Split] | tuple[str, Split, str | None] | tuple[str, Split, str | None, Turns]


def place(
    existing: Sequence[Existing],
    rows: Sequence[PromptRow],
    held_out_share: float,
    seed: int,
    former: Sequence[Existing] = (),
) -> tuple[list[tuple[PromptRow, Split]], list[Problem]]:
    """A split for each row that can be added, and what is wrong with the others.

    `existing` are the texts of the project's prompts, each with its split and, where there are some, its system prompt
    and its earlier turns; `former` texts are no prompts any more, but were, so that what resembles them belongs to their
    side as well.

    A near-duplicate goes where the prompt it resembles is. Otherwise the row's own wish counts. The others are free: those
    with the smallest hashes of their text are held out, as many as come nearest to `held_out_share` of the free rows with
    what resembles them, and at least one on either side where two do not resemble each other; one alone goes by its hash.
    What `existing` are never moves. Exact duplicates are left out, and so
    are rows whose wish would put near-duplicates on both sides. The system prompt is part of a prompt: one text under two
    of them is two prompts, which resemble each other. So are the earlier turns of a conversation, which are compared with
    the text."""
    known = [*existing, *former]
    found = groups([*(whole(entry[0], _earlier(entry)) for entry in known), *(row.whole for row in rows)])
    first = len(known)
    sides: dict[int, dict[Split, int]] = {}  # of each group: where it stands first on either side
    for i, entry in enumerate(known):
        sides.setdefault(found.of[i], {}).setdefault(entry[1], i)
    same_as = {
        identity(entry[0], entry[2] if len(entry) > 2 else None, _earlier(entry)): i for i, entry in enumerate(existing)
    }
    walk = _Walk(rows, found, first, sides, same_as, held_out_share, seed)
    placed, problems, free = walk.place({})
    chosen = shares.held_out(free, held_out_share)
    if all((one.name in chosen) is one.held_out for one in free):
        return placed, problems
    return walk.place({one.name: Split.HELD_OUT if one.name in chosen else Split.TRAIN for one in free})[:2]


@dataclass(frozen=True, slots=True)
class _Walk:
    """Goes over the `rows`, which stand in `found` from `first` on, in their order. `sides` and `same_as` are of the texts
    before."""

    rows: Sequence[PromptRow]
    found: Groups
    first: int
    sides: Mapping[int, Mapping[Split, int]]
    same_as: Mapping[str, int]
    share: float
    seed: int

    def place(
        self, chosen: Mapping[int, Split]
    ) -> tuple[list[tuple[PromptRow, Split]], list[Problem], list[shares.Free]]:
        """With the sides `chosen` of free rows, by their place; others go by their hash. What came of each row, and the free
        ones with how many went along."""
        first, sides, same_as = self.first, {group: dict(said) for group, said in self.sides.items()}, {**self.same_as}
        placed: list[tuple[PromptRow, Split]] = []
        problems: list[Problem] = []
        leader: dict[int, int] = {}  # of a placed row that goes with a free one: the free one
        free: dict[int, tuple[int, bool]] = {}
        for i, row in enumerate(self.rows, start=first):
            key = identity(row.text, row.system, row.earlier)
            if key in same_as:
                problems.append(Problem(row.line, None, f"is the same as {self._name(same_as[key])}; left out"))
                continue
            group = self.found.of[i]
            like: dict[Split, int] = {}
            for other in (group, *self.found.near(group)):
                for split, j in sides.get(other, {}).items():
                    like[split] = min(j, like.get(split, j))
            wish = row.split or min(like, key=like.__getitem__, default=None)
            if wish is None:
                text = normalise(row.whole)
                wish = chosen.get(i) or by_hash(text, self.share, self.seed)
                free[i] = (_hash(text, self.seed), wish is Split.HELD_OUT)
                leader[i] = i
            elif row.split is None and like[wish] in leader:
                leader[i] = leader[like[wish]]
            across = next((split for split in like if split is not wish), None)
            if across is not None:
                resembled = self._name(like[across])
                problems.append(
                    Problem(row.line, "split", f"nearly the same as {resembled}, which is {across}; left out")
                )
                leader.pop(i, None)
                continue
            same_as[key] = i
            sides.setdefault(group, {}).setdefault(wish, i)
            placed.append((replace(row, split=wish), wish))
        rows_of = Counter(leader.values())
        return placed, problems, [shares.Free(i, said[0], rows_of[i], said[1]) for i, said in free.items()]

    def _name(self, index: int) -> str:
        if index < self.first:
            return "a prompt of the project"
        line = self.rows[index - self.first].line
        return f"line {line}" if line is not None else "an earlier row"


def by_hash(key: str, held_out_share: float, seed: int) -> Split:
    """held_out for the share `held_out_share` of all keys, by a hash of (seed, key)."""
    return Split.HELD_OUT if _hash(key, seed) / 2**64 < held_out_share else Split.TRAIN


def _hash(key: str, seed: int) -> int:
    """From 0 to 2**64 − 1."""
    return int.from_bytes(blake2b(f"{seed}:{key}".encode(), digest_size=8).digest(), "big")


def check_disjoint(train: Sequence[str], held_out: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs (index in `train`, index in `held_out`) that are the same or nearly the same, ascending: every row of `train`
    with each text of `held_out` it resembles, of which the first of its group is named."""
    found = groups([*train, *held_out])
    first: dict[int, int] = {}
    for j, group in enumerate(found.of[len(train) :]):
        first.setdefault(group, j)
    return sorted(
        (i, first[other])
        for i, group in enumerate(found.of[: len(train)])
        for other in (group, *found.near(group))
        if other in first
    )


def _earlier(entry: Existing) -> Turns:
    return entry[3] if len(entry) > 3 else ()
