"""Placing prompts on either side of the held-out split: what resembles each other stands on one side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b

from rsf_core.domain import Split
from rsf_core.domain.turns import Turns, whole
from rsf_core.prompts.near_duplicates import groups, normalise
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

    A near-duplicate goes where the prompt it resembles is. Otherwise the row's own wish counts, else a hash of its text
    against `held_out_share`, so the split stays what it is when prompts are added. Exact duplicates are left out, and so
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
    placed: list[tuple[PromptRow, Split]] = []
    problems: list[Problem] = []
    for i, row in enumerate(rows, start=first):
        key = identity(row.text, row.system, row.earlier)
        if key in same_as:
            problems.append(Problem(row.line, None, f"is the same as {_name(same_as[key], first, rows)}; left out"))
            continue
        group = found.of[i]
        like: dict[Split, int] = {}
        for other in (group, *found.near(group)):
            for split, j in sides.get(other, {}).items():
                like[split] = min(j, like.get(split, j))
        wish = row.split or min(like, key=like.__getitem__, default=None)
        wish = wish or by_hash(normalise(row.whole), held_out_share, seed)
        across = next((split for split in like if split is not wish), None)
        if across is not None:
            resembled = _name(like[across], first, rows)
            problems.append(Problem(row.line, "split", f"nearly the same as {resembled}, which is {across}; left out"))
            continue
        same_as[key] = i
        sides.setdefault(group, {}).setdefault(wish, i)
        placed.append((replace(row, split=wish), wish))
    return placed, problems


def by_hash(key: str, held_out_share: float, seed: int) -> Split:
    """held_out for the share `held_out_share` of all keys, by a hash of (seed, key)."""
    digest = blake2b(f"{seed}:{key}".encode(), digest_size=8).digest()
    return Split.HELD_OUT if int.from_bytes(digest, "big") / 2**64 < held_out_share else Split.TRAIN


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


def _name(index: int, first: int, rows: Sequence[PromptRow]) -> str:
    if index < first:
        return "a prompt of the project"
    line = rows[index - first].line
    return f"line {line}" if line is not None else "an earlier row"
