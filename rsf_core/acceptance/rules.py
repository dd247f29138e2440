"""Four acceptance rules on the same candidates: how many each would keep, and of what quality."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.acceptance.landscape import Landscape
from rsf_core.domain.words import significant
from rsf_core.sampling import rules
from rsf_core.sampling.diversity import distinct_2

READ = 2_000  # completions of each rule whose word pairs are counted


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What a rule keeps: how many candidates from how many prompts, its Jaccard overlap with rejection, the mean reward and
    length (tokens), and distinct-2 of an equal number of completions for every rule (NaN if some rule keeps none)."""

    name: str
    explanation: str
    kept: int
    prompts: int
    overlap: float
    reward: float
    tokens: float
    distinct_2: float


def compare(
    landscape: Landscape,
    log_m: float,
    ratios: pa.Table,
    reward: NDArray[np.float64],
    completions: Callable[[Sequence[str]], list[str]],
) -> list[RuleOutcome]:
    """Rejection at `log_m` (nats) beside the other rules, which keep the same number as nearly as they can. `ratios` and
    `reward` have one row per candidate; a reward of −∞ means that no rule may keep it. `completions` reads texts by id.
    Overrides are left out, because this compares rules."""
    u, tokens = ratios["u"].to_numpy(), ratios["token_count"].to_numpy()
    possible = reward > -np.inf
    by_rejection = landscape.critical > log_m
    count = int(by_rejection.sum())
    with_any = np.unique(landscape.prompts[possible]).size
    each = max(1, round(count / max(with_any, 1)))
    at_least = float(np.sort(reward[possible])[::-1][min(count, possible.sum()) - 1]) if count else np.inf
    kept = {
        f"rejection, log M {log_m:.2f}": ("the rule in force: min(1, P/(M·q))", by_rejection),
        f"best {each} of each prompt": (
            "best_of_n: largest reward (RAFT, Llama 2)",
            rules.best_of_n(reward, landscape.prompts, u, each),
        ),
        f"reward ≥ {significant(at_least)}": (
            "threshold: a fixed least reward (ReST)",
            rules.threshold(reward, at_least),
        ),
        f"{count:,} at random": ("random: the control that selection has to beat", rules.random(u, count, possible)),
    }
    read = min([READ, *(int(mask.sum()) for _, mask in kept.values())])
    ids = ratios["candidate_id"]
    return [
        RuleOutcome(
            name,
            explanation,
            kept=int(mask.sum()),
            prompts=int(np.unique(landscape.prompts[mask]).size),
            overlap=rules.overlap(mask, by_rejection),
            reward=_mean(reward[mask & possible]),
            tokens=_mean(tokens[mask]),
            distinct_2=distinct_2(completions(ids.take(_some(mask, u, read)).to_pylist())),
        )
        for name, (explanation, mask) in kept.items()
    ]


def _some(mask: NDArray[np.bool_], u: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """`count` rows of `mask`, chosen at random but always the same."""
    return np.flatnonzero(rules.random(u, count, mask))


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else float("nan")
