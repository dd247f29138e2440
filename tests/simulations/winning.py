"""Coverage of the intervals of win rates: shares of compared pairs, few a prompt, of some prompts more than of others; and of
the pairs of rankings, which hang together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.review.pair_words import weight_of
from rsf_core.sampling.intervals import SHARE, pooled_mean
from tests.simulations.shares import rates


def cells() -> Iterator[dict[str, Any]]:
    """`more`: pairs of a prompt beyond its first, in the mean; 0 is one of each."""
    for share, prompts, more, spread in product(
        (0.5, 0.7, 0.9, 0.98), (10, 20, 50), (0, 2), ("none", "beta 0.2", "beta 0.5")
    ):
        yield {"share": share, "prompts": prompts, "more": more, "spread": spread}


def ranked_cells() -> Iterator[dict[str, Any]]:
    """`ranked`: candidates of each ranking, or "2 to 8" where prompts differ; `tells`: by how much, in log-odds a deviation of
    the score, people prefer what it scores higher, in the mean of prompts, which differ in that by `spread`."""
    for ranked, prompts, tells, spread in product(("2 to 8", "4", "8"), (10, 20, 50), (0.0, 1.0, 4.0), (0.0, 1.0)):
        yield {"ranked": ranked, "prompts": prompts, "tells": tells, "spread": spread}


def coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """How often the limits hold the true share, and their mean width."""
    share, prompts = cell["share"], cell["prompts"]
    held, width = 0, 0.0
    for _ in range(sets):
        pairs = 1 + (rng.geometric(1 / (1 + cell["more"]), prompts) - 1)
        of_prompt = np.repeat(np.arange(prompts), pairs)
        wins = rng.random(len(of_prompt)) < rates(share, cell["spread"], (1, prompts), rng)[0][of_prompt]
        interval = pooled_mean(wins.astype(np.float64), of_prompt, bounds=SHARE)
        held += interval.low <= share <= interval.high
        width += interval.high - interval.low
    return {"coverage": held / sets, "width": width / sets}


def ranked_coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """How often the limits hold the share that very many rankings would give, and their mean width."""
    held, width = 0, 0.0
    truth = _ranked_share(cell, rng)
    for _ in range(sets):
        wins, weights, of_prompt = _ranked(cell, cell["prompts"], rng)
        interval = pooled_mean(wins, of_prompt, bounds=SHARE, weights=weights)
        held += interval.low <= truth <= interval.high
        width += interval.high - interval.low
    return {"coverage": held / sets, "width": width / sets}


def _ranked(cell: Mapping[str, Any], prompts: int, rng: np.random.Generator) -> tuple[Floats, Floats, Ints]:
    """Of each pair of one ranking each of `prompts`: whether the score is higher of the one that stands before, what the pair
    counts, and its prompt. Rankings are by Plackett (1975) and Luce (1959): z plus Gumbel noise, the highest first."""
    wins, weights, of_prompt = [], [], []
    sizes = rng.integers(2, 9, prompts) if cell["ranked"] == "2 to 8" else np.full(prompts, int(cell["ranked"]))
    for size in np.unique(sizes):
        mine = np.flatnonzero(sizes == size)
        score = rng.normal(size=(len(mine), size))
        tells = cell["tells"] + cell["spread"] * rng.normal(size=(len(mine), 1))
        order = np.argsort(-(tells * score + rng.gumbel(size=score.shape)), axis=1)
        ranked = np.take_along_axis(score, order, axis=1)
        before, after = np.triu_indices(size, 1)
        wins.append((ranked[:, before] > ranked[:, after]).ravel())
        weights.append(np.full(len(mine) * len(before), weight_of(int(size))))
        of_prompt.append(np.repeat(mine, len(before)))
    return np.concatenate(wins).astype(np.float64), np.concatenate(weights), np.concatenate(of_prompt)


def _ranked_share(cell: Mapping[str, Any], rng: np.random.Generator, prompts: int = 200_000) -> float:
    """Of very many prompts: known to ± 0.002."""
    wins, weights, _ = _ranked(cell, prompts, rng)
    return float((wins * weights).sum() / weights.sum())
