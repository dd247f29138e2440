"""How often chance is taken for a gain: among several null rounds shown together, and by the autopilot after one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from rsf_core.sampling.intervals import difference_interval
from rsf_core.sampling.simultaneous import simultaneous_level


def cells() -> Iterator[dict[str, Any]]:
    for prompts, rounds, shared, kind in product((20, 48, 100), (2, 5, 10), (0.0, 0.5), ("reward", "share")):
        yield {"prompts": prompts, "rounds": rounds, "shared": shared, "kind": kind}


def coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """Differences on the same prompts share a part (the base's noise). `any`: at least one null round is beyond chance, by
    separate intervals (their lower limit alone) and by simultaneous ones; `missed`: at least one interval fails to hold 0;
    `passes`: the autopilot continues after a null round, by the estimate and by the lower limit."""
    alone = together = missed = estimate = limit = 0
    for _ in range(sets):
        d = _differences(cell, rng)
        width = 1.0 if cell["kind"] == "share" else np.inf
        level = simultaneous_level(d, rng=rng, replicates=500)
        each = [difference_interval(column, width) for column in d.T]
        all_together = [difference_interval(column, width, level) for column in d.T]
        alone += any(one.low > 0 for one in each)
        together += any(one.low > 0 for one in all_together)
        missed += any(one.low > 0 or one.high < 0 for one in all_together)
        estimate += each[0].value > 0
        limit += each[0].low > 0
    counts = {"any alone": alone, "any together": together, "missed": missed}
    counts |= {"passes by estimate": estimate, "passes by limit": limit}
    return {name: count / sets for name, count in counts.items()}


def _differences(cell: Mapping[str, Any], rng: np.random.Generator) -> np.ndarray:
    shape, shared = (cell["prompts"], cell["rounds"]), cell["shared"]
    if cell["kind"] == "reward":
        base = rng.normal(size=(shape[0], 1))
        return np.sqrt(shared) * base + np.sqrt(1 - shared) * rng.normal(size=shape)
    p = rng.beta(0.6, 1.4, (shape[0], 1))
    before = rng.binomial(8, p, shape if shared == 0 else (shape[0], 1))
    return (rng.binomial(8, p, shape) - before) / 8
