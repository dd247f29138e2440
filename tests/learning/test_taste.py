"""Learning from decisions: an effect that exists is found, one that does not is reported as absent, and figures are for
unseen prompts."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from rsf_core.learning import fitting, logistic, measures, report, taste
from rsf_core.learning.best import best_scorer
from rsf_core.learning.decided import Decided
from rsf_core.learning.folds import by_prompt
from rsf_core.learning.space import Linear
from rsf_core.learning.taste import learn
from rsf_core.sampling.intervals import clopper_pearson
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
    """Decisions that depend on a direction of the hidden states and on the first of two scorers, with the given strengths."""
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
    each = logistic.fit_each(x, y, np.repeat(np.array(fitting.PENALTIES)[:, None], 5, axis=1))
    np.testing.assert_allclose(each[fitting.PENALTIES.index(penalty)], beta, atol=1e-3)


def test_a_coordinate_with_four_times_the_ridge_counts_as_one_of_half_the_size() -> None:
    rng = np.random.default_rng(4)
    x, y, half = rng.normal(size=(80, 3)), (rng.random(80) < 0.4).astype(float), np.array([1.0, 0.5, 1.0])
    beta = logistic.fit(x, y, 5 / half**2)
    np.testing.assert_allclose(beta[:-1], logistic.fit(x * half, y, 5.0)[:-1] * half, atol=1e-5)


def test_the_response_is_what_the_weights_would_be_were_rows_to_count_otherwise_to_first_order() -> None:
    rng = np.random.default_rng(6)
    x, counts = rng.normal(size=(120, 4)), rng.uniform(0.5, 2, 120)
    y, intercepts = (rng.random(120) < logistic.sigmoid(x[:, 0])).astype(float), np.repeat([1.0, 0.0], 60)
    beta, ridge = logistic.fit(x, y, 3.0, intercepts, counts), np.full(4, 3.0)
    times = 1 + 0.02 * rng.normal(size=(3, 120))
    change = logistic.response(x, y, ridge, beta, intercepts, counts, np.concatenate([np.ones((1, 120)), times]))
    np.testing.assert_allclose(change[0], 0, atol=1e-4)  # as exact as the fit
    for one, more in zip(times, change[1:], strict=True):
        truth = logistic.fit(x, y, 3.0, intercepts, counts * one) - beta
        assert np.abs(more - truth).max() < 0.05 * np.abs(truth).max()


def test_perfectly_separable_decisions_give_finite_weights() -> None:
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
    """The mean over all equally likely orders of the equal scores."""
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


def test_scores_of_each_replicate_are_judged_by_its_own_weights() -> None:
    rng = np.random.default_rng(8)
    scores, y = rng.integers(0, 5, (6, 30)).astype(float), (rng.random(30) < 0.5).astype(float)
    weight = rng.integers(0, 3, (6, 30)).astype(float)
    for measure in (measures.auc, partial(measures.precision, rate=0.3)):
        alone = [measure(score, y, row[None])[0] for score, row in zip(scores, weight, strict=True)]
        assert measure(scores, y, weight) == pytest.approx(alone)


def test_the_spread_of_an_auc_is_that_of_other_prompts_and_of_other_models() -> None:
    """The spread over data sets equals the one over resampled prompts and models; with fixed models it is smaller."""
    areas, of_both, of_prompts = [], [], []
    for seed in range(40):
        rows = decided(prompts=25, each=2, hidden=0.0, seed=seed)
        y, n = rows.accepted.astype(float), len(rows)
        folds = by_prompt(rows.prompts, 5, np.random.default_rng(seed))
        fitted = fitting.out_of_fold(rows, None, folds)
        times = measures.drawn_again(rows.prompts, np.random.default_rng(seed), 100)
        both = measures.auc(fitting.orders_of(fitted, times, n), y, times)
        assert both[0] == pytest.approx(measures.auc(fitting.order_of(fitted, n), y, np.ones((1, n)))[0])
        areas.append(both[0])
        of_both.append(both[1:].std())
        of_prompts.append(measures.auc(fitting.order_of(fitted, n), y, times[1:]).std())
    assert np.mean(of_both) == pytest.approx(np.std(areas), rel=0.35)
    assert np.mean(of_prompts) < 0.85 * np.mean(of_both)


def test_the_model_that_judges_a_fold_has_seen_none_of_it() -> None:
    """Not even the fold's features, which would change the axes and means."""
    rows = decided(prompts=20, each=2)
    folds = by_prompt(rows.prompts, 5, np.random.default_rng(0))
    other = replace(rows, hidden=np.where((folds == 2)[:, None], 7 * rows.hidden + 3, rows.hidden))
    one, another = (fitting.out_of_fold(of, None, folds)[2] for of in (rows, other))
    np.testing.assert_array_equal(one.beta, another.beta)
    np.testing.assert_array_equal(one.rows.x[one.train], another.rows.x[another.train])


# -- limits of the figures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("prompts", "low"), [(3, 0.37), (8, 0.69), (12, 0.78), (20, 0.86), (300, 0.99)])
def test_an_auc_of_one_leaves_about_three_prompts_of_all_to_be_otherwise(prompts: int, low: float) -> None:
    ones = np.ones(101)
    limits = measures.share_interval(ones, prompts, 1000)
    assert limits.high == 1 and limits.low == pytest.approx(low, abs=0.005)
    assert measures.share_interval(1 - ones, prompts, 1000).high == pytest.approx(1 - limits.low)
    nearly = measures.share_interval(ones - 1e-6, prompts, 1000)
    assert limits.low - 0.1 < nearly.low < limits.low  # no jump next to the end
    few_rows = measures.share_interval(ones, prompts, 3)
    assert few_rows.low == pytest.approx(0.05 ** (1 / 3))  # three accepted rows show no more if there are many prompts


def test_a_share_of_the_highest_is_worth_no_more_than_that_many_draws() -> None:
    values = np.full(101, 0.9)
    exact = clopper_pearson(18, 20)
    limits = measures.share_interval(values, 400, 20, 20)
    assert limits.low == pytest.approx(exact.low, abs=0.03) and limits.high == pytest.approx(exact.high, abs=0.03)
    assert measures.share_interval(values, 400, 1000).low > 0.88


def test_away_from_the_ends_the_limits_are_t_times_the_spread_and_wider_by_what_was_taken_off() -> None:
    values = np.append(0.6, 0.6 + 0.02 * np.random.default_rng(0).standard_normal(400))
    plain, corrected = (measures.share_interval(values, 200, 400, correction=one) for one in (0.0, 0.03))
    assert plain.high - plain.low == pytest.approx(2 * 1.972 * values[1:].std(), rel=0.08)
    assert corrected.high - corrected.low == pytest.approx(2 * 1.972 * np.hypot(0.02, 0.03), rel=0.1)
    zero = np.zeros(401)
    gain, corrected = (measures.difference_interval(values, zero, 200, one) for one in (0.0, 0.03))
    assert gain.high - gain.low == pytest.approx(2 * 1.972 * values[1:].std(), rel=0.02)
    assert corrected.high - corrected.low > 1.5 * (gain.high - gain.low)


@pytest.mark.parametrize("prompts", [3, 8, 40])
def test_two_orders_that_are_the_same_have_limits_of_some_width(prompts: int) -> None:
    same = np.full(101, 0.8)
    gain = measures.difference_interval(same, same, prompts)
    assert gain.low < -0.1 / prompts and gain.high > 0.1 / prompts


@pytest.mark.parametrize("values", [np.full(101, np.nan), np.append(0.7, np.full(100, np.nan))])
def test_a_figure_undefined_in_most_replicates_has_the_limits_of_its_range(values: np.ndarray) -> None:
    assert (measures.share_interval(values, 9, 9).low, measures.share_interval(values, 9, 9).high) == (0, 1)
    gain = measures.difference_interval(values, values, 9)
    assert (gain.low, gain.high) == (-1, 1)


# -- the best single scorer ------------------------------------------------------------------------------------------------


def test_where_scorers_say_nothing_the_best_of_them_is_at_chance_less_what_choosing_flatters() -> None:
    raw, mended = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        others, y = rng.normal(size=(60, 8)), (rng.random(60) < 0.5).astype(float)
        weights = measures.drawn_again(np.arange(60), rng, 200)
        best = best_scorer(others, y, weights, 0.3)
        assert best is not None and best.flattered > 0
        areas = np.array([measures.auc(column, y, weights[:1])[0] for column in others.T])
        assert np.abs(areas - 0.5).argmax() == best.column and best.falling == (areas[best.column] < 0.5)
        assert best.auc[0] + best.flattered == pytest.approx(np.maximum(areas, 1 - areas).max())
        raw.append(best.auc[0] + best.flattered)
        mended.append(best.auc[0])
    assert np.mean(raw) > 0.59 and abs(np.mean(mended) - 0.5) < 0.5 * (np.mean(raw) - 0.5)


def test_one_that_is_plainly_the_best_is_flattered_by_nothing_and_none_gives_none() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(400) < 0.5).astype(float)
    others = np.stack([rng.normal(size=400), -y + 0.3 * rng.normal(size=400)], axis=1)
    others[::5, 1] = np.nan
    weights = measures.drawn_again(np.arange(400), rng, 100)
    best = best_scorer(others, y, weights, 0.3)
    assert best is not None and (best.column, best.falling) == (1, True) and abs(best.flattered) < 0.01
    assert best.precision[0] > 0.95
    assert best_scorer(np.zeros((400, 0)), y, weights, 0.3) is None


# -- calibration -----------------------------------------------------------------------------------------------------------


def test_the_calibration_is_the_share_accepted_of_those_given_about_the_same_chance() -> None:
    chance = np.repeat([0.1, 0.2, 0.6, 0.7, 0.9], 20)
    y = np.array([0, 0, 0, 1, 0, 0, 0, 0, 0, 1] * 4 + [1, 0, 1, 0, 1, 1, 0, 1, 1, 0] * 4 + [1.0] * 19 + [0])
    order = np.random.default_rng(3).permutation(100)
    prompts = np.arange(100)
    bins = report._calibration(np.log(chance / (1 - chance))[order], y[order], prompts)
    assert [one.count for one in bins] == [20] * 5
    assert [one.predicted for one in bins] == pytest.approx([0.1, 0.2, 0.6, 0.7, 0.9])
    by_hand = [y[np.isclose(chance, c)].mean() for c in (0.1, 0.2, 0.6, 0.7, 0.9)]
    assert [one.accepted.value for one in bins] == pytest.approx(by_hand) and by_hand[-1] == 0.95
    assert all(0 <= one.accepted.low < one.accepted.value < one.accepted.high <= 1 for one in bins)


@pytest.mark.parametrize(
    ("decisions", "each", "bins"),
    [(39, 1, 0), (40, 1, 2), (60, 1, 3), (200, 1, 5), (76, 4, 0), (80, 4, 2), (200, 20, 0)],
)
def test_the_calibration_has_as_many_bins_as_there_are_decisions_and_prompts_for(
    decisions: int, each: int, bins: int
) -> None:
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=decisions), (rng.random(decisions) < 0.5).astype(float)
    assert len(report._calibration(z, y, np.arange(decisions) // each)) == bins


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


def test_random_decisions_teach_nothing_and_the_report_says_so() -> None:
    reports = [learn(decided(hidden=0.0, seed=seed), 0.3).report for seed in range(5)]
    assert sum(report.learnt for report in reports) <= 1 and not any(report.better for report in reports)


def test_where_one_scorer_says_it_all_it_is_not_called_better_than_that_one() -> None:
    report = learn(decided(hidden=0.0, scorer=3.0), 0.3).report
    assert report.learnt and report.best is not None and report.best.name == "good" and not report.better


def test_a_scorer_whose_lower_values_are_better_counts_that_way() -> None:
    best = learn(decided(hidden=0.0, scorer=-3.0), 0.3).report.best
    assert best is not None and best.name == "good" and best.auc.low > 0.6 and best.falling


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


def test_another_fifty_bring_what_each_doubling_has_brought() -> None:
    def points(*areas: float) -> list[report.Point]:
        return [report.Point(10 * 2**at, area, 0.0) for at, area in enumerate(areas)]

    assert report._further(points(0.6, 0.62, 0.64, 0.66), 50) == pytest.approx(0.02)
    assert report._further(points(0.6, 0.62, 0.64, 0.66), 150) == pytest.approx(0.02 * np.log2(200 / 150))
    assert report._further(points(0.6, 0.58, 0.57, 0.55), 50) == 0.0
    assert report._further(points(0.6, 0.62), 50) is None


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
def test_what_is_missing_is_reported_in_numbers(accepted: int, rejected: int, message: str) -> None:
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


@pytest.mark.parametrize("prompts", [2, 3])
def test_prompts_of_one_kind_each_are_learned_from_where_one_can_be_left_out(prompts: int) -> None:
    rows = decided(prompts=prompts, each=60 // prompts)
    rows.accepted[:] = rows.prompts == 0
    if prompts == 2:
        with pytest.raises(ValueError, match="all that is accepted is of one prompt"):
            learn(rows, 0.3)
    else:
        report = learn(rows, 0.3).report
        assert (report.auc.low, report.auc.high) == (0, 1)


def test_decisions_that_are_all_alike_but_two_are_learned_from_without_an_error() -> None:
    rows = decided(prompts=20, each=2)
    rows.accepted[:] = True
    rows.accepted[[3, 17]] = False
    learned = learn(rows, 0.9)
    assert np.isfinite(learned.out_of_fold).all() and np.isfinite(learned.linear.intercept)


def test_the_limits_hold_what_is_true_of_fresh_prompts_as_often_as_they_say() -> None:
    """A small version of tests/simulations/unseen.py, whose figures are in docs/taste.md."""
    for cell in (
        {"decisions": 48, "each": 4, "strength": 1.0, "bias": 1.0},
        {"decisions": 100, "each": 4, "strength": 0.0, "bias": 1.0, "scorers": 8},
        {"decisions": 32, "each": 4, "strength": 0.0, "bias": 0.0, "scorer": 30.0},
        {"decisions": 48, "each": 4, "strength": 0.0, "bias": 0.5, "scorer": 4.0},
    ):
        figures = unseen.coverage(cell, 10, np.random.default_rng(0))
        for name in ("coverage", "precision", "best", "gain", "precision gain", "calibration"):
            assert figures.get(name, 1.0) >= 0.8, (cell, name)
        assert abs(figures["said"] - figures["truth"]) < 0.1
