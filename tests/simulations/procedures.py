"""Coverage of the interval of a procedure, over runs and prompts together, beside that of one run's interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from scipy import stats

from rsf_core.domain.arrays import Floats
from rsf_core.sampling.bounded import difference_limits
from rsf_core.sampling.procedure import means_differ, procedure_limits

GAIN, DRAWS, LEVEL = 0.1, 4, 0.95
AT_ONCE = 1_000  # data sets
SPREADS = {"none": 0.0, "a third": 0.05, "as prompts": 0.15, "thrice": 0.45}
SHARES = {"share": (1.0, 3.0), "high share": (3.0, 1.0)}  # Beta distribution of the prompts' shares before tuning


def cells() -> Iterator[dict[str, Any]]:
    for runs, prompts, spread, kind in product((2, 3, 5, 10), (20, 48), SPREADS, ("reward", *SHARES)):
        yield {"runs": runs, "prompts": prompts, "spread": spread, "kind": kind}


def coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """`spread` is that of the runs' gains, beside that of the prompts' (0.15, half of it the noise of draws). "runs alone" is
    the coverage of t over runs alone, "one run" that of the first run's interval over prompts, taken for another run.
    "coverage" is over the known intervals, and "shown" is their share: runs with equal means have no interval."""
    width = 1.0 if cell["kind"] in SHARES else math.inf
    truth = _truth(cell, rng)
    counts = dict.fromkeys(("coverage", "too low", "shown", "runs alone", "one run"), 0)
    widths = []
    for start in range(0, sets, AT_ONCE):
        gains = _gains(cell, min(AT_ONCE, sets - start), rng)
        known = means_differ(gains)
        low, high = procedure_limits(gains, width, LEVEL)
        counts["shown"] += known.sum()
        counts["coverage"] += (known & (low <= truth) & (truth <= high)).sum()
        counts["too low"] += (known & (high < truth)).sum()
        counts["runs alone"] += _t_covers(gains.mean(axis=2), truth)
        if math.isinf(width):
            counts["one run"] += _t_covers(gains[:, 0], truth)
        else:
            below, above = difference_limits(gains[:, 0], LEVEL)
            counts["one run"] += ((below <= truth) & (truth <= above)).sum()
        widths.append((high - low)[known])
    shown = max(int(counts["shown"]), 1)
    of = {"coverage": shown, "too low": shown}
    shares = {name: float(count / of.get(name, sets)) for name, count in counts.items()}
    return shares | {"width": float(np.median(np.concatenate(widths)))}


def _t_covers(values: Floats, truth: float) -> int:
    """How many of the t intervals over the last axis hold the truth."""
    count = values.shape[-1]
    half = stats.t.ppf(0.5 + 0.5 * LEVEL, count - 1) * values.std(axis=-1, ddof=1) / math.sqrt(count)
    return int((np.abs(values.mean(axis=-1) - truth) <= half).sum())


def _gains(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> Floats:
    """Gains (sets, runs, prompts). Those of a share are differences of rates of four draws, whose probability rises by the
    run's and the prompt's gain, clipped to [0, 1]."""
    runs, prompts = cell["runs"], cell["prompts"]
    a = SPREADS[cell["spread"]] * rng.normal(size=(sets, runs, 1))
    b = 0.15 * rng.normal(size=(sets, 1, prompts))
    if cell["kind"] == "reward":
        return GAIN + a + b + 0.1 * rng.normal(size=(sets, runs, prompts))
    before = rng.beta(*SHARES[cell["kind"]], (sets, 1, prompts))
    after = np.clip(before + GAIN + a + b, 0.0, 1.0)
    base = rng.binomial(DRAWS, before)  # drawn once for all runs: they share the base
    return (rng.binomial(DRAWS, after) - base) / DRAWS


def _truth(cell: Mapping[str, Any], rng: np.random.Generator) -> float:
    if cell["kind"] == "reward":
        return GAIN
    before = rng.beta(*SHARES[cell["kind"]], 2_000_000)
    moved = GAIN + SPREADS[cell["spread"]] * rng.normal(size=before.size) + 0.15 * rng.normal(size=before.size)
    return float((np.clip(before + moved, 0.0, 1.0) - before).mean())
