"""Placing prompts on either side of the held-out split, so that prompts that resemble each other are on one side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b, md5

import numpy as np
import pyarrow as pa

from rsf_core.domain import Split
from rsf_core.domain.arrays import Ints
from rsf_core.domain.turns import Turns, whole
from rsf_core.prompts import sides
from rsf_core.prompts.near_duplicates import Groups, groups, normalise
from rsf_core.prompts.rows import Problem, PromptRow, identity
from rsf_core.prompts.sides import SPLITS, NewRows, Sides

Existing = tuple[str, Split] | tuple[str, Split, str | None] | tuple[str, Split, str | None, Turns]


def place(
    existing: Sequence[Existing],
    rows: Sequence[PromptRow],
    held_out_share: float,
    seed: int,
    former: Sequence[Existing] = (),
) -> tuple[list[tuple[PromptRow, Split]], list[Problem]]:
    """A split for each row that can be added, and what is wrong with the others.

    `existing` are the texts of the project's prompts, each with its split and, if there are any, its system prompt and its
    earlier turns. `former` are texts that once were prompts; a row that resembles one belongs to its side as well.

    A row that asks for a split goes there. Any other near-duplicate goes where the prompt it resembles is. The remaining rows
    are free: those with the smallest hashes of their text are held out, as many as come nearest to `held_out_share`
    of the free rows together with the rows that resemble them. There is at least one on either side if two free rows do not
    resemble each other; a single one goes by its hash. `existing` prompts never move. Exact duplicates are left out, and so
    are rows whose own split would put near-duplicates on both sides. The system prompt is part of a prompt: one text under two
    system prompts is two prompts, which resemble each other. So are the earlier turns of a conversation, which are compared
    with the text."""
    known = [*existing, *former]
    texts = [row.whole for row in rows]
    text_groups = groups([*(whole(entry[0], _earlier(entry)) for entry in known), *texts])
    keys = [identity(entry[0], entry[2] if len(entry) > 2 else None, _earlier(entry)) for entry in existing]
    keys += [identity(row.text, row.system, row.earlier) for row in rows]
    request = NewRows(
        sides.codes([entry[1] for entry in known]),
        len(existing),
        sides.codes([row.split for row in rows]),
        numbered(b"".join(map(digest, keys))),
        lambda row: hashed(texts[row], seed),
    )
    return settled(request, text_groups, rows, held_out_share)


def settled(
    request: NewRows,
    text_groups: Groups,
    rows: Sequence[PromptRow],
    held_out_share: float,
    reference_keys: pa.ChunkedArray | None = None,
) -> tuple[list[tuple[PromptRow, Split]], list[Problem]]:
    """The same as `place`, if the groups of near-duplicates among the known texts and those of `rows` are computed already.
    With `reference_keys`, those of the known prompts, it is said of a row whose reference is not taken."""
    chosen = sides.choose(request, text_groups, held_out_share)
    placed = [
        (replace(row, split=SPLITS[side]), SPLITS[side])
        for row, side in zip(rows, chosen.side.tolist(), strict=True)
        if side >= 0
    ]
    lines = [row.line for row in rows]
    left_out = np.flatnonzero(chosen.side < 0).tolist()
    known, keys = len(request.known), reference_keys
    lost = [None if keys is None else not_taken(chosen, row, keys, rows[row].reference) for row in left_out]
    return placed, [problem(chosen, row, known, lines, why) for row, why in zip(left_out, lost, strict=True)]


def reference_key(reference: str) -> int:
    """A hash of a reference, as DuckDB's md5_number_lower computes it: equal for equal references, and for practical purposes
    only for them."""
    return int.from_bytes(md5(reference.encode(), usedforsecurity=False).digest()[8:], "little")


def not_taken(chosen: Sides, row: int, reference_keys: pa.ChunkedArray, reference: str | None) -> str | None:
    """Why the reference of a row that is left out is lost: the row is the same as a prompt of the project, whose reference
    differs; None if nothing is lost. `reference_keys` are those of the project's prompts."""
    at = int(chosen.like[row])
    if not reference or chosen.across[row] >= 0 or at >= len(reference_keys):
        return None
    key = reference_keys[at].as_py()
    if key == reference_key(reference):
        return None
    return "has no reference" if key is None else "has another reference"


def problem(
    chosen: Sides, row: int, known: int, lines: Sequence[int | None], reference_lost: str | None = None
) -> Problem:
    """Why a row is left out; `lines` are the lines of all rows, which follow `known` texts; `reference_lost` as `not_taken`
    returns it."""
    at = int(chosen.like[row])
    line = lines[at - known] if at >= known else None
    name = "a prompt of the project" if at < known else f"line {line}" if line is not None else "an earlier row"
    if reference_lost is not None:
        return Problem(
            lines[row], "reference", f"is not taken: the row is the same as {name}, which {reference_lost}; left out"
        )
    if chosen.across[row] < 0:
        return Problem(lines[row], None, f"is the same as {name}; left out")
    side = SPLITS[int(chosen.across[row])]
    return Problem(lines[row], "split", f"nearly the same as {name}, which is {side}; left out")


def digest(key: str) -> bytes:
    """A hash of 16 bytes: equal for equal identities, and for practical purposes only for them."""
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def numbered(digests: bytes | bytearray) -> Ints:
    """Numbers from 0, equal for equal digests; `digests` are 16 bytes each, one after the other."""
    halves = np.frombuffer(digests, np.uint64).reshape(-1, 2)
    order = np.lexsort(halves.T)
    new = (halves[order[1:]] != halves[order[:-1]]).any(axis=1)
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.concatenate([np.zeros(min(1, len(order)), np.int64), np.cumsum(new)])
    return numbers


def hashed(text: str, seed: int) -> int:
    """The hash, from 0 to 2**64 − 1, that places a text if nothing else does."""
    return _hash(normalise(text), seed)


def by_hash(key: str, held_out_share: float, seed: int) -> Split:
    """held_out for the share `held_out_share` of all keys, by a hash of (seed, key)."""
    return Split.HELD_OUT if _hash(key, seed) / 2**64 < held_out_share else Split.TRAIN


def _hash(key: str, seed: int) -> int:
    """From 0 to 2**64 − 1."""
    return int.from_bytes(blake2b(f"{seed}:{key}".encode(), digest_size=8).digest(), "big")


def check_disjoint(train: Sequence[str], held_out: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs (index in `train`, index in `held_out`) of texts that are the same or nearly the same, ascending: every text of
    `train` with each group of `held_out` that it resembles, named by the group's first text."""
    text_groups = groups([*train, *held_out])
    of = text_groups.of.tolist()
    first: dict[int, int] = {}
    for j, group in enumerate(of[len(train) :]):
        first.setdefault(group, j)
    return sorted(
        (i, first[other])
        for i, group in enumerate(of[: len(train)])
        for other in (group, *text_groups.near(group))
        if other in first
    )


def _earlier(entry: Existing) -> Turns:
    return entry[3] if len(entry) > 3 else ()
