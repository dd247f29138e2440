"""How many prompts of an import are held out: as near to the requested share as whole groups allow. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def held_out(
    hashes: NDArray[np.uint64], rows: NDArray[np.int64], by_hash: NDArray[np.bool_], share: float
) -> NDArray[np.bool_]:
    """Which of the free rows, whose side nothing else decides, are held out, (free rows,).

    `hashes` are those of the rows' texts, `rows` how many rows go to the same side with each, and `by_hash` whether its hash
    alone holds it out. Those with the smallest hashes are held out, as many as come nearest to `share` of all these rows. If
    there are two or more and 0 < share < 1, at least one is on either side; a single one goes by its hash."""
    if len(hashes) < 2:
        return by_hash.copy()
    order = np.argsort(hashes, kind="stable")
    up_to = np.cumsum(rows[order])
    # adding the next row brings the count nearer to the target if the middle of its rows is below the target
    beyond = up_to - rows[order] / 2 >= share * int(up_to[-1])
    count = int(np.argmax(beyond)) if beyond.any() else len(order)
    if 0 < share < 1:
        count = min(max(count, 1), len(order) - 1)
    chosen = np.zeros(len(order), bool)
    chosen[order[:count]] = True
    return chosen
