"""Agreement figures against counts made by hand, and a fit that recovers the weights of its data."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from rsf_core.domain import Scope, place
from rsf_core.domain.errors import TargetError
from rsf_core.domain.settings import Target
from rsf_core.review import agreement
from rsf_core.review.agreement import WithOthers, cohen_kappa, with_others
from rsf_core.review.audit import audit_key
from rsf_core.review.index import ReviewIndex
from rsf_core.review.opinions import Opinions
from rsf_core.review.round_table import RoundTable
from rsf_core.review.suggestion import suggest
from rsf_core.sampling.acceptance import critical_log_m
from rsf_core.sampling.intervals import clopper_pearson, share_of_items
from tests.simulations.deciding import coverage

NONE = np.zeros(0, np.int64)


def table(n: int, seed: int = 0) -> RoundTable:
    rng = np.random.default_rng(seed)
    ell, u = rng.normal(0, 2, n), 1.0 - rng.random(n)
    places = place(np.arange(n) // 4 + 1, np.arange(n) % 4)
    return RoundTable(places, np.full(n, 9), np.zeros(n, bool), u, ell, critical_log_m(ell, u), np.zeros(n))


def index(round_table: RoundTable, votes: dict[str, dict[int, int]], final: str = "") -> ReviewIndex:
    """The index of a round in which each reviewer decides rows by +1 or −1."""
    rows = [(row, who, vote) for who, words in votes.items() for row, vote in words.items()]
    opinions = Opinions(
        round_table.places[[row for row, _, _ in rows]] if rows else NONE,
        np.array([who for _, who, _ in rows], dtype=str),
        np.array([vote for _, _, vote in rows], dtype=np.int64),
        np.array([who == final for _, who, _ in rows], dtype=bool),
        np.zeros(len(rows), np.int64),
    )
    return ReviewIndex(round_table, 0.5, Scope.GLOBAL, opinions, NONE, {})


def test_the_confusion_counts_the_rule_against_people() -> None:
    round_table = table(40)
    rule = index(round_table, {}).automatic
    votes = {row: 1 if (row % 3 == 0) else -1 for row in range(20)}
    got = agreement.agreement(index(round_table, {"ann": votes}), seed=1).reviewed
    person = np.array([votes[row] > 0 for row in range(20)])
    assert (got.accept_accept, got.accept_reject) == ((rule[:20] & person).sum(), (rule[:20] & ~person).sum())
    assert (got.reject_accept, got.reject_reject) == ((~rule[:20] & person).sum(), (~rule[:20] & ~person).sum())


def test_precision_and_recall_have_intervals_over_prompts() -> None:
    """One decision per prompt gives the exact interval; four equal decisions per prompt give a wider one than their count."""
    round_table = table(80)
    rule = index(round_table, {}).automatic
    firsts = {row: 1 if row % 3 else -1 for row in range(0, 80, 4)}
    got = agreement.agreement(index(round_table, {"ann": firsts}), seed=1).reviewed
    assert got.precision == clopper_pearson(got.accept_accept, got.accept_accept + got.accept_reject)
    assert got.recall == clopper_pearson(got.accept_accept, got.accept_accept + got.reject_accept)
    together = {row: 1 if row // 4 % 3 else -1 for row in range(80)}
    got = agreement.agreement(index(round_table, {"ann": together}), seed=1).reviewed
    exact = clopper_pearson(got.accept_accept, got.accept_accept + got.accept_reject)
    accepted = np.flatnonzero(rule)
    assert got.precision == share_of_items(accepted // 4 % 3 > 0, accepted // 4)
    assert got.precision.high - got.precision.low > 1.2 * (exact.high - exact.low)
    nothing = agreement.agreement(
        index(round_table, {"ann": dict.fromkeys(np.flatnonzero(~rule)[:3].tolist(), -1)}), seed=1
    ).reviewed
    assert nothing.precision is None and nothing.recall is None


def test_the_audit_holds_the_beginning_of_the_audit_order_and_goes_on_past_skipped_ones() -> None:
    round_table = table(40)
    order = np.argsort(audit_key(round_table.places, 7), kind="stable").tolist()

    def audit(*decided: int) -> tuple[int, int]:
        made = agreement.agreement(index(round_table, {"ann": dict.fromkeys((order[i] for i in decided), 1)}), seed=7)
        return made.audit.total, made.audit_skipped

    assert audit(*range(9)) == (9, 0) and audit(*range(9), 30) == (9, 0)  # the last was decided elsewhere
    assert audit(*range(9), 10, 30) == (10, 1)
    assert audit(*range(1, 40)) == (39, 1)
    assert audit(3, 17, 30) == (0, 0) and audit(*range(0, 40, 2)) == (1, 0)


def test_overruled_candidates_are_counted_by_p_accept() -> None:
    round_table = table(40)
    made = index(round_table, {"ann": dict.fromkeys(range(40), 1)})
    bins = agreement.agreement(made, 1).by_p_accept
    assert sum(decided for *_, decided, _ in bins) == 40
    assert sum(over for *_, over in bins) == (~made.automatic).sum()


def test_truncated_candidates_count_at_a_chance_of_0_which_is_theirs() -> None:
    whole = table(40)
    votes = {"ann": dict.fromkeys(range(40), 1)}
    cut = RoundTable(**{f.name: getattr(whole, f.name) for f in fields(RoundTable)} | {"truncated": np.ones(40, bool)})
    first, *others = agreement.agreement(index(cut, votes), 1).by_p_accept
    assert first[2:] == (40, 40) and all(one[2:] == (0, 0) for one in others)


def test_kappa_is_cohens() -> None:
    assert cohen_kappa([1, 1, -1, -1], [1, 1, -1, -1]) == 1.0
    assert cohen_kappa([1, 1, -1, -1], [1, -1, 1, -1]) == 0.0
    assert cohen_kappa(
        [1] * 45 + [-1] * 25 + [1] * 15 + [-1] * 15, [1] * 45 + [1] * 25 + [-1] * 15 + [-1] * 15
    ) == pytest.approx(0.1304, abs=1e-4)
    assert cohen_kappa([1, 1], [1, 1]) is None


def test_reviewers_are_compared_on_what_both_decided_and_the_settling_word_is_left_out() -> None:
    votes = {"ann": {0: 1, 1: 1, 2: -1, 3: -1}, "ben": {0: 1, 1: -1, 2: -1, 3: -1, 9: 1}, "judge": {1: 1}}
    got = agreement.agreement(index(table(40), votes, final="judge"), 1)
    (pair,) = got.pairs
    assert (pair.first, pair.second, pair.both, pair.same) == ("ann", "ben", 4, 3)
    assert pair.kappa == pytest.approx(0.5)
    assert got.alpha == pytest.approx(
        1 - (8 - 1) * 2 / (3 * 5 * 2) * 1, abs=1e-9
    )  # 1 − (n−1)·o/(n₀·n₁), Krippendorff 2011


def test_of_who_settled_a_disagreement_the_word_before_counts() -> None:
    """ben and ann differ on 1 and 2; ben settles both, and also 3, which he had not decided before."""
    votes = {"ann": {0: 1, 1: 1, 2: -1, 3: -1}, "ben": {1: 1, 2: 1, 3: 1}, "cem": {0: 1}}
    made = index(table(40), votes, final="ben")
    before = index(table(40), {"ben": {1: -1, 2: 1}, "dan": {0: -1}}).opinions  # dan has settled nothing
    got = agreement.agreement(made, 1, before)
    assert [(pair.first, pair.second, pair.both, pair.same) for pair in got.pairs] == [
        ("ann", "ben", 2, 0),
        ("ann", "cem", 1, 1),
    ]
    assert got.by_guide[0].pairs == 3 and got.by_guide[0].alike == 1
    assert with_others(made.opinions.independent(before), "ben") == WithOthers(1, 2, 0)
    without = agreement.agreement(made, 1)
    assert [(pair.first, pair.second) for pair in without.pairs] == [("ann", "cem")]


def test_without_two_reviewers_in_common_there_is_no_alpha() -> None:
    got = agreement.agreement(index(table(40), {"ann": {0: 1}, "ben": {1: -1}}), 1)
    assert got.alpha is None and got.pairs == ()


def test_the_fit_finds_the_weights_that_people_follow() -> None:
    rng = np.random.default_rng(8)
    scores = {"sentiment": rng.normal(0, 1, 4000), "length": rng.normal(10, 5, 4000), "noise": rng.normal(0, 1, 4000)}
    z = 2.0 * scores["sentiment"] - 0.3 * (scores["length"] - 10)
    votes = np.where(rng.random(4000) < 1 / (1 + np.exp(-z)), 1, -1)
    fitted = agreement.fit(scores, votes)
    for name, truth in {"sentiment": 2.0, "length": -0.3, "noise": 0.0}.items():
        assert fitted.coefficients[name].low < truth < fitted.coefficients[name].high
    weights, beta = fitted.rewards(1.0)
    assert sum(map(abs, weights.values())) == pytest.approx(1.0)
    assert weights["sentiment"] / beta == pytest.approx(fitted.coefficients["sentiment"].value)


@pytest.mark.parametrize("link", ["logistic", "rejection"])
def test_beta_is_covered_however_people_decide(link: str) -> None:
    covered = coverage(
        {"prompts": 40, "draws": 8, "beta": 0.5, "link": link, "noise": 0.0}, 30, np.random.default_rng(0)
    )
    assert covered["coverage"] >= 0.86 and covered["link found"] >= 0.5


def test_noise_is_not_reported_as_repeated() -> None:
    """Weights fitted to random decisions agree with more than half of those decisions, and with half of new ones."""
    rng, round_table = np.random.default_rng(5), table(240, seed=5)
    scores = {name: rng.normal(size=240) for name in ("sentiment", "length", "words", "repetition")}
    votes = np.where(rng.random(240) < 0.5, 1, -1)
    target = Target.model_validate({"reference": "proposal", "beta": 0.5, "rewards": {"sentiment": 1.0}})
    got = suggest(index(round_table, {"ann": dict(enumerate(votes.tolist()))}), target, scores, Scope.GLOBAL)
    assert 0.38 < got.agreeing / got.decisions < 0.6
    assert got.beta.low < got.beta.value == got.target.beta


def test_a_score_that_parts_the_decisions_perfectly_gives_a_finite_fit() -> None:
    score = np.linspace(-1, 1, 100)
    fitted = agreement.fit({"s": score}, np.where(score > 0, 1, -1))
    assert np.isfinite(fitted.coefficients["s"].value) and fitted.accuracy == 1.0


@pytest.mark.parametrize("votes", [np.zeros(100, np.int64), np.ones(100, np.int64), np.array([1] * 95 + [-1] * 5)])
def test_too_few_decisions_of_a_kind_are_not_fitted(votes) -> None:
    counted = f"{(votes > 0).sum()} and {(votes < 0).sum()} count so far"
    with pytest.raises(TargetError, match=f"at least 10 accepts and 10 rejects .* {counted}: truncated"):
        agreement.fit({"s": np.arange(100.0)}, votes)
    with pytest.raises(TargetError, match="no score varies"):
        agreement.fit({"s": np.ones(100)}, np.array([1, -1] * 50))


@pytest.mark.parametrize(
    "same", [np.full(100, 0.1), np.full(100, -0.45953232937), np.full(100, 0.1) + 1e-9 * np.arange(100)]
)
def test_a_score_that_is_equal_but_for_rounding_is_not_weighed(same) -> None:
    votes, score = np.array([1, -1] * 50), np.random.default_rng(1).normal(size=100)
    assert same.std() > 0
    with pytest.raises(TargetError, match="no score varies"):
        agreement.fit({"same": same}, votes)
    assert agreement.fit({"same": same, "s": score}, votes).coefficients.keys() == {"s"}
    small = 1000 + 1e-2 * score  # varies little for its size, and is still used
    assert agreement.fit({"small": small}, votes).coefficients["small"].value == pytest.approx(
        100 * agreement.fit({"s": score}, votes).coefficients["s"].value, rel=1e-6
    )


def test_the_suggested_target_agrees_at_least_as_well_and_says_what_it_changes() -> None:
    rng = np.random.default_rng(3)
    n, round_table = 2000, table(2000, seed=3)
    scores = {"sentiment": rng.uniform(-1, 1, n), "length": rng.uniform(0, 1, n)}
    votes = np.where(rng.random(n) < 1 / (1 + np.exp(-6 * scores["length"] + 3)), 1, -1)
    made = index(round_table, {"ann": dict(enumerate(votes.tolist()))})
    target = Target.model_validate({"reference": "proposal", "beta": 0.5, "rewards": {"sentiment": 1.0}})
    got = suggest(made, target, scores, Scope.GLOBAL)
    assert got.decisions == n and got.agreeing > got.agreeing_now
    assert abs(got.target.rewards["length"]) > 5 * abs(got.target.rewards["sentiment"])
    assert 0 < got.changed <= n


def _part(whole: RoundTable, where: np.ndarray) -> RoundTable:
    return RoundTable(**{field.name: getattr(whole, field.name)[where] for field in fields(RoundTable)})


@pytest.mark.parametrize("scope", list(Scope))
def test_what_has_no_score_changes_no_suggestion(scope: Scope) -> None:
    """The rule does not decide it, so it is neither a draw with P = 0 nor a decision to agree with."""
    rng, n = np.random.default_rng(11), 600
    whole, scores = table(n, seed=11), {"sentiment": rng.uniform(-1, 1, n), "length": rng.uniform(0, 1, n)}
    votes = np.where(rng.random(n) < 1 / (1 + np.exp(-5 * scores["sentiment"])), 1, -1)
    unscored = (rng.random(n) < 0.4) & (np.arange(n) % 4 > 0)  # each prompt has scored ones: the folds are the same
    whole.log_ratio[unscored] = whole.critical[unscored] = np.nan
    target = Target.model_validate({"reference": "proposal", "beta": 0.5, "rewards": {"sentiment": 1.0}})
    got = suggest(
        index(whole, {"ann": dict(enumerate(votes.tolist()))}),
        target,
        {name: np.where(unscored, np.nan, column) for name, column in scores.items()},
        scope,
    )
    rest = {name: column[~unscored] for name, column in scores.items()}
    votes_left = {"ann": dict(enumerate(votes[~unscored].tolist()))}
    expected = suggest(index(_part(whole, ~unscored), votes_left), target, rest, scope)
    assert got == expected and got.decisions == (~unscored).sum()


def test_what_was_drawn_again_moves_no_scale_of_what_was_drawn_before() -> None:
    rng, n = np.random.default_rng(12), 400
    whole, score = table(n, seed=12), rng.uniform(-1, 1, n)
    stage = (np.arange(n) % 4 == 3).astype(np.int64)
    votes = np.where(rng.random(n) < 1 / (1 + np.exp(-5 * score)), 1, -1) * (stage == 0)
    target = Target.model_validate({"reference": "proposal", "beta": 0.5, "rewards": {"sentiment": 1.0}})

    def suggested(where: np.ndarray) -> float:
        votes_there = {"ann": {i: vote for i, vote in enumerate(votes[where].tolist()) if vote}}
        made = index(_part(whole, where), votes_there)
        return suggest(made, target, {"sentiment": score[where]}, Scope.PROMPT, stage[where]).log_m

    assert suggested(stage >= 0) == suggested(stage == 0)


def test_a_scorer_without_a_score_of_some_is_not_weighed() -> None:
    rng, n = np.random.default_rng(13), 400
    scores = {"sentiment": rng.uniform(-1, 1, n), "later": rng.uniform(-1, 1, n)}
    votes = np.where(rng.random(n) < 1 / (1 + np.exp(-5 * scores["sentiment"])), 1, -1)
    scores["later"][-1], votes[-1] = np.nan, 0  # the unscored one is not decided
    target = Target.model_validate({"reference": "proposal", "beta": 0.5, "rewards": {"sentiment": 1.0}})
    votes_by_row = {"ann": {i: vote for i, vote in enumerate(votes.tolist()) if vote}}
    got = suggest(index(table(n, seed=13), votes_by_row), target, scores, Scope.GLOBAL)
    assert set(got.target.rewards) == {"sentiment"} and got.decisions == n - 1
