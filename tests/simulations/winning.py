"""Coverage of the intervals of win rates: shares of compared pairs, few a prompt, of some prompts more than of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from rsf_core.sampling.intervals import SHARE, pooled_mean
from tests.simulations.shares import rates


def cells() -> Iterator[dict[str, Any]]:
    """`more`: pairs of a prompt beyond its first, in the mean; 0 is one of each."""
    for share, prompts, more, spread in product(
        (0.5, 0.7, 0.9, 0.98), (10, 20, 50), (0, 2), ("none", "beta 0.2", "beta 0.5")
    ):
        yield {"share": share, "prompts": prompts, "more": more, "spread": spread}


def coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """How often the limits hold the true share, and their mean width."""
    share, prompts = cell["share"], cell["prompts"]
    held, width = 0, 0.0
    for _ in range(sets):
        pairs = 1 + (rng.geometric(1 / (1 + cell["more"]), prompts) - 1)
        of_prompt = np.repeat(np.arange(prompts), pairs)
        wins = rng.random(len(of_prompt)) < rates(share, cell["spread"], (1, prompts), rng)[0][of_prompt]
        found = pooled_mean(wins.astype(np.float64), of_prompt, bounds=SHARE)
        held += found.low <= share <= found.high
        width += found.high - found.low
    return {"coverage": held / sets, "width": width / sets}
