"""Whether what is said of a learned scorer, by folds of prompts, holds for prompts that it has not seen: its AUC, its
precision at the acceptance rate in use, how much better it is than the best single scorer, and its calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from rsf_core.domain.arrays import Floats
from rsf_core.learning import logistic, measures
from rsf_core.learning.decided import Compared, Decided, FeatureRows
from rsf_core.learning.taste import Learned, learn
from rsf_core.sampling.intervals import Interval

WIDTH = 60
FRESH = 1500  # prompts of 4 candidates
RATE = 0.3  # the acceptance rate in use
NEAR = 600  # fresh candidates, given a chance nearest to that of a bin, which say what is true of it
NAMES = ("first", "second")


class Drawn(NamedTuple):
    """Candidates that are decided, and the chance that each is accepted, (n,)."""

    decided: Decided
    chance: Floats


def cells() -> Iterator[dict[str, Any]]:
    """`strength` of what is to be learned, 0: nothing; prompts that differ in what is drawn and in how much is accepted;
    `pairs` that were compared, of other prompts, where there are some."""
    for decisions, each, strength, bias, pairs in (
        *((50, 1, 1.0, 0.0, 0), (50, 4, 1.0, 1.0, 0), (100, 4, 1.0, 1.0, 0), (200, 8, 2.0, 0.5, 0)),
        *((200, 8, 0.0, 1.0, 0), (400, 8, 1.0, 1.0, 0), (400, 4, 3.0, 0.0, 0)),
        *((60, 4, 2.0, 0.5, 60), (100, 4, 2.0, 0.5, 240), (100, 4, 0.0, 1.0, 100)),
    ):
        cell = {"decisions": decisions, "each": each, "strength": strength, "bias": bias}
        yield cell | ({"pairs": pairs} if pairs else {})


def coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """How often each interval holds what is true of fresh prompts, the means of both for AUC and precision, and how often it
    is called learnt. `calibration` counts each bin."""
    return {
        name: float(np.mean([row[name] for row in rows]))
        for rows in [[_one(cell, int(seed)) for seed in rng.integers(0, 2**31, sets)]]
        for name in rows[0]
    }


def _one(cell: Mapping[str, Any], seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=WIDTH)
    direction *= cell["strength"] / np.linalg.norm(direction)
    prompts, pairs = cell["decisions"] // cell["each"], cell.get("pairs", 0)
    decided = _drawn(cell, direction, prompts, cell["each"], rng).decided
    compared = _compared(cell, direction, pairs, prompts, rng) if pairs else None
    learned = learn(decided, RATE, seed, compared)
    return _held(learned, _drawn(cell, direction, FRESH, 4, rng))


def _held(learned: Learned, fresh: Drawn) -> dict[str, float]:
    linear, report = learned.linear, learned.report
    others = (fresh.decided.others - linear.means) / linear.deviations
    z = fresh.decided.hidden @ linear.hidden + others @ linear.others + linear.intercept
    y, once = fresh.decided.accepted.astype(np.float64), np.ones((1, len(z)))
    auc = float(measures.auc(z, y, once)[0])
    precision = float(measures.precision(z, fresh.chance, once, RATE)[0])
    assert report.best is not None
    best = float(measures.auc(fresh.decided.others[:, NAMES.index(report.best.name)], y, once)[0])
    held = {
        "coverage": _holds(report.auc, auc),
        "precision": _holds(report.precision, precision),
        "gain": _holds(report.best.auc_gain, auc - max(best, 1 - best)),
        "calibration": float(
            np.mean([_holds(one.accepted, _share(z, fresh, one.predicted)) for one in report.calibration])
        ),
    }
    means = {
        "said": report.auc.value,
        "truth": auc,
        "precision said": report.precision.value,
        "precision truth": precision,
    }
    return held | means | {"learnt": float(report.learnt)}


def _holds(interval: Interval, truth: float) -> float:
    return float(interval.low <= truth <= interval.high)


def _share(z: Floats, fresh: Drawn, predicted: float) -> float:
    """How many fresh candidates are accepted, of those that are given about this chance."""
    near = np.argpartition(np.abs(z - np.log(predicted / (1 - predicted))), NEAR)[:NEAR]
    return float(fresh.chance[near].mean())


def _compared(cell: Mapping[str, Any], direction: Floats, count: int, first: int, rng: np.random.Generator) -> Compared:
    """One pair each of `count` prompts numbered from `first`, by who follows the same direction."""
    both = _drawn(cell, direction, count, 2, rng)
    left, right = np.arange(0, 2 * count, 2), np.arange(1, 2 * count, 2)
    odds = np.log(both.chance / (1 - both.chance))
    better = (rng.random(count) < logistic.sigmoid(odds[left] - odds[right])).astype(np.float64)
    one, other = (FeatureRows(both.decided.hidden[rows], both.decided.others[rows]) for rows in (left, right))
    return Compared(one, other, better, both.decided.prompts[left] + first, np.ones(len(left)))


def _drawn(cell: Mapping[str, Any], direction: Floats, prompts: int, each: int, rng: np.random.Generator) -> Drawn:
    of_prompt = np.repeat(np.arange(prompts), each)
    shared = rng.normal(size=(prompts, WIDTH)) * (cell["each"] > 1)
    states = shared[of_prompt] + rng.normal(size=(len(of_prompt), WIDTH))
    others = rng.normal(size=(len(of_prompt), 2)) + 0.3 * states[:, :2]
    chance = logistic.sigmoid(
        states @ direction + 0.7 * others[:, 0] + cell["bias"] * rng.normal(size=prompts)[of_prompt]
    )
    accepted, none = rng.random(len(chance)) < chance, np.zeros(len(chance), np.bool_)
    return Drawn(Decided(states.astype(np.float32), others, NAMES, accepted, of_prompt, others[:, 0], none), chance)
