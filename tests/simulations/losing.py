"""Coverage of the intervals of the forgetting gauge: prompts differ in their rate of nats a token, completions have random
lengths, and most of the KL is in few tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from rsf_core.domain.arrays import Floats
from rsf_core.evaluation.forgetting import forgotten

RATE, MOST = 0.1, 48  # nats a token; tokens of a completion
LENGTHS = {"full": 1.0, "ends": 0.05}  # the probability that a token is the last
NAMES = ("token", "completion")


def cells() -> Iterator[dict[str, Any]]:
    """`spread`: σ of the logarithm of the prompts' rates; `tokens`: the shape of the Gamma distribution of a token's KL, small
    if few tokens have most of it; `slope`: how much the rate depends on the length of the completion."""
    for prompts, spread, tokens, lengths, slope in product(
        (12, 20, 40), (0.3, 0.8, 1.2), (1.0, 0.1), ("full", "ends"), (0.0, -0.5)
    ):
        if slope == 0.0 or (lengths == "ends" and tokens == 0.1):
            yield {"prompts": prompts, "spread": spread, "tokens": tokens, "lengths": lengths, "slope": slope}


def coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """How often the known limits of nats a token and of nats a completion hold the truth; on which side they miss (`high`: the
    truth lies above); their median width in units of the truth."""
    kl, tokens = _drawn(cell, 400_000, rng)
    truth = {"token": float(kl.sum() / tokens.sum()), "completion": float(kl.mean())}
    held, above, known = (dict.fromkeys(NAMES, 0) for _ in range(3))
    widths: dict[str, list[float]] = {name: [] for name in NAMES}
    prompts = np.arange(cell["prompts"])
    for _ in range(sets):
        intervals = dict(zip(NAMES, forgotten(*_drawn(cell, len(prompts), rng), prompts), strict=True))
        for name, interval in intervals.items():
            known[name] += interval.known
            held[name] += interval.known and interval.low <= truth[name] <= interval.high
            above[name] += interval.known and interval.high < truth[name]
            widths[name].append((interval.high - interval.low) / truth[name])
    figures = {name: held[name] / max(known[name], 1) for name in NAMES}
    figures |= {f"{name} above": above[name] / max(known[name], 1) for name in NAMES}
    return figures | {f"{name} width": float(np.median(widths[name])) for name in NAMES}


def _drawn(cell: Mapping[str, Any], prompts: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """KL and tokens of one completion of each prompt, (prompts,)."""
    ends = LENGTHS[cell["lengths"]]
    tokens = np.full(prompts, MOST) if ends == 1.0 else np.minimum(rng.geometric(ends, prompts), MOST)
    rate = RATE * np.exp(cell["spread"] * rng.standard_normal(prompts)) * (tokens / MOST) ** cell["slope"]
    shape = cell["tokens"] * tokens  # a sum of Gamma variables of one scale
    return rng.gamma(shape) * rate / cell["tokens"], tokens.astype(np.float64)
