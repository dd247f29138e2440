"""What compared pairs and rankings add to decisions: the AUC, on unseen prompts, of the scorer learned from both. The features
are synthetic, as in unseen.py; comparisons follow the same hidden direction as decisions, with the same randomness.

    python -m tests.simulations.paired
"""

from __future__ import annotations

import numpy as np

from rsf_core.domain.arrays import Floats
from rsf_core.learning import logistic, measures
from rsf_core.learning.decided import Compared, Decided, FeatureRows
from rsf_core.learning.taste import learn
from rsf_core.review.pair_words import weight_of

WIDTH, EACH, FRESH = 60, 4, 800
DECISIONS, PAIRS, RANKINGS = 60, (0, 60, 240), (60,)
TIES = 0.15  # the share of pairs
SEEDS = 20
STRENGTH = 2.0  # of the signal, in log-odds for each standard deviation


def direction(rng: np.random.Generator, strength: float) -> Floats:
    states = rng.normal(size=WIDTH)
    return states * strength / np.linalg.norm(states)


def drawn(prompts: int, first: int, towards: Floats, rng: np.random.Generator) -> tuple[Decided, Floats]:
    """Candidates of prompts numbered from `first`, and the log-odds that they are accepted."""
    of_prompt = np.repeat(np.arange(first, first + prompts), EACH)
    states = rng.normal(size=(prompts, WIDTH))[of_prompt - first] + rng.normal(size=(len(of_prompt), WIDTH))
    others, z = rng.normal(size=(len(of_prompt), 1)), states @ towards
    accepted = rng.random(len(z)) < logistic.sigmoid(z)
    none = np.zeros(len(z), np.bool_)
    return Decided(states.astype(np.float32), others, ("noise",), accepted, of_prompt, others[:, 0], none), z


def pairs(count: int, first: int, towards: Floats, rng: np.random.Generator) -> Compared:
    """One pair for each of `count` prompts; the share TIES of them are ties."""
    states, z = drawn(count, first, towards, rng)
    left, right = np.arange(0, len(states), EACH), np.arange(1, len(states), EACH)
    better = (rng.random(count) < logistic.sigmoid(z[left] - z[right])).astype(np.float64)
    preferred = np.where(rng.random(count) < TIES, 0.5, better)
    one, other = (FeatureRows(states.hidden[rows], states.others[rows]) for rows in (left, right))
    return Compared(one, other, preferred, states.prompts[left], np.ones(count))


def rankings(count: int, first: int, towards: Floats, rng: np.random.Generator, weighted: bool = True) -> Compared:
    """All pairs of one ranking for each of `count` prompts, by Plackett (1975) and Luce (1959): the best is drawn first."""
    states, z = drawn(count, first, towards, rng)
    order = np.argsort(-(z + rng.gumbel(size=len(z))).reshape(count, EACH), axis=1)
    before, after = np.triu_indices(EACH, 1)
    rows = order + EACH * np.arange(count)[:, None]
    left, right = rows[:, before].ravel(), rows[:, after].ravel()
    one, other = (FeatureRows(states.hidden[side], states.others[side]) for side in (left, right))
    weights = np.full(len(left), weight_of(EACH) if weighted else 1.0)
    return Compared(one, other, np.ones(len(left)), states.prompts[left], weights)


def unseen_auc(decisions: int, count: int, seed: int, strength: float = STRENGTH, ranked: int = 0) -> float:
    """The AUC of the scorer learned from `decisions`, and from `count` pairs or `ranked` rankings on other prompts."""
    towards = direction(np.random.default_rng([seed, 1]), strength)
    decided, _ = drawn(decisions // EACH, 0, towards, np.random.default_rng([seed, 2]))
    compared = pairs(count, decisions, towards, np.random.default_rng([seed, 3])) if count else None
    if ranked:
        compared = rankings(ranked, decisions, towards, np.random.default_rng([seed, 3]))
    linear = learn(decided, 0.5, seed, compared).linear
    fresh, _ = drawn(FRESH, 10_000, towards, np.random.default_rng([seed, 4]))
    z = fresh.hidden @ linear.hidden + (fresh.others - linear.means) / linear.deviations @ linear.others
    return float(measures.auc(z, fresh.accepted.astype(np.float64), np.ones((1, len(fresh))))[0])


def main() -> None:
    for count, ranked in [*((count, 0) for count in PAIRS), *((0, ranked) for ranked in RANKINGS)]:
        aucs = np.array([unseen_auc(DECISIONS, count, seed, ranked=ranked) for seed in range(SEEDS)])
        reach = 2.09 * aucs.std(ddof=1) / np.sqrt(SEEDS)  # t with 19 degrees of freedom
        low, high = aucs.mean() - reach, aucs.mean() + reach
        print(f"| {DECISIONS} | {count} | {ranked} | {aucs.mean():.3f} ({low:.3f} to {high:.3f}) |", flush=True)


if __name__ == "__main__":
    main()
