"""Whether the report of a learned scorer is true of the round if an active queue chose what people decided, with gold items
and pairs mixed in: a queue that shows hard candidates first makes a scorer look worse than it is, and leaves the easy ones to
the audit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import K_BITS
from rsf_core.domain.arrays import Ints
from rsf_core.learning import logistic, taste
from rsf_core.learning.fitting import choose, order_of, out_of_fold
from rsf_core.learning.folds import folds_of
from rsf_core.learning.report import report_of
from rsf_core.learning.space import rows_of, space_of
from rsf_core.review import active
from rsf_core.review.audit import audit_key, by_chance
from rsf_core.review.gold_mix import mixed, slots
from tests.simulations import unseen

PROMPTS, EACH = 120, 4  # prompts of the round, and candidates of each
FRESH = 600
CELL = {"each": EACH, "strength": 2.0, "bias": 0.5}
KNOWN = 0.7  # the share of the true log-odds in the score that the queue uses; the rest of the score is noise
GOLD_ITEMS, PAIRS = 30, 60
SEED = 5  # the project's


def cells() -> Iterator[dict[str, Any]]:
    """`first`: what the queue shows first. `mixed`: whether there are pairs and gold items, made of the hardest candidates."""
    for first in ("hard", "easy"):
        for both in (False, True):
            yield {"first": first, "decisions": 200, "audit": 0.3, "mixed": both}


def estimates(cell: Mapping[str, Any], sets: int, rng: np.random.Generator) -> dict[str, float]:
    """The mean AUC on all decided candidates, on those shown for the audit alone, and on the random sample, beside that of the
    same scorer on fresh prompts; how often each interval holds the latter; and the size of the sample."""
    rows = [_one(cell, int(seed)) for seed in rng.integers(0, 2**31, sets)]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _one(cell: Mapping[str, Any], seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=unseen.WIDTH)
    direction *= CELL["strength"] / np.linalg.norm(direction)
    drawn = unseen._drawn(CELL, direction, PROMPTS, EACH, rng)
    odds = np.log(drawn.chance / (1 - drawn.chance))
    unsure = active.uncertainty(KNOWN * odds + (1 - KNOWN) * odds.std() * rng.normal(size=len(odds)))
    order = np.argsort(-unsure if cell["first"] == "hard" else unsure, kind="stable")
    gold = np.argsort(-unsure + rng.random(len(odds)))[:GOLD_ITEMS] if cell["mixed"] else np.zeros(0, np.int64)
    places = (drawn.decided.prompts.astype(np.int64) << K_BITS) | np.tile(np.arange(EACH), PROMPTS)
    decided, shown = _reviewed(places, order, gold, cell["audit"], cell["decisions"])
    sample = by_chance(places, decided, shown, SEED)
    rows = np.flatnonzero(decided)
    decisions = replace(
        drawn.decided,
        **{name: getattr(drawn.decided, name)[rows] for name in ("hidden", "others", "accepted", "prompts", "rule")},
        audit=sample[rows],
    )
    compared = unseen._compared(CELL, direction, PAIRS, PROMPTS, rng) if cell["mixed"] else None
    fresh = unseen._drawn(CELL, direction, FRESH, EACH, rng)
    pairs = compared.prompts if compared is not None else np.zeros(0, np.int64)
    folds = folds_of(decisions.prompts, pairs, taste.FOLDS, rng)
    fitted, prompts = out_of_fold(decisions, compared, folds), np.concatenate([decisions.prompts, pairs])
    space = space_of(decisions, compared)
    all_rows, every = rows_of(space, decisions, compared, folds), np.ones(len(folds), np.bool_)
    choice = choose(all_rows, every, decisions.others.shape[1])
    score = logistic.predict(space.coordinates(fresh.decided), choice.fit(all_rows, every))
    truth = unseen.area(score, fresh.chance)
    z = order_of(fitted, len(decisions))
    figures = {"truth": truth}
    for name, audit in (("all", np.zeros_like(decided)), ("shown", shown), ("sample", sample)):
        report = report_of(
            replace(decisions, audit=audit[rows]), fitted, prompts, z, unseen.RATE, [], choice.penalty, rng
        )
        assert report.basis == ("chosen" if name == "all" else "audit")
        figures |= {name: report.auc.value, f"{name} holds": float(report.auc.low <= truth <= report.auc.high)}
    return figures | {"judged": float(sample.sum())}


def _reviewed(
    places: Ints, order: Ints, gold: Ints, share: float, decisions: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which candidates are decided and which of them were shown for the audit, (n,), after one reviewer's decisions. Gold
    items are decided from the start."""
    decided, shown = np.zeros((2, len(places)), np.bool_)
    what = slots(places[order], SEED, "ann", share, 0.1 if len(gold) else 0.0)
    audit = np.argsort(audit_key(places, SEED), kind="stable")
    mix = mixed(order.tolist(), what.tolist(), audit[~np.isin(audit, gold)].tolist(), gold.tolist())
    inserted = set(mix.inserted) - set(gold.tolist())
    for row in mix.shown[:decisions]:
        decided[row], shown[row] = True, row in inserted
    decided[gold] = True
    return decided, shown
