"""Bands of prompts, rates that drawing more for some prompts does not change, and the predicted yield of drawing more."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from rsf_core.acceptance import bands
from rsf_core.acceptance.decisions import retarget
from rsf_core.domain import Action, Scope, candidate_id
from rsf_core.domain.errors import StageError
from rsf_core.project import Project
from rsf_core.sampling.acceptance import acceptance_prob, prompt_scale, staged_scale
from rsf_core.store.records import PromptKind
from rsf_core.store.store import Store
from tests.simulations import again
from tests.support import specs
from tests.support.decided_round import round_record, settings
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates, decide


def kind(accepted: int, drawn: int, prompts: int = 1, further: int = 0, gained: int = 0, **more: Any) -> PromptKind:
    given = {"retired": False, "automatic": accepted, "further_automatic": gained} | more
    return PromptKind(
        prompts=prompts, drawn=drawn, accepted=accepted, further=further, further_accepted=gained, **given
    )


# -- the mathematics: what stays unbiased ------------------------------------------------------------------------------


def outcomes(p: float, k: int, more: int) -> list[tuple[float, PromptKind]]:
    """Every outcome of K draws of a prompt and, if none is accepted, of K′ further draws, with its probability."""
    chances = [(float(stats.binom.pmf(a, k, p)), kind(a, k)) for a in range(1, k + 1)]
    nothing = (1 - p) ** k
    return chances + [
        (nothing * float(stats.binom.pmf(b, more, p)), kind(0, k, further=more, gained=b)) for b in range(more + 1)
    ]


@pytest.mark.parametrize(("p", "k", "more"), list(product((0.05, 0.3, 0.7), (1, 4), (1, 4, 16))))
def test_drawing_more_for_who_has_none_leaves_the_mean_of_prompt_rates_unbiased(p: float, k: int, more: int) -> None:
    every = outcomes(p, k, more)
    assert sum(weight for weight, _ in every) == pytest.approx(1)
    assert sum(weight * bands.rates([one]).automatic for weight, one in every) == pytest.approx(p, rel=1e-12)
    of_all = sum(w * (f.automatic + f.further_automatic) / (f.drawn + f.further) for w, f in every)
    assert of_all == pytest.approx(p + (1 - p) ** k * p * more / (k + more))  # the rate over all draws is biased


def test_the_pooled_rate_falls_where_the_mean_of_prompt_rates_stays() -> None:
    p, k, more = np.array([0.02, 0.05, 0.5, 0.9]), 4, 32
    starving = (1 - p) ** k
    pooled = (p * (k + starving * more)).sum() / (k + starving * more).sum()  # its limit with many such prompts
    rng = np.random.default_rng(0)
    first = rng.binomial(k, np.tile(p, 20_000))
    kinds = [kind(a, k, n, further=0 if a else more) for a, n in Counter(first.tolist()).items()]
    assert bands.rates(kinds).automatic == pytest.approx(p.mean(), abs=0.003)
    assert pooled < 0.6 * p.mean()


@pytest.mark.parametrize("more", [4, 8])
def test_as_many_as_expected_have_one_afterwards(more: int) -> None:
    """Over prompts of all kinds, with the further draws that the plan proposes."""
    rng, expected, got = np.random.default_rng(1), 0.0, 0
    for _ in range(20):
        p = rng.beta(0.4, 1.2, 100)
        first = rng.binomial(4, p)
        plan = bands.plan([kind(a, 4, n) for a, n in Counter(first.tolist()).items()], more)
        assert plan is not None and plan.prompts == (first == 0).sum() and plan.candidates == plan.prompts * more
        expected += plan.expected
        got += int((rng.binomial(more, p[first == 0]) > 0).sum())
    assert expected == pytest.approx(got, rel=0.08)


def test_in_simulation_only_what_was_drawn_for_all_alike_is_without_bias() -> None:
    """The full grid: make simulations ARGS='--only "drawing more"'."""
    cell = {"share": 0.2, "spread": "beta 0.5", "prompts": 50, "draws": 4, "more": 16}
    estimates = again.estimates(cell, 200, np.random.default_rng(4))
    assert (
        abs(estimates["error"]) < 0.03 and estimates["error over all draws"] > 0.05 and estimates["error pooled"] < -0.3
    )
    assert 0.8 < estimates["got one, of expected"] < 1.2


# -- bands -------------------------------------------------------------------------------------------------------------


def test_prompts_are_in_the_band_of_their_share() -> None:
    assert bands.bands([]) is None and bands.plan([], 4) is None and bands.none_of([], 4) is None
    assert math.isnan(bands.rates([]).effective)
    eight = [kind(a, 8) for a in range(9)]
    counted = bands.bands(eight)
    assert (
        counted is not None and counted.counts == (1, 2, 3, 2, 1) and counted.each == (8, 8) and counted.starving == 1
    )
    one = bands.bands([kind(0, 1, 3), kind(1, 1, 2)])
    assert one is not None and one.counts == (3, 0, 0, 0, 2)


def test_who_was_drawn_for_again_stays_in_its_band_and_starves_no_more() -> None:
    kinds = [kind(0, 4, 5), kind(0, 4, 3, further=8, gained=1), kind(0, 4, 2, further=8), kind(2, 4, 6)]
    counted = bands.bands(kinds)
    assert counted is not None and counted.counts == (10, 0, 6, 0, 0)
    assert (counted.again, counted.further, counted.helped, counted.starving) == (5, 40, 3, 7)
    assert "5 of those with none were drawn for again (40 candidates), and 3 have one now" in bands.in_words(counted)
    plan = bands.plan(kinds, 4)
    assert plan is not None and plan.prompts == 7 and 0 < plan.expected < 7


def test_a_retired_prompt_is_not_drawn_for() -> None:
    assert bands.plan([kind(0, 4, 5, retired=True), kind(1, 4)], 4) is None


def test_what_a_person_accepts_feeds_a_prompt() -> None:
    assert bands.plan([kind(1, 4, automatic=0)], 4) is None
    assert bands.rates([kind(1, 4, automatic=0)]) == bands.Rates(0.0, 0.25)


# -- the scale and M of a round that drew more ---------------------------------------------------------------------------


def test_later_draws_do_not_move_an_earlier_scale() -> None:
    rng = np.random.default_rng(2)
    ell, prompt, stage = rng.normal(size=60), np.repeat(np.arange(5), 12), np.tile([0] * 6 + [1] * 3 + [2] * 3, 5)
    ell[:6] = -math.inf
    keep = (stage == 0) | (prompt < 3)
    ell, prompt, stage = ell[keep], prompt[keep], stage[keep]
    scale = staged_scale(ell, prompt, stage)
    for last in range(3):
        until = stage <= last
        np.testing.assert_array_equal(scale[until], staged_scale(ell[until], prompt[until], stage[until]))
        whole = prompt_scale(ell[until], prompt[until])
        np.testing.assert_array_equal(scale[stage == last], whole[stage[until] == last])


def test_the_accepted_of_a_starving_prompt_follow_the_target() -> None:
    """By enumeration: three outcomes, two draws and, if neither is accepted, two further draws; M bounds every ratio."""
    q, ell, log_m = np.array([0.5, 0.3, 0.2]), np.array([-1.0, 0.4, 1.0]), 2.5
    prompt, stage = np.zeros(4, int), np.array([0, 0, 1, 1])
    accepted = np.zeros(3)
    for drawn in product(range(3), repeat=4):
        x = np.array(drawn)
        prob = acceptance_prob(ell[x], log_m, staged_scale(ell[x], prompt, stage))
        reached = np.array([1, 1, *[np.prod(1 - prob[:2])] * 2])
        np.add.at(accepted, x, np.prod(q[x]) * prob * reached)
    np.testing.assert_allclose(accepted / accepted.sum(), q * np.exp(ell) / (q @ np.exp(ell)), rtol=1e-12)


@pytest.fixture
def drawn_again(store: Store) -> Store:
    """Three prompts with four candidates each; the first has none accepted and four further candidates."""
    add_prompts(store, 3)
    rows = candidates(3, 4)
    add_candidates(store, rows)
    add_scores(store, rows, {"s": [-9.0] * 4 + [0.1, 0.2, 0.3, 0.4] + [0.5, 0.6, 0.7, 0.8]})
    retarget(store, settings({"rewards": {"s": 1.0}}, rate=0.5), round_record(), "base")
    return store


def draw_more(store: Store, scores: list[float]) -> None:
    store.add_job("r1-generate-2", specs.generate(adaptive=True), [])
    ids = [candidate_id(1, 1, k) for k in range(4, 8)]
    more = candidates(1, 8).slice(4)
    assert more["candidate_id"].to_pylist() == ids
    more = more.set_column(more.schema.get_field_index("job_id"), "job_id", pa.array(["r1-generate-2"] * 4))
    add_candidates(store, more, job_id="r1-generate-2")
    add_scores(store, more, {"s": scores}, job_id="r1-score-2")
    retarget(store, settings({"rewards": {"s": 1.0}}, rate=0.5), round_record(), "base")


@pytest.mark.parametrize("scope", list(Scope))
def test_drawing_more_changes_neither_m_nor_decisions_nor_the_rate(drawn_again: Store, scope: Scope) -> None:
    rule = settings({"rewards": {"s": 1.0}}, rate=0.5, scope=scope)
    retarget(drawn_again, rule, round_record(), "base")
    before, m = drawn_again.ratios(1).to_pylist(), drawn_again.thresholds(1)[0].log_m
    rates = bands.rates(drawn_again.prompt_kinds(1))
    draw_more(drawn_again, [2.0, 1.0, 1.0, -1.0])
    retarget(drawn_again, rule, round_record(), "base")
    after = {row["candidate_id"]: row for row in drawn_again.ratios(1).to_pylist()}
    assert drawn_again.thresholds(1)[0].log_m == m
    assert [after[row["candidate_id"]] for row in before] == before
    assert [row["planned"] for row in after.values()].count(False) == 4
    assert bands.rates(drawn_again.prompt_kinds(1)) == rates
    shares = bands.bands(drawn_again.prompt_kinds(1))
    assert shares is not None and (shares.further, shares.again) == (4, 1)


def test_who_starves_is_known_by_effective_decisions_of_prompts_in_use(store: Store) -> None:
    add_prompts(store, 3)
    rows = candidates(3, 2)
    add_candidates(store, rows)
    decide(store, rows, -9.0, 5.0)
    assert store.starving_prompts(1) == [1, 2, 3]
    store.add_override("a", "1.2.1", Action.ACCEPT, "ann")
    store.prompt_book.say([3], "retire", "ann")
    assert store.starving_prompts(1) == [1]
    assert sorted((k.retired, k.accepted) for k in store.prompt_kinds(1)) == [(False, 0), (False, 1), (True, 0)]


# -- the project ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("jobs_in_threads")
def test_a_project_draws_more_for_those_that_starve_and_for_nobody_else(project: Project) -> None:
    with pytest.raises(StageError, match="not decided yet"):
        project.draw_for_starving()
    project.generate()
    project.wait()
    project.wait()
    project.set_threshold(0.3, Scope.GLOBAL)
    # whatever the tiny model drew: three prompts have none accepted, each other prompt has one
    for row in project.prompts_in_round()[:3]:
        for candidate in project.candidates(row.prompt_id):
            project.override(candidate.candidate_id, Action.REJECT)
    for row in project.prompts_in_round()[3:]:
        project.override(candidate_id(1, row.prompt_id, 0), Action.ACCEPT)
    starving = [row.prompt_id for row in project.prompts_in_round()[:3]]
    plan, rates = project.starving_plan(), project.rates()
    assert plan is not None and (plan.prompts, plan.each, plan.candidates) == (3, 4, 12) and 0 < plan.expected < 3
    landscape = project.landscape(Scope.GLOBAL)
    assert landscape is not None
    project.draw_for_starving()
    project.wait()
    project.wait()
    assert project.counts().candidates == 8 * 4 + 12 and project.counts().undecided == 0
    assert {r.prompt_id: r.candidates for r in project.prompts_in_round()} == {
        r.prompt_id: 8 if r.prompt_id in starving else 4 for r in project.prompts_in_round()
    }
    assert project.rates() == rates
    after = project.landscape(Scope.GLOBAL)
    assert after is not None and after.candidates == 44 and after.planned.sum() == 32
    assert after.at(0.3).expected_rate == landscape.at(0.3).expected_rate
    assert after.diagnosis(0.3) == landscape.diagnosis(0.3)
    for row in project.prompts_in_round():
        project.override(candidate_id(1, row.prompt_id, 0), Action.ACCEPT)
    assert project.starving_plan() is None
    with pytest.raises(StageError, match="every prompt of round 1 has an accepted candidate"):
        project.draw_for_starving()
