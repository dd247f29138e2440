"""What the interval of a procedure covers, over runs and prompts together, beside the interval of one run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from rsf_core.sampling.intervals import difference_interval
from rsf_core.sampling.procedure import procedure_interval

GAIN, DRAWS = 0.1, 4
SPREADS = {"none": 0.0, "a third": 0.05, "as prompts": 0.15, "thrice": 0.45}


def cells() -> Iterator[dict[str, Any]]:
    for runs, prompts, spread, kind in product((2, 3, 5, 10), (20, 48), SPREADS, ("reward", "share")):
        yield {"runs": runs, "prompts": prompts, "spread": spread, "kind": kind}


def coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """`spread`: of the runs' own gains beside that of the prompts' (0.15, of which half the noise of draws). `runs` covers by
    t over runs alone, `one` is the interval over prompts of the first run: what it claims of another run."""
    held = alone = one = 0
    widths, truth = [], _truth(cell, rng)
    for _ in range(sets):
        gains = _gains(cell, rng)
        width = 1.0 if cell["kind"] == "share" else math.inf
        interval = procedure_interval(gains, width)
        held += interval.low <= truth <= interval.high
        over_runs = difference_interval(gains.mean(axis=1))
        alone += over_runs.low <= truth <= over_runs.high
        first = difference_interval(gains[0], width)
        one += first.low <= truth <= first.high
        widths.append(interval.high - interval.low)
    covers = {"coverage": held, "runs alone": alone, "one run": one}
    return {name: count / sets for name, count in covers.items()} | {"width": float(np.median(widths))}


def _gains(cell: Mapping[str, Any], rng: np.random.Generator) -> np.ndarray:
    """(runs, prompts). A share's are differences of rates of four draws, whose chance rises by the run's and the prompt's
    gain, cut to [0, 1]."""
    runs, prompts = cell["runs"], cell["prompts"]
    a = SPREADS[cell["spread"]] * rng.normal(size=(runs, 1))
    b = 0.15 * rng.normal(size=(1, prompts))
    if cell["kind"] == "reward":
        return GAIN + a + b + 0.1 * rng.normal(size=(runs, prompts))
    before = rng.beta(1.0, 3.0, (1, prompts))
    after = np.clip(before + GAIN + a + b, 0.0, 1.0)
    base = rng.binomial(DRAWS, before)  # drawn once for all runs: they share the base
    return (rng.binomial(DRAWS, after) - base) / DRAWS


def _truth(cell: Mapping[str, Any], rng: np.random.Generator) -> float:
    if cell["kind"] == "reward":
        return GAIN
    many = {**cell, "runs": 1, "prompts": 20}
    return float(np.mean([_gains(many, rng).mean() for _ in range(20_000)]))
