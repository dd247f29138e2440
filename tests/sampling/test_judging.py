"""A score compared with people's decisions: by counting all pairs and all thresholds, and on data with a known answer."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsf_core.review.agreement import cohen_kappa
from rsf_core.sampling import judging
from rsf_core.sampling.judging import best_cut, held_out
from tests.simulations.judges import auc_coverage, coverage

ROWS = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(1, 6)), min_size=2, max_size=40)


def columns(rows: list[tuple[int, bool, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    score, accepted, prompt = (np.array(column) for column in zip(*rows, strict=True))
    return score.astype(float), accepted, prompt


def some(
    prompts: int = 20, each: int = 5, slope: float = 1.0, seed: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    prompt = np.repeat(np.arange(prompts), each)
    score = rng.normal(size=len(prompt))
    return score, rng.random(len(prompt)) < 1 / (1 + np.exp(-slope * score)), prompt


@given(ROWS)
@settings(max_examples=30)
def test_the_best_threshold_is_the_best_of_all(rows: list[tuple[int, bool, int]]) -> None:
    score, accepted, _ = columns(rows)

    def kappa(cut: float) -> float:
        return cohen_kappa((score > cut).tolist(), accepted.tolist()) or 0.0

    values = np.unique(score)
    cuts = [values[0] - 1, *((a + b) / 2 for a, b in pairwise(values)), values[-1] + 1]
    best = best_cut(score, accepted)
    assert best not in values and kappa(best) == pytest.approx(max(map(kappa, cuts)), abs=1e-9)


@given(ROWS)
@settings(max_examples=30)
def test_auc_is_the_share_of_pairs_in_order_ties_half(rows: list[tuple[int, bool, int]]) -> None:
    score, accepted, prompt = columns(rows)
    agreement = judging.judging(score, accepted, prompt)
    if agreement.auc is None or agreement.correlation is None:
        kinds = min(accepted.sum(), (~accepted).sum())
        assert kinds < judging.FEWEST_OF_A_KIND or len(set(prompt.tolist())) < 2
        return
    pairs = [(a > b) + (a == b) / 2 for a, b in product(score[accepted], score[~accepted])]
    assert agreement.auc.value == pytest.approx(np.mean(pairs))
    assert agreement.correlation.value == pytest.approx(2 * np.mean(pairs) - 1)
    assert (
        0 <= agreement.auc.low <= agreement.auc.value <= agreement.auc.high <= 1
        and agreement.auc.low < agreement.auc.high
    )


@given(ROWS)
@settings(max_examples=30)
def test_a_score_whose_lower_values_are_better_is_judged_as_its_opposite(rows: list[tuple[int, bool, int]]) -> None:
    score, accepted, prompt = columns(rows)
    one, other = judging.judging(-score, accepted, prompt), judging.judging(score, accepted, prompt, direction=-1)
    assert (one.kappa, one.auc) == (other.kappa, other.auc)
    assert one.threshold is None or one.threshold == -(other.threshold or 0.0)


def test_a_prompt_has_no_part_in_the_threshold_that_it_is_judged_by() -> None:
    score, accepted, prompt = some()
    before = held_out(score, accepted, prompt)
    for one in range(20):
        other = np.where(prompt == one, ~accepted, accepted)
        assert (held_out(score, other, prompt)[prompt == one] == before[prompt == one]).all()


def test_a_score_that_always_agrees_has_kappa_one_and_an_interval_all_the_same() -> None:
    accepted = np.tile([True, False], 30)
    agreement = judging.judging(np.where(accepted, 7.0, 2.0), accepted, np.repeat(np.arange(12), 5))
    assert agreement.kappa is not None and agreement.auc is not None
    assert agreement.kappa.value == agreement.auc.value == agreement.kappa.high == 1 and 0 < agreement.kappa.low < 1
    assert agreement.threshold == 4.5 and agreement.agrees


def test_a_score_that_says_nothing_does_not_agree_however_many_decide() -> None:
    agreement = judging.judging(*some(prompts=200, slope=0.0))
    assert agreement.enough and not agreement.agrees and agreement.kappa is not None
    assert agreement.kappa.low < 0 < agreement.kappa.high and abs(agreement.kappa.value) < 0.1


def test_one_that_prefers_the_rejected_does_not_agree() -> None:
    score, accepted, prompt = some(prompts=60, slope=3.0)
    assert judging.judging(score, accepted, prompt).agrees
    agreement = judging.judging(-score, accepted, prompt)
    assert not agreement.agrees and agreement.correlation is not None and agreement.correlation.high < 0


def test_forty_nine_decisions_are_not_enough_though_all_agree() -> None:
    accepted = np.tile([True, False], 25)
    score, prompt = accepted.astype(float), np.repeat(np.arange(10), 5)
    assert judging.judging(score, accepted, prompt).agrees
    assert not judging.judging(score[:49], accepted[:49], prompt[:49]).agrees


@pytest.mark.parametrize(
    ("accepted", "prompt"),
    [([], []), ([True], [1]), ([True] * 60, list(range(60))), ([True, False] * 30, [1] * 60),
     ([True] * 56 + [False] * 4, list(range(60)))],
)  # fmt: skip
def test_with_too_few_decisions_no_agreement_is_reported(accepted: list[bool], prompt: list[int]) -> None:
    score = np.arange(len(accepted), dtype=float)
    agreement = judging.judging(score, np.array(accepted, bool), np.array(prompt, np.int64))
    assert (agreement.kappa, agreement.auc, agreement.threshold, agreement.correlation) == (None, None, None, None)
    assert not agreement.agrees and agreement.decisions == len(accepted)
    assert sum(level.decisions for level in agreement.levels) == len(accepted)


def test_copies_of_a_prompts_decisions_say_no_more_than_themselves() -> None:
    score, accepted, prompt = some(prompts=15, each=4)
    once = judging.judging(score, accepted, prompt)
    often = judging.judging(np.repeat(score, 9), np.repeat(accepted, 9), np.repeat(prompt, 9))
    assert once.auc is not None and often.auc is not None
    assert often.auc.high - often.auc.low == pytest.approx(once.auc.high - once.auc.low, rel=0.1)


def test_the_levels_of_a_score_hold_every_decision_once_and_their_share_of_accepts() -> None:
    score, accepted, prompt = some(prompts=40)
    for values, count in ((np.round(score), len(np.unique(np.round(score)))), (score, judging.LEVELS)):
        levels = judging.judging(values, accepted, prompt).levels
        assert len(levels) == count and sum(level.decisions for level in levels) == len(score)
        for level in levels:
            here = (values >= level.low) & (values <= level.high)
            assert here.sum() == level.decisions and level.accepted.value == pytest.approx(accepted[here].mean())
        assert all(a.high < b.low for a, b in pairwise(levels))


def test_a_level_of_one_prompt_has_no_interval() -> None:
    score, accepted, prompt = some(prompts=8)
    score[prompt == 0] = 99.0
    top = judging.judging(np.where(score == 99.0, 1.0, 0.0), accepted, prompt).levels[-1]
    assert not top.accepted.known and math.isinf(top.accepted.high)


def test_the_intervals_cover_what_they_claim_in_a_small_simulation() -> None:
    """tests/simulations/judges.py runs the full grid."""
    cell = {"prompts": 25, "slope": "some", "shift": "differ", "steps": True}
    covered = coverage(cell, 20, np.random.default_rng(5))
    assert covered["kappa"] >= 0.85 and covered["auc"] >= 0.85 and covered["said"] > 0.9


@pytest.mark.parametrize(("prompts", "slope"), [(10, "none"), (25, "some"), (60, "much")])
def test_auc_is_covered(prompts: int, slope: str) -> None:
    cell = {"prompts": prompts, "slope": slope, "shift": "alike", "steps": True}
    covered = auc_coverage(cell, 1_000, np.random.default_rng(2))
    assert covered["auc"] >= 0.94 and covered["said"] > 0.99
