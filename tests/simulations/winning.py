"""Coverage of the intervals of win rates: shares of compared pairs, few for each prompt and more for some; and of the pairs of
rankings, which are dependent."""

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
    """`more`: the mean number of pairs of a prompt beyond its first; 0 means one pair for each."""
    for share, prompts, more, spread in product(
        (0.5, 0.7, 0.9, 0.98), (10, 20, 50), (0, 2), ("none", "beta 0.2", "beta 0.5")
    ):
        yield {"share": share, "prompts": prompts, "more": more, "spread": spread}


def ranked_cells() -> Iterator[dict[str, Any]]:
    """`ranked`: candidates of each ranking, or "2 to 8" if prompts differ; `tells`: how much people prefer a higher score, in
    log-odds for each standard deviation of the score, as the mean of prompts, which differ in it by `spread`."""
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
    """How often the limits hold the share of very many rankings, and their mean width."""
    held, width = 0, 0.0
    truth = _ranked_share(cell, rng)
    for _ in range(sets):
        wins, weights, of_prompt = _ranked(cell, cell["prompts"], rng)
        interval = pooled_mean(wins, of_prompt, bounds=SHARE, weights=weights)
        held += interval.low <= truth <= interval.high
        width += interval.high - interval.low
    return {"coverage": held / sets, "width": width / sets}


def _ranked(cell: Mapping[str, Any], prompts: int, rng: np.random.Generator) -> tuple[Floats, Floats, Ints]:
    """For each pair of one ranking for each of `prompts`: whether the candidate ranked first has the higher score, the pair's
    weight, and its prompt. Rankings are by Plackett (1975) and Luce (1959): z plus Gumbel noise, the highest first."""
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
    """The share over very many prompts, exact to ± 0.002."""
    wins, weights, _ = _ranked(cell, prompts, rng)
    return float((wins * weights).sum() / weights.sum())
