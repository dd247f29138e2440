"""Coverage of the intervals of shares and of their paired differences, over shares near 0 and 1 and prompts of all kinds.

Vectorised over data sets: the outcomes of G prompts × K draws are binomial, and each prompt has its own success probability.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from scipy.special import expit, ndtri, stdtrit

from rsf_core.domain.arrays import Floats
from rsf_core.sampling.bounded import difference_limits, mean_limits

Z = ndtri((np.arange(4000) + 0.5) / 4000)
SHARES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 0.995)
SIZES = tuple(product((20, 50, 100), (4, 8, 16)))
SPREADS = ("none", "beta 0.05", "beta 0.2", "beta 0.5", "beta 0.8", "logit 1", "logit 3", "all or nothing")


def share_cells() -> Iterator[dict[str, Any]]:
    for share, (prompts, draws), spread in product(SHARES, SIZES, SPREADS):
        yield {"share": share, "prompts": prompts, "draws": draws, "spread": spread}


def share_coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """How often the limits hold the true share, and their mean width; the same for t over prompts."""
    share, prompts, draws = cell["share"], cell["prompts"], cell["draws"]
    means = rng.binomial(draws, rates(share, cell["spread"], (sets, prompts), rng)) / draws
    value = means.mean(axis=1)
    low, high = mean_limits(means - value[:, None], value, 0.95, prompts * draws)
    half = stdtrit(prompts - 1, 0.975) * means.std(axis=1, ddof=1) / np.sqrt(prompts)
    return {
        "coverage": float(((low <= share) & (share <= high)).mean()),
        "width": float((high - low).mean()),
        "t coverage": float((np.abs(value - share) <= half).mean()),
        "t width": float(2 * half.mean()),
    }


def rates(share: float, spread: str, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """A success probability for each prompt, with the mean `share`: equal, Beta with a correlation, logit-normal, or 0 and
    1."""
    kind, _, size = spread.partition(" ")
    if kind == "beta":
        total = 1 / float(size) - 1
        return rng.beta(share * total, (1 - share) * total, shape)
    if kind == "logit":
        return expit(middle(share, float(size)) + float(size) * rng.standard_normal(shape))
    return (rng.random(shape) < share).astype(float) if kind == "all" else np.full(shape, share)


def middle(share: float, spread: float) -> float:
    """The a at which σ(a + spread·z) has the mean `share`, by bisection."""
    low, high = -60.0, 60.0
    for _ in range(60):
        a = (low + high) / 2
        low, high = (a, high) if expit(a + spread * Z).mean() < share else (low, a)
    return a


PAIRS = (
    (0.005, 0.005),
    (0.005, 0.02),
    (0.02, 0.1),
    (0.1, 0.1),
    (0.1, 0.2),
    (0.5, 0.5),
    (0.5, 0.6),
    (0.9, 0.95),
    (0.99, 0.99),
)


def gain_cells() -> Iterator[dict[str, Any]]:
    for (before, after), (prompts, draws), spread, change in product(PAIRS, SIZES, (0, 1, 3), (0, 1, 3)):
        yield {
            "before": before, "after": after, "prompts": prompts, "draws": draws, "spread": spread, "change": change
        }  # fmt: skip


def gain_coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """The same for a paired difference. The logits of prompts differ by `spread`, those after tuning by `change` more; 3 of 10
    draws share their random number."""
    shape = (sets, cell["prompts"], 1)
    logit = cell["spread"] * rng.standard_normal(shape)
    first = expit(middle(cell["before"], cell["spread"]) + logit)
    moved = logit + cell["change"] * rng.standard_normal(shape)
    second = expit(middle(cell["after"], float(np.hypot(cell["spread"], cell["change"]))) + moved)
    u, v = rng.random((2, sets, cell["prompts"], cell["draws"]))
    v = np.where(rng.random(v.shape) < 0.3, u, v)
    difference = (v < second).mean(axis=2) - (u < first).mean(axis=2)
    low, high = difference_limits(difference, 0.95)
    gain = cell["after"] - cell["before"]
    return {
        "coverage": float(((low <= gain) & (gain <= high)).mean()),
        "too high": float((low > gain).mean()),
        "width": float((high - low).mean()),
        "t width": float(
            2 * stdtrit(cell["prompts"] - 1, 0.975) * difference.std(axis=1, ddof=1).mean() / np.sqrt(cell["prompts"])
        ),
    }
