"""How drawing more for prompts without an accepted candidate affects estimates of the rate, and whether as many prompts get
one as predicted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from rsf_core.acceptance import bands
from rsf_core.store.records import PromptKind
from tests.simulations.shares import rates

PLANS = 20  # data sets with a plan, which takes far longer than the rates


def cells() -> Iterator[dict[str, Any]]:
    for share, spread, (draws, more) in product(
        (0.05, 0.2, 0.5), ("none", "beta 0.2", "beta 0.5", "logit 1", "logit 3"), ((4, 4), (4, 16), (8, 8))
    ):
        yield {"share": share, "spread": spread, "prompts": 50, "draws": draws, "more": more}


def estimates(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """Errors, in units of the rate, of three estimates: the mean of prompt rates over the draws that all prompts have, that
    mean over all draws, and the pooled rate; and the number of prompts that got a candidate, divided by the expected
    number."""
    draws, more = cell["draws"], cell["more"]
    planned, every, pooled, truth, expected, got = [], [], [], [], 0.0, 0
    for number in range(sets):
        p = rates(cell["share"], cell["spread"], (1, cell["prompts"]), rng)[0]
        first = rng.binomial(draws, p)
        again = np.where(first == 0, rng.binomial(more, p), 0)
        drawn = draws + more * (first == 0)
        kinds = [
            PromptKind(n, False, draws, a, a, more if a == 0 else 0, b, b)
            for (a, b), n in Counter(zip(first.tolist(), again.tolist(), strict=True)).items()
        ]
        before = [PromptKind(n, False, draws, a, a, 0, 0, 0) for a, n in Counter(first.tolist()).items()]
        planned.append(bands.rates(kinds).automatic)
        every.append(float(((first + again) / drawn).mean()))
        pooled.append(float((first + again).sum() / drawn.sum()))
        truth.append(float(p.mean()))
        if number < PLANS and (plan := bands.plan(before, more)) is not None:
            expected += plan.expected
            got += int((again > 0).sum())
    mean = float(np.mean(truth))
    return {
        "error": float(np.mean(planned)) / mean - 1,
        "error over all draws": float(np.mean(every)) / mean - 1,
        "error pooled": float(np.mean(pooled)) / mean - 1,
        "got one, of expected": got / max(expected, 1e-9),
    }
