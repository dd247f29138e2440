"""How many of the prompts of an import are held out: as near to the asked share as whole groups allow. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def held_out(
    hashes: NDArray[np.uint64], rows: NDArray[np.int64], by_hash: NDArray[np.bool_], share: float
) -> NDArray[np.bool_]:
    """Which of the rows whose side nothing asks for are held out, (rows,): of each the hash of its text, how many rows stand
    on its side with it, and whether its hash alone holds it out. It is those with the smallest hashes, as many as come
    nearest to `share` of all their rows. Of two or more there is at least one on either side where 0 < share < 1; one
    alone goes by its hash."""
    if len(hashes) < 2:
        return by_hash.copy()
    order = np.argsort(hashes, kind="stable")
    up_to = np.cumsum(rows[order])
    # the next comes nearer where its middle lies below what is wanted
    beyond = up_to - rows[order] / 2 >= share * int(up_to[-1])
    count = int(np.argmax(beyond)) if beyond.any() else len(order)
    if 0 < share < 1:
        count = min(max(count, 1), len(order) - 1)
    chosen = np.zeros(len(order), bool)
    chosen[order[:count]] = True
    return chosen
