"""Whether the report of a learned scorer, made by folds of prompts, holds for unseen prompts: its AUC, its precision at the
acceptance rate in use, how much better it is than the best single scorer, and its calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from rsf_core.domain.arrays import Floats
from rsf_core.learning import logistic, measures
from rsf_core.learning.decided import Compared, Decided, FeatureRows
from rsf_core.learning.fitting import choose
from rsf_core.learning.folds import folds_of
from rsf_core.learning.report import CURVE_SHARES, FURTHER
from rsf_core.learning.space import rows_of, space_of
from rsf_core.learning.taste import FOLDS, Learned, learn, missing
from rsf_core.sampling.intervals import Interval

WIDTH = 60
FRESH = 1500  # prompts with 4 candidates each
SHARES = (*CURVE_SHARES, 1.0)
RATE = 0.3  # the acceptance rate in use
NEAR = 600  # the fresh candidates with the nearest predictions, which give the true share for a judged candidate


class Drawn(NamedTuple):
    """Decided candidates, and the probability that each is accepted, (n,)."""

    decided: Decided
    chance: Floats


def cells() -> Iterator[dict[str, Any]]:
    """`strength` of the signal in the features, and `scorer` of the signal in the first scorer beside it; how much prompts
    differ in what is drawn and accepted (`bias`); the number of compared `pairs`, on other prompts; the number of `scorers` to
    choose from; and `shift`, with which few candidates are accepted."""
    for decisions, each, strength, bias, more in (
        *((50, 1, 1.0, 0.0, {}), (50, 4, 1.0, 1.0, {}), (100, 4, 1.0, 1.0, {}), (200, 8, 2.0, 0.5, {})),
        *((200, 8, 0.0, 1.0, {}), (400, 8, 1.0, 1.0, {}), (400, 4, 3.0, 0.0, {})),
        *((60, 4, 2.0, 0.5, {"pairs": 60}), (100, 4, 2.0, 0.5, {"pairs": 240}), (100, 4, 0.0, 1.0, {"pairs": 100})),
        *((96, 8, 1.0, 1.0, {}), (100, 4, 0.0, 1.0, {"scorers": 8})),
        *((100, 4, 0.0, 1.0, {"scorer": 0.0}), (50, 1, 0.0, 0.0, {"scorer": 0.0, "scorers": 8})),
        *((200, 4, 2.0, 0.5, {"shift": -2.6}), (100, 1, 1.0, 0.5, {"shift": -2.2, "scorers": 8})),
    ):
        yield {"decisions": decisions, "each": each, "strength": strength, "bias": bias} | more
    for bias, scorer in ((0.5, 4.0), (0.0, 30.0)):  # nearly separable, with few prompts
        for decisions in (32, 48, 80):
            yield {"decisions": decisions, "each": 4, "strength": 0.0, "bias": bias, "scorer": scorer}


def coverage(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """How often each interval holds the true value on fresh prompts; the means of the reported and the true values; the width
    of the AUC's interval; how often the scorer is reported as learnt and as better than the best scorer; the learning curve;
    and the gain from FURTHER decisions. `calibration` counts each bin, over the sets that report it. A set with too few
    accepted or rejected candidates is drawn again."""
    rows: list[dict[str, float]] = []
    while len(rows) < sets:
        row = _one(cell, int(rng.integers(0, 2**31)))
        rows += [row] if row else []
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in rows[0] | rows[-1]}


def _one(cell: Mapping[str, Any], seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=WIDTH)
    direction *= cell["strength"] / np.linalg.norm(direction)
    prompts, pairs = cell["decisions"] // cell["each"], cell.get("pairs", 0)
    decided = _drawn(cell, direction, prompts, cell["each"], rng).decided
    if missing(int(decided.accepted.sum()), int((~decided.accepted).sum())):
        return {}
    compared = _compared(cell, direction, pairs, prompts, rng) if pairs else None
    learned, fresh = learn(decided, RATE, seed, compared), _drawn(cell, direction, FRESH, 4, rng)
    row = _held(learned, fresh)
    further = _drawn(cell, direction, -(-FURTHER // cell["each"]), cell["each"], rng).decided
    more = _truth(_together(decided, further, prompts + pairs), compared, fresh, seed) - row["truth"]
    curve = {f"AUC at {share:.0%}": point.auc for share, point in zip(SHARES, learned.report.curve, strict=True)}
    return row | curve | {"further said": learned.report.further or 0.0, "further truth": more}


def _together(one: Decided, other: Decided, first: int) -> Decided:
    """The decisions of both, with the prompts of `other` numbered from `first`."""
    return Decided(
        np.concatenate([one.hidden, other.hidden]),
        np.concatenate([one.others, other.others]),
        one.names,
        np.concatenate([one.accepted, other.accepted]),
        np.concatenate([one.prompts, other.prompts + first]),
        np.concatenate([one.rule, other.rule]),
        np.concatenate([one.audit, other.audit]),
    )


def _truth(decided: Decided, compared: Compared | None, fresh: Drawn, seed: int) -> float:
    """The AUC on fresh prompts of the learned scorer, without its report."""
    pairs = compared.prompts if compared is not None else np.zeros(0, np.int64)
    folds = folds_of(decided.prompts, pairs, FOLDS, np.random.default_rng(seed))
    space = space_of(decided, compared)
    rows, every = rows_of(space, decided, compared, folds), np.ones(len(folds), np.bool_)
    beta = choose(rows, every, decided.others.shape[1]).fit(rows, every)
    return area(logistic.predict(space.coordinates(fresh.decided), beta), fresh.chance)


def _held(learned: Learned, fresh: Drawn) -> dict[str, float]:
    linear, report = learned.linear, learned.report
    others = (fresh.decided.others - linear.means) / linear.deviations
    z = fresh.decided.hidden @ linear.hidden + others @ linear.others + linear.intercept
    auc, once = area(z, fresh.chance), np.ones((1, len(z)))
    precision = float(measures.precision(z, fresh.chance, once, RATE)[0])
    assert report.best is not None
    column = fresh.decided.others[:, fresh.decided.names.index(report.best.name)]
    side = -1.0 if report.best.falling else 1.0
    best = area(side * column, fresh.chance)
    best_precision = float(measures.precision(side * column, fresh.chance, once, RATE)[0])
    row = {
        "coverage": _holds(report.auc, auc),
        "precision": _holds(report.precision, precision),
        "best": _holds(report.best.auc, best),
        "gain": _holds(report.best.auc_gain, auc - best),
        "precision gain": _holds(report.best.precision_gain, precision - best_precision),
        "said": report.auc.value,
        "truth": auc,
        "precision said": report.precision.value,
        "precision truth": precision,
        "gain said": report.best.auc_gain.value,
        "gain truth": auc - best,
        "width": report.auc.high - report.auc.low,
        "learnt": float(report.learnt),
        "better": float(report.better),
        "calibrated": float(bool(report.calibration)),
    }
    shares = _shares(z, fresh, learned.out_of_fold)
    bins = np.array_split(np.argsort(learned.out_of_fold, kind="stable"), max(1, len(report.calibration)))
    held = [
        _holds(one.accepted, float(shares[rows].mean())) for one, rows in zip(report.calibration, bins, strict=False)
    ]
    return row | ({"calibration": float(np.mean(held))} if held else {})


def area(z: Floats, chance: Floats) -> float:
    """The expected AUC if each candidate is accepted with its probability."""
    twice = np.concatenate([np.ones(len(z)), np.zeros(len(z))])
    return float(measures.auc(np.tile(z, 2), twice, np.concatenate([chance, 1 - chance])[None])[0])


def _holds(interval: Interval, truth: float) -> float:
    return float(interval.low <= truth <= interval.high)


def _shares(z: Floats, fresh: Drawn, given: Floats) -> Floats:
    """For each of the log-odds `given` (n,), the share accepted among the NEAR fresh candidates with the nearest log-odds."""
    order = np.argsort(z, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(fresh.chance[order])])
    first = np.clip(np.searchsorted(z[order], given) - NEAR // 2, 0, len(z) - NEAR)
    shares: Floats = (before[first + NEAR] - before[first]) / NEAR
    return np.full(len(given), before[-1] / len(z)) if float(np.ptp(z)) < 1e-9 else shares


def _compared(cell: Mapping[str, Any], direction: Floats, count: int, first: int, rng: np.random.Generator) -> Compared:
    """One pair for each of `count` prompts numbered from `first`, compared by the same hidden direction."""
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
    scorers = cell.get("scorers", 2)
    others = rng.normal(size=(len(of_prompt), scorers)) + 0.3 * states[:, :scorers]
    chance = logistic.sigmoid(
        states @ direction
        + cell.get("scorer", 0.7) * others[:, 0]
        + cell["bias"] * rng.normal(size=prompts)[of_prompt]
        + cell.get("shift", 0.0)
    )
    accepted, none = rng.random(len(chance)) < chance, np.zeros(len(chance), np.bool_)
    names = tuple(f"scorer {number}" for number in range(1, scorers + 1))
    return Drawn(Decided(states.astype(np.float32), others, names, accepted, of_prompt, others[:, 0], none), chance)
