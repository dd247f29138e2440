"""What an active queue does to figures and to learning: small versions of tests/simulations/chosen.py and orders.py, whose
figures are in docs/taste.md."""

from __future__ import annotations

import numpy as np
import pytest

from rsf_core.review.audit import audit_key, by_chance
from rsf_core.review.filters import Order
from tests.simulations import chosen, orders


def test_a_queue_of_easy_candidates_flatters_its_own_figure_and_not_that_of_the_sample() -> None:
    cell = {"first": "easy", "decisions": 160, "audit": 0.3, "mixed": False}
    estimates = chosen.estimates(cell, 2, np.random.default_rng(0))
    assert estimates["all"] - estimates["truth"] > 0.05 and estimates["all"] - estimates["sample"] > 0.03
    assert estimates["sample holds"] == 1 and 30 <= estimates["judged"] < 100


def test_what_is_gold_was_not_shown_as_of_the_audit_and_is_of_the_sample_where_its_turn_has_come() -> None:
    places = np.arange(400, dtype=np.int64)
    gold = np.arange(0, 400, 10)
    decided, shown = chosen._reviewed(places, np.arange(400), gold, 0.3, 120)
    assert decided[gold].all() and not shown[gold].any() and shown.sum() > 15
    sample = by_chance(places, decided, shown, chosen.SEED)
    turn = np.argsort(np.argsort(audit_key(places, chosen.SEED)))
    assert sample[gold].any() and (turn[sample] <= turn[shown].max()).all() and (sample >= (shown & sample)).all()


@pytest.mark.parametrize("order", orders.ORDERS)
def test_each_order_begins_with_the_same_decisions_and_goes_on_with_others_of_its_own(order: Order) -> None:
    pool = orders._synthetic({"strength": 3.0, "rare": False}, np.random.default_rng(1))
    chance = np.random.default_rng(0).permutation(len(pool.decided))
    done = chance[: orders.EACH_TIME]
    odds = np.random.default_rng(2).normal(size=len(chance))
    next_ones = orders._next(pool, order, odds, done, chance)
    assert len(next_ones) == len(chance) - len(done) and not np.isin(next_ones, done).any()
    first = next_ones[: orders.EACH_TIME]
    assert (order is Order.AUDIT) == (first.tolist() == chance[orders.EACH_TIME : 2 * orders.EACH_TIME].tolist())
    if order is Order.UNSURE:
        assert np.abs(odds[first]).max() <= np.abs(odds[next_ones[orders.EACH_TIME :]]).min()
    assert 0 <= orders.walk(pool, order, 0, at=(orders.EACH_TIME,))[0] <= 1
