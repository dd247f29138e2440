"""How many of the prompts of an import are held out: as near to the asked share as whole groups allow. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Free:
    """A row whose side nothing asks for, by its place (`name`) and the `hash` of its text, with how many `rows` stand
    on its side with it; `held_out`: where its hash alone puts it."""

    name: int
    hash: int
    rows: int
    held_out: bool


def held_out(free: Sequence[Free], share: float) -> frozenset[int]:
    """Which of them are held out: those with the smallest hashes, as many as come nearest to `share` of all their rows. Of two
    or more there is at least one on either side where 0 < share < 1; one alone goes by its hash."""
    if len(free) < 2:
        return frozenset(one.name for one in free if one.held_out)
    ordered = sorted(free, key=lambda one: (one.hash, one.name))
    wanted = share * sum(one.rows for one in ordered)
    count, rows = 0, 0
    for one in ordered:  # the next comes nearer where its middle lies below what is wanted
        if rows + one.rows / 2 >= wanted:
            break
        count, rows = count + 1, rows + one.rows
    if 0 < share < 1:
        count = min(max(count, 1), len(ordered) - 1)
    return frozenset(one.name for one in ordered[:count])
