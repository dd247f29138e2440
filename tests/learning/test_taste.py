"""Learning from decisions: what is there is found, what is not is said to be missing, figures are of unseen prompts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rsf_core.learning import fitting, logistic, measures, report, taste
from rsf_core.learning.decided import Decided
from rsf_core.learning.folds import by_prompt
from rsf_core.learning.space import Linear
from rsf_core.learning.taste import learn
from tests.simulations import unseen


def decided(
    prompts: int = 50,
    each: int = 4,
    hidden: float = 2.0,
    scorer: float = 0.0,
    width: int = 40,
    seed: int = 0,
    audit: int = 0,
) -> Decided:
    """Decisions that hang on a direction of the hidden states and on the first of two scorers, as strongly as said."""
    rng = np.random.default_rng(seed)
    n = prompts * each
    of_prompt = np.repeat(np.arange(prompts), each)
    states = rng.normal(size=(n, width)) + rng.normal(size=(prompts, width))[of_prompt]
    others = rng.normal(size=(n, 2))
    z = hidden * states[:, 0] + scorer * others[:, 0]
    accepted = rng.random(n) < logistic.sigmoid(z)
    audited = np.arange(n) < audit
    return Decided(states.astype(np.float32), others, ("good", "noise"), accepted, of_prompt, others[:, 1], audited)


def log_odds(linear: Linear, rows: Decided) -> np.ndarray:
    others = np.nan_to_num((rows.others - linear.means) / linear.deviations)
    return rows.hidden @ linear.hidden + others @ linear.others + linear.intercept


# -- logistic regression ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", fitting.PENALTIES)
def test_the_fit_is_where_the_penalised_likelihood_has_no_slope(penalty: float) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(60, 5)), (rng.random(60) < 0.3).astype(float)
    beta = logistic.fit(x, y, penalty)
    p = logistic.sigmoid(logistic.predict(x, beta))
    np.testing.assert_allclose(x.T @ (p - y) + penalty * beta[:-1], 0, atol=1e-3)
    assert p.sum() == pytest.approx(y.sum(), abs=1e-3)
    np.testing.assert_allclose(
        logistic.path(x, y, fitting.PENALTIES)[fitting.PENALTIES.index(penalty)], beta, atol=1e-3
    )


def test_what_can_be_told_apart_perfectly_gives_finite_weights() -> None:
    x = np.linspace(-1, 1, 40)[:, None]
    beta = logistic.fit(x * 50, (x[:, 0] > 0).astype(float), 1.0)
    assert np.isfinite(beta).all() and beta[0] > 0
    slope, intercept = logistic.platt(x[:, 0] * 1e6, (x[:, 0] > 0).astype(float))
    assert np.isfinite([slope, intercept]).all() and slope > 0


def test_calibration_undoes_a_scale_and_a_shift_and_never_turns_the_order_round() -> None:
    rng = np.random.default_rng(2)
    z = rng.normal(size=20_000)
    y = (rng.random(len(z)) < logistic.sigmoid(2 * z - 1)).astype(float)
    slope, intercept = logistic.platt(3 * z + 5, y)
    assert 3 * slope == pytest.approx(2, abs=0.1) and intercept + 5 * slope == pytest.approx(-1, abs=0.1)
    slope, intercept = logistic.platt(-z, y)
    assert slope == 0 and logistic.sigmoid(np.array(intercept)) == pytest.approx(y.mean(), abs=0.01)


# -- folds and measures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prompts", [2, 5, 11, 80])
def test_folds_keep_a_prompt_together_and_are_about_as_large(prompts: int) -> None:
    rng = np.random.default_rng(0)
    of_prompt = rng.integers(0, prompts, 400)
    folds = by_prompt(of_prompt, 10, rng)
    assert all(len(set(folds[of_prompt == prompt])) == 1 for prompt in set(of_prompt))
    sizes = np.bincount(folds)
    assert len(sizes) == min(10, prompts) and sizes.max() - sizes.min() <= np.bincount(of_prompt).max()


def test_the_auc_counts_pairs_with_ties_half_and_by_weight() -> None:
    rng = np.random.default_rng(3)
    score, y = rng.integers(0, 6, 40).astype(float), (rng.random(40) < 0.4).astype(float)
    weight = rng.integers(0, 4, (3, 40)).astype(float)
    for row, auc in zip(weight, measures.auc(score, y, weight), strict=True):
        pairs = [(i, j) for i in range(40) for j in range(40) if y[i] > y[j]]
        total = sum(row[i] * row[j] for i, j in pairs)
        better = sum(row[i] * row[j] * ((score[i] > score[j]) + 0.5 * (score[i] == score[j])) for i, j in pairs)
        assert auc == pytest.approx(better / total)
    assert np.isnan(measures.auc(score, np.ones(40), weight)).all()


def test_precision_is_the_share_of_accepted_among_the_highest_by_weight() -> None:
    score, y = np.array([4.0, 3, 2, 1]), np.array([1.0, 0, 1, 0])
    weight = np.array([[1.0, 1, 1, 1], [2, 1, 1, 0], [0, 2, 1, 1]])
    assert measures.precision(score, y, weight, 0.5).tolist() == [0.5, 1.0, 0.0]
    assert measures.precision(score, y, weight, 1.0) == pytest.approx([0.5, 0.75, 0.25])
    assert measures.precision(score, y, weight[:1], 0.375) == pytest.approx([1 / 1.5])


def test_of_equal_scores_of_which_some_are_among_the_highest_as_many_are_accepted_as_of_all_of_them() -> None:
    """By all orders in which those that are equal could have come, each as likely."""
    score, y = np.array([2.0, 1, 1, 1, 0, 0]), np.array([0.0, 1, 0, 1, 0, 1])
    for rate in (1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1.0):
        by_order = [
            np.mean(y[sorted(order, key=lambda row: -score[row])[: round(rate * 6)]])
            for order in itertools.permutations(range(6))
        ]
        for rows in (np.arange(6), np.arange(6)[::-1], np.array([3, 5, 1, 0, 2, 4])):
            precision = measures.precision(score[rows], y[rows], np.ones((1, 6)), rate)
            assert precision == pytest.approx([np.mean(by_order)]), rate
    repeated = measures.precision(np.repeat(score, 2), np.repeat(y, 2), np.ones((1, 12)), 1 / 3)
    assert measures.precision(score, y, np.full((1, 6), 2.0), 1 / 3) == pytest.approx(repeated)


def test_the_calibration_is_the_share_accepted_of_those_given_about_the_same_chance() -> None:
    chance = np.array([0.1, 0.2] * 10 + [0.6, 0.7] * 10 + [0.9] * 10)
    y = np.array([0, 0, 0, 1, 0, 0, 0, 0, 0, 1] * 2 + [1, 0, 1, 0, 1, 1, 0, 1, 1, 0] * 2 + [1.0] * 9 + [0])
    order = np.random.default_rng(3).permutation(50)
    bins = report._calibration(np.log(chance / (1 - chance))[order], y[order], np.ones((401, 50)), 50)
    assert [one.count for one in bins] == [10] * 5
    assert [one.predicted for one in bins] == pytest.approx([0.1, 0.2, 0.6, 0.7, 0.9])
    by_hand = [y[np.isclose(chance, c)].mean() for c in (0.1, 0.2, 0.6, 0.7, 0.9)]
    assert [one.accepted.value for one in bins] == pytest.approx(by_hand) and by_hand[-1] == 0.9


# -- what is learned -------------------------------------------------------------------------------------------------------


def test_what_the_hidden_states_tell_is_learned_and_its_figures_hold_for_fresh_prompts() -> None:
    learned = learn(decided(), 0.3)
    fresh = decided(prompts=1500, seed=9)
    truth = float(
        measures.auc(log_odds(learned.linear, fresh), fresh.accepted.astype(float), np.ones((1, len(fresh))))[0]
    )
    assert (
        learned.report.learnt and learned.report.better and learned.report.auc.low <= truth <= learned.report.auc.high
    )
    chance = logistic.sigmoid(log_odds(learned.linear, fresh))
    for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 1.0)):
        mine = (chance >= low) & (chance < high)
        assert fresh.accepted[mine].mean() == pytest.approx(chance[mine].mean(), abs=0.1)
    gains = learned.report.rule
    assert gains is not None and gains.auc_gain.low > 0.1


def test_decisions_by_chance_teach_nothing_and_it_says_so() -> None:
    reports = [learn(decided(hidden=0.0, seed=seed), 0.3).report for seed in range(5)]
    assert sum(report.learnt for report in reports) <= 1 and not any(report.better for report in reports)


def test_where_one_scorer_says_it_all_it_is_not_called_better_than_that_one() -> None:
    report = learn(decided(hidden=0.0, scorer=3.0), 0.3).report
    assert report.learnt and report.best is not None and report.best.name == "good" and not report.better


def test_a_scorer_that_is_better_the_lower_it_is_counts_as_such() -> None:
    report = learn(decided(hidden=0.0, scorer=-3.0), 0.3).report
    assert report.best is not None and report.best.name == "good" and report.best.auc.low > 0.6


def test_a_score_that_is_not_there_counts_as_the_mean_and_the_same_input_gives_the_same() -> None:
    rows = decided(scorer=2.0)
    rows.others[::3, 0] = np.nan
    rows.others[:, 1] = np.nan
    first, second = learn(rows, 0.3), learn(rows, 0.3)
    assert np.isfinite(log_odds(first.linear, rows)).all()
    assert first.report == second.report
    np.testing.assert_array_equal(first.linear.hidden, second.linear.hidden)


def test_candidates_shown_by_chance_are_what_it_is_judged_on_where_there_are_enough() -> None:
    assert learn(decided(audit=60), 0.3).report.basis == "audit"
    assert learn(decided(audit=60), 0.3).report.judged == 60
    few = learn(decided(audit=report.AUDITED_LEAST - 1), 0.3).report
    assert few.basis == "chosen" and few.judged == 200


def test_the_curve_rises_with_decisions_and_ends_where_all_are_used() -> None:
    report = learn(decided(prompts=100), 0.3).report
    sizes = [point.decisions for point in report.curve]
    assert sizes == sorted(sizes) and sizes[-1] == 360 and report.curve[0].auc < report.curve[-1].auc
    assert report.further is not None and 0 <= report.further < 0.2


@pytest.mark.parametrize(
    ("accepted", "rejected", "message"),
    [
        (15, 15, ""),
        (2, 28, ""),
        (10, 10, "10 more decisions"),
        (30, 0, "2 more rejected"),
        (1, 40, "1 more accepted"),
        (0, 0, "30 more decisions, 2 more accepted and 2 more rejected among them"),
        (15, 14, "1 more decision"),
        (29, 0, "2 more decisions, 2 more rejected among them"),
        (0, 29, "2 more decisions, 2 more accepted among them"),
        (1, 28, "1 more decision, 1 more accepted among them"),
    ],
)
def test_what_is_lacking_is_said_in_numbers(accepted: int, rejected: int, message: str) -> None:
    assert taste.missing(accepted, rejected) == message


@pytest.mark.parametrize("prompts", [1, 2, 3])
def test_few_prompts_give_wide_limits_or_a_reason(prompts: int) -> None:
    rows = decided(prompts=prompts, each=20)
    if prompts == 1:
        with pytest.raises(ValueError, match="too little"):
            learn(rows, 0.3)
    else:
        report = learn(rows, 0.3).report
        assert report.auc.low < 0.5 or prompts > 2
        assert 0 <= report.auc.low <= report.auc.high <= 1


def test_all_alike_but_two_is_learned_from_without_a_fault() -> None:
    rows = decided(prompts=20, each=2)
    rows.accepted[:] = True
    rows.accepted[[3, 17]] = False
    learned = learn(rows, 0.9)
    assert np.isfinite(learned.out_of_fold).all() and np.isfinite(learned.linear.intercept)


def test_the_limits_hold_the_auc_of_fresh_prompts_as_often_as_they_say() -> None:
    """tests/simulations/unseen.py in small; its figures stand in docs/taste.md."""
    cell = {"decisions": 60, "each": 4, "strength": 2.0, "bias": 0.5}
    coverage = unseen.coverage(cell, 8, np.random.default_rng(0))
    assert coverage["coverage"] >= 0.75 and abs(coverage["said"] - coverage["truth"]) < 0.1
