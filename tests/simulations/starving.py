"""Whether the share of prompts with none accepted of K draws is estimated without bias and covered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from scipy.special import expit, ndtri

from rsf_core.sampling.starvation import starvation
from tests.simulations.shares import middle, rates


def cells() -> Iterator[dict[str, Any]]:
    for share, (prompts, draws), spread in product(
        (0.05, 0.2, 0.5),
        ((30, 4), (50, 8), (100, 4), (100, 16)),
        ("none", "beta 0.2", "beta 0.5", "logit 1", "logit 3"),
    ):
        yield {"share": share, "prompts": prompts, "draws": draws, "spread": spread, "k": 8}


def coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    share, draws, k = cell["share"], cell["draws"], cell["k"]
    truth = _truth(share, cell["spread"], k)
    shares, plugged = [], []
    for _ in range(sets):
        p = rates(share, cell["spread"], (1, cell["prompts"]), rng)[0]
        accepted = rng.binomial(draws, p)
        shares.append(starvation(accepted, np.full(p.size, draws), k, rng=rng).none)
        plugged.append(float(np.mean((1.0 - accepted / draws) ** k)))
    return {
        "truth": truth,
        "mean estimate": float(np.mean([one.value for one in shares])),
        "plugged in": float(np.mean(plugged)),
        "coverage": float(np.mean([one.low <= truth <= one.high for one in shares])),
        "width": float(np.mean([one.high - one.low for one in shares])),
    }


def _truth(share: float, spread: str, k: int) -> float:
    kind, _, size = spread.partition(" ")
    if kind == "logit":
        z = ndtri((np.arange(4000) + 0.5) / 4000)
        return float(((1 - expit(middle(share, float(size)) + float(size) * z)) ** k).mean())
    if kind == "none":
        return float((1 - share) ** k)
    i, total = np.arange(k), 1 / float(size) - 1
    return float(np.prod(((1 - share) * total + i) / (total + i)))
