"""How often the limits miss the rate at any moment of a run: those of an always-valid sequence, and t limits with peeking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from scipy.special import stdtrit

from tests.simulations.shares import rates
from tests.support.sequences import confidence_sequence


def cells() -> Iterator[dict[str, Any]]:
    for share, draws, spread in product((0.02, 0.1, 0.4), (1, 4, 16), ("none", "beta 0.2", "all or nothing")):
        yield {"share": share, "prompts": 200, "draws": draws, "spread": spread}


def misses(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    share, n = cell["share"], np.arange(1, cell["prompts"] + 1)
    failed = peeked = 0
    widths = []
    for _ in range(sets):
        x = rng.binomial(cell["draws"], rates(share, cell["spread"], (1, cell["prompts"]), rng)[0]) / cell["draws"]
        low, high = confidence_sequence(x)
        failed += bool(((low > share) | (high < share)).any())
        widths.append(high[-1] - low[-1])
        mean = np.cumsum(x) / n
        variance = (np.cumsum(x**2) / n - mean**2) * n / np.maximum(n - 1, 1)
        half = stdtrit(np.maximum(n - 1, 1), 0.975) * np.sqrt(np.maximum(variance, 0) / n)
        peeked += bool((np.abs(mean - share) > half)[9:].any())  # from ten prompts on
    return {"ever wrong": failed / sets, "ever wrong by t": peeked / sets, "width at the end": float(np.mean(widths))}
