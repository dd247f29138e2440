"""How many decisions each order of the review queue needs: the AUC, on prompts without decisions, of a scorer that is learned
again after every 30 decisions and whose own log-odds choose which candidates come next.

    python -m tests.simulations --only "orders of the queue"
    python -m tests.simulations.orders FOLDER [--at 50 100 200 400]     (a project with features: see reviewing.py)
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.learning import logistic, measures, taste
from rsf_core.learning.decided import Decided
from rsf_core.learning.fitting import choose
from rsf_core.learning.folds import by_prompt
from rsf_core.learning.space import rows_of, space_of
from rsf_core.review import active
from rsf_core.review.filters import Order
from tests.simulations import unseen
from tests.simulations.reviewing import NAMES, Drawn, read
from tests.support.hidden_rules import FLIPPED

ORDERS = (Order.AUDIT, Order.TEACHES, Order.UNSURE, Order.KINDS)  # the first is random
EACH_TIME = 30  # decisions after which the scorer is learned again
AT = tuple(EACH_TIME * step for step in range(1, 6))  # decisions at which the scorer is learned and judged
PROMPTS, EACH, FRESH = 90, 4, 300  # prompts of the synthetic pool, candidates of each, and prompts to judge on
HELD_BACK = 3  # one in so many prompts of a project is held back


@dataclass(frozen=True, slots=True)
class Pool:
    """Candidates that may be decided, with the reviewer's decisions; and fresh candidates with their true labels."""

    decided: Decided
    fresh: Decided


def cells() -> Iterator[dict[str, Any]]:
    """How strong the signal is, and for which share of candidates there is one: few candidates are of `rare` kinds."""
    for strength, rare in ((3.0, False), (1.5, False), (3.0, True)):
        yield {"strength": strength, "rare": rare}


def gains(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """For each order, the mean AUC after each number of decisions, and its difference from the random order, with the
    half-width of the 95 % limits of the mean difference, paired by candidates and reviewers."""
    pools = [_synthetic(cell, np.random.default_rng(int(seed))) for seed in rng.integers(0, 2**31, sets)]
    return _summary([[walk(pool, order, i) for order in ORDERS] for i, pool in enumerate(pools)], AT)


def _summary(walks: Sequence[Sequence[Sequence[float]]], at: Sequence[int]) -> dict[str, float]:
    """The figures of `gains` from AUCs `walks` (sets, orders, decisions of `at`)."""
    auc, figures = np.array(walks), dict[str, float]()
    reach = stdtrit(len(auc) - 1, 0.975) / np.sqrt(len(auc))
    for i, order in enumerate(ORDERS):
        for step, decisions in enumerate(at):
            name = f"{order} {decisions}"
            figures[name] = float(auc[:, i, step].mean())
            if i:
                more = auc[:, i, step] - auc[:, 0, step]
                figures |= {f"{name} more": float(more.mean()), f"{name} ±": float(reach * more.std(ddof=1))}
    return figures


def walk(pool: Pool, order: Order, seed: int, at: Sequence[int] = AT) -> list[float]:
    """The AUC on fresh candidates after each number of decisions in `at`, when the order is computed again. The first
    decisions are random, the same for every order."""
    n = len(pool.decided)
    chance = np.random.default_rng(seed).permutation(n)
    done, reached = chance[: at[0]], []
    for now, later in pairwise((*at, at[-1])):
        odds, fresh = _learned(pool, done, seed)
        truth = pool.fresh.accepted.astype(np.float64)
        reached.append(float(measures.auc(fresh, truth, np.ones((1, len(truth))))[0]))
        done = np.concatenate([done, _next(pool, order, odds, done, chance)[: later - now]])
    return reached


def _next(pool: Pool, order: Order, odds: Floats, done: Ints, chance: Ints) -> Ints:
    """The undecided candidates, in an order."""
    left = chance[~np.isin(chance, done)]
    hidden = pool.decided.hidden.astype(np.float64)
    if order is Order.AUDIT:
        return left
    if order is Order.UNSURE:
        return left[np.argsort(np.abs(odds[left]), kind="stable")]
    if order is Order.KINDS:  # computed on the whole pool, as in the queue; decided candidates drop out
        ranked = active.one_of_each(hidden)
        return ranked[np.isin(ranked, left)]
    return left[active.teaches_most(hidden[left], active.uncertainty(odds[left]), hidden[done])]


def _learned(pool: Pool, done: Ints, seed: int) -> tuple[Floats, Floats]:
    """The log-odds of the pool and of the fresh candidates, learned from those `done` as `learn` does, without its figures."""
    decisions = _rows(pool.decided, done)
    others = decisions.others.shape[1]
    space = space_of(decisions)
    rows = rows_of(space, decisions, None, by_prompt(decisions.prompts, taste.FOLDS, np.random.default_rng(seed)))
    every = np.ones(len(rows.y), np.bool_)
    beta = choose(rows, every, others).fit(rows, every)
    return (
        logistic.predict(space.coordinates(pool.decided), beta),
        logistic.predict(space.coordinates(pool.fresh), beta),
    )


def _rows(of: Decided, rows: NDArray[Any]) -> Decided:
    return Decided(
        of.hidden[rows], of.others[rows], of.names, of.accepted[rows], of.prompts[rows], of.rule[rows], of.audit[rows]
    )


def _synthetic(cell: Mapping[str, Any], rng: np.random.Generator) -> Pool:
    direction = rng.normal(size=unseen.WIDTH)
    direction *= cell["strength"] / np.linalg.norm(direction)
    shape = {"each": EACH, "bias": 0.5}
    pool, fresh = (unseen._drawn(shape, direction, prompts, EACH, rng).decided for prompts in (PROMPTS, FRESH))
    return Pool(_rarer(pool, rng), _rarer(fresh, rng)) if cell["rare"] else Pool(pool, fresh)


def _rarer(drawn: Decided, rng: np.random.Generator) -> Decided:
    """`drawn` without five in six of the accepted candidates, so that about one in seven is accepted."""
    kept = ~drawn.accepted | (rng.random(len(drawn)) < 1 / 6)
    return _rows(drawn, np.flatnonzero(kept))


def of_project(drawn: Drawn, rule: str, seed: int) -> Pool:
    """The candidates of a project, decided by a hidden rule with random flips; fresh candidates are of other prompts."""
    rng = np.random.default_rng(seed)
    decisions = drawn.rules[rule] ^ (rng.random(len(drawn.prompts)) < FLIPPED)
    prompts = rng.permutation(np.unique(drawn.prompts))
    fresh = np.isin(drawn.prompts, prompts[: len(prompts) // HELD_BACK])
    none = np.full(len(decisions), np.nan), np.zeros(len(decisions), np.bool_)
    whole, true = (
        Decided(drawn.states, drawn.others, NAMES, accepted, drawn.prompts, *none)
        for accepted in (decisions, drawn.rules[rule])
    )
    return Pool(_rows(whole, np.flatnonzero(~fresh)), _rows(true, np.flatnonzero(fresh)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--at", type=int, nargs="+", default=AT, help="decisions at which it is learned and judged")
    options = parser.parse_args()
    drawn = read(options.folder)
    for rule in drawn.rules:
        pools = [of_project(drawn, rule, seed) for seed in range(options.seeds)]
        walks = [[walk(pool, order, seed, options.at) for order in ORDERS] for seed, pool in enumerate(pools)]
        figures = _summary(walks, options.at)
        print(json.dumps({"rule": rule} | {name: round(value, 4) for name, value in figures.items()}), flush=True)


if __name__ == "__main__":
    main()
