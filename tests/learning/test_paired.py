"""Learning from compared pairs along with decisions: pairs are rows without intercept, in the fold of their prompt, and are
counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rsf_core.learning import logistic
from rsf_core.learning.decided import Compared, Decided, FeatureRows
from rsf_core.learning.folds import folds_of
from rsf_core.learning.space import rows_of, space_of
from rsf_core.learning.taste import learn
from tests.simulations import paired


def make(decisions: int = 120, pairs: int = 40, first: int = 0, seed: int = 3) -> tuple[Decided, Compared]:
    towards = paired.direction(np.random.default_rng(seed), 3.0)
    decided, _ = paired.drawn(decisions // paired.EACH, 0, towards, np.random.default_rng(seed + 1))
    return decided, paired.pairs(pairs, first, towards, np.random.default_rng(seed + 2))


def test_the_fit_without_intercept_is_where_the_likelihood_of_bradley_and_terry_has_no_slope() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(50, 4)), rng.choice([0.0, 0.5, 1.0], 50)
    intercepts = np.repeat([1.0, 0.0], 25)
    beta = logistic.fit(x, y, 3.0, intercepts=intercepts)
    p = logistic.sigmoid(x @ beta[:-1] + intercepts * beta[-1])
    np.testing.assert_allclose(x.T @ (p - y) + 3.0 * beta[:-1], 0, atol=1e-3)
    assert (intercepts * (p - y)).sum() == pytest.approx(0, abs=1e-3)


def test_a_pair_teaches_the_same_in_either_order() -> None:
    decided, compared = make()
    turned = Compared(compared.right, compared.left, 1 - compared.preferred, compared.prompts, compared.weights)
    one, other = learn(decided, 0.5, compared=compared).linear, learn(decided, 0.5, compared=turned).linear
    assert np.abs(one.hidden).max() > 1e-3
    np.testing.assert_allclose(one.hidden, other.hidden, atol=1e-6)
    assert one.intercept == pytest.approx(other.intercept, abs=1e-6)


def test_a_prompts_pairs_and_candidates_are_of_one_fold_whether_it_was_decided_or_not() -> None:
    decided, compared = make(decisions=60, pairs=30, first=0)  # on the 15 decided prompts and 15 others
    twice = np.tile(np.arange(30), 2)
    left, right = (FeatureRows(side.hidden[twice], side.others[twice]) for side in (compared.left, compared.right))
    both = Compared(left, right, compared.preferred[twice], compared.prompts[twice], compared.weights[twice])
    folds = folds_of(decided.prompts, both.prompts, 5, np.random.default_rng(0))
    rows = rows_of(space_of(decided), decided, both, folds)
    prompts = np.concatenate([decided.prompts, both.prompts])
    assert all(len(set(folds[prompts == prompt].tolist())) == 1 for prompt in np.unique(prompts))
    assert set(folds.tolist()) == set(range(5)) and rows.count == len(decided)
    assert rows.intercepts.tolist() == [1.0] * len(decided) + [0.0] * 60


def test_figures_are_of_decisions_and_the_report_counts_both() -> None:
    decided, compared = make()
    alone, both = learn(decided, 0.5), learn(decided, 0.5, compared=compared)
    assert (alone.report.pairs, both.report.pairs) == (0, 40)
    assert both.report.decisions == both.report.judged == len(both.out_of_fold) == len(decided)
    none = replace(compared, preferred=compared.preferred[:0], prompts=compared.prompts[:0])
    with_no_pairs = learn(decided, 0.5, compared=none)
    assert with_no_pairs.report == alone.report and np.array_equal(with_no_pairs.linear.hidden, alone.linear.hidden)


def test_ties_pull_what_was_learned_together_and_choices_pull_it_apart() -> None:
    decided, compared = make(pairs=200, first=1_000)
    fresh = paired.pairs(300, 9_000, paired.direction(np.random.default_rng(3), 3.0), np.random.default_rng(9))

    def apart(preferred: np.ndarray) -> float:
        folds = np.zeros(len(decided) + len(compared), np.int64)
        rows = rows_of(space_of(decided, compared), decided, replace(compared, preferred=preferred), folds)
        beta = logistic.fit(rows.x, rows.y, 10.0, intercepts=rows.intercepts)
        space = space_of(decided, compared)
        difference = space.coordinates(fresh.left) - space.coordinates(fresh.right)
        return float(np.std(difference @ beta[:-1]))

    ties, choices = apart(np.full(200, 0.5)), apart(compared.preferred)
    assert ties < 0.7 * choices


def test_pairs_raise_the_auc_on_unseen_prompts() -> None:
    gains = [paired.unseen_auc(60, 240, seed) - paired.unseen_auc(60, 0, seed) for seed in range(4)]
    assert np.mean(gains) > 0.03 and min(gains) > -0.02


def test_a_row_that_counts_twice_is_as_two_rows() -> None:
    rng = np.random.default_rng(1)
    x, y, intercepts = rng.normal(size=(20, 3)), rng.choice([0.0, 0.5, 1.0], 20), np.repeat([1.0, 0.0], 10)
    counts = np.repeat([2.0, 1.0], 10)
    twice = np.concatenate([np.arange(20), np.arange(10)])
    one = logistic.fit(x, y, 3.0, intercepts=intercepts, counts=counts)
    other = logistic.fit(x[twice], y[twice], 3.0, intercepts=intercepts[twice])
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_rankings_teach_and_half_the_weight_pulls_less() -> None:
    decided, _ = make()
    towards = paired.direction(np.random.default_rng(3), 3.0)
    ranked = paired.rankings(30, 1_000, towards, np.random.default_rng(5))
    assert len(ranked) == 30 * 6 and set(ranked.weights.tolist()) == {0.6}
    rows = rows_of(space_of(decided, ranked), decided, ranked, np.zeros(len(decided) + len(ranked), np.int64))
    assert rows.weights.tolist() == [1.0] * len(decided) + [0.6] * len(ranked)
    alone, both = learn(decided, 0.5), learn(decided, 0.5, compared=ranked)
    assert both.report.pairs == len(ranked)
    assert not np.allclose(alone.linear.hidden, both.linear.hidden)
    nothing = replace(ranked, weights=np.full(len(ranked), 1e-12))
    light = learn(decided, 0.5, compared=nothing).linear
    full = learn(decided, 0.5, compared=replace(ranked, weights=np.ones(len(ranked)))).linear
    gap = np.abs(both.linear.hidden - full.hidden).max()
    assert gap > 0 and np.abs(light.hidden - full.hidden).max() > gap


def test_rankings_raise_the_auc_on_unseen_prompts() -> None:
    gains = [paired.unseen_auc(60, 0, seed, ranked=60) - paired.unseen_auc(60, 0, seed) for seed in range(4)]
    assert np.mean(gains) > 0.03 and min(gains) > -0.02
