"""Whether the AUC that a learned scorer is given by folds of prompts holds for prompts that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from rsf_core.learning import logistic, measures
from rsf_core.learning.taste import Decided, learn
from rsf_core.sampling.arrays import Floats

WIDTH = 60
FRESH = 1500  # prompts of 4 candidates


def cells() -> Iterator[dict[str, Any]]:
    """`strength` of what is to be learned, 0: nothing; prompts that differ in what is drawn and in how much is accepted."""
    for decisions, each, strength, bias in (
        *((50, 1, 1.0, 0.0), (50, 4, 1.0, 1.0), (100, 4, 1.0, 1.0), (200, 8, 2.0, 0.5)),
        *((200, 8, 0.0, 1.0), (400, 8, 1.0, 1.0), (400, 4, 3.0, 0.0)),
    ):
        yield {"decisions": decisions, "each": each, "strength": strength, "bias": bias}


def coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """How often the interval holds the AUC of fresh prompts, the means of both, and how often it is called learnt."""
    rows = [_one(cell, int(seed)) for seed in rng.integers(0, 2**31, sets)]
    held, said, truth, learnt = np.array(rows, np.float64).T
    return {
        "coverage": float(held.mean()),
        "said": float(said.mean()),
        "truth": float(truth.mean()),
        "learnt": float(learnt.mean()),
    }


def _one(cell: Mapping[str, Any], seed: int) -> tuple[bool, float, float, bool]:
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=WIDTH)
    direction *= cell["strength"] / np.linalg.norm(direction)
    decided = _drawn(cell, direction, cell["decisions"] // cell["each"], cell["each"], rng)
    found = learn(decided, 0.3, seed)
    fresh = _drawn(cell, direction, FRESH, 4, rng)
    linear, auc = found.linear, found.report.auc
    z = fresh.hidden @ linear.hidden + (fresh.others - linear.means) / linear.deviations @ linear.others
    truth = float(measures.auc(z, fresh.accepted.astype(np.float64), np.ones((1, len(fresh))))[0])
    return auc.low <= truth <= auc.high, auc.value, truth, found.report.learnt


def _drawn(cell: Mapping[str, Any], direction: Floats, prompts: int, each: int, rng: np.random.Generator) -> Decided:
    of_prompt = np.repeat(np.arange(prompts), each)
    shared = rng.normal(size=(prompts, WIDTH)) * (cell["each"] > 1)
    states = shared[of_prompt] + rng.normal(size=(len(of_prompt), WIDTH))
    others = rng.normal(size=(len(of_prompt), 2)) + 0.3 * states[:, :2]
    z = states @ direction + 0.7 * others[:, 0] + cell["bias"] * rng.normal(size=prompts)[of_prompt]
    accepted = rng.random(len(z)) < logistic.sigmoid(z)
    none = np.zeros(len(z), np.bool_)
    return Decided(states.astype(np.float32), others, ("first", "second"), accepted, of_prompt, others[:, 0], none)
