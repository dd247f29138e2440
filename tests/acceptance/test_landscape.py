"""The landscape of a round at any M agrees with the rule applied candidate by candidate."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.acceptance.landscape import BINS, Landscape
from rsf_core.domain import Scope
from rsf_core.domain.errors import TargetError
from rsf_core.sampling import diagnosis, distances
from rsf_core.sampling.acceptance import prompt_log_z, prompt_scale
from tests.support.ratios import ratios


def by_hand(table: pa.Table, log_m: float, scope: Scope) -> tuple[np.ndarray, np.ndarray]:
    """Which candidates the rule accepts, and which are effectively accepted."""
    scale = table["scale"].to_numpy() if scope is Scope.PROMPT else 0.0
    possible = np.isfinite(table["log_ratio"].to_numpy()) & ~table["truncated"].to_numpy()
    with np.errstate(invalid="ignore"):
        rule = possible & (table["critical_log_m"].to_numpy() - scale > log_m)
    override = table["override"].to_numpy()
    return rule, (rule & (override == 0)) | (override > 0)


@pytest.mark.parametrize("scope", Scope)
@given(log_m=st.floats(-8, 12), seed=st.integers(0, 20))
def test_the_counts_at_any_m_are_those_of_the_rule_with_overrides(scope, log_m, seed):
    table = ratios(seed=seed)
    decisions = Landscape(table, scope).at(log_m)
    rule, effective = by_hand(table, log_m, scope)
    prompts = table["prompt_id"].to_numpy()
    assert decisions.automatic == rule.sum()
    assert decisions.accepted == effective.sum()
    assert decisions.prompts_with_none == np.unique(prompts).size - np.unique(prompts[effective]).size


@pytest.mark.parametrize("scope", Scope)
def test_what_is_drawn_at_a_position_is_exact_there(scope):
    table = ratios()
    landscape = Landscape(table, scope)
    low, high = landscape.span(0.0)
    picture = landscape.picture(low, high)
    drawn = (landscape.relative >= low) & (landscape.relative <= high)
    bin_of = np.minimum(((landscape.relative[drawn] - low) / (high - low) * BINS).astype(int), BINS - 1)
    for g in range(0, len(picture.positions), 37):
        log_m = float(picture.positions[g])
        effective = landscape.effective(log_m)
        exact = landscape.at(log_m)
        np.testing.assert_array_equal(picture.accepted[:, g], np.bincount(bin_of, effective[drawn], BINS))
        assert picture.accepted_count[g] == exact.accepted
        assert picture.prompts_with_none[g] == exact.prompts_with_none
        assert picture.violating[g] == exact.violating
        assert picture.expected_rate[g] == pytest.approx(exact.expected_rate)
    assert picture.total.sum() + picture.below == landscape.possible


def test_the_span_shows_every_asked_m_and_leaves_out_what_is_hopelessly_far():
    table = ratios().set_column(2, "log_ratio", pa.array(np.linspace(-900, 3, 400)))
    landscape = Landscape(table, Scope.GLOBAL)
    low, high = landscape.span(9.0)
    assert -41 < low < -35 and high > 9.0
    assert landscape.span(-100.0)[0] < -100.0
    assert landscape.picture(low, high).below > 300


def test_a_truncated_candidate_is_accepted_by_a_person_alone():
    table = ratios().set_column(5, "truncated", pa.array(np.ones(400, bool)))
    landscape = Landscape(table, Scope.GLOBAL)
    decisions = landscape.at(-50.0)
    assert (decisions.automatic, decisions.accepted) == (0, (table["override"].to_numpy() > 0).sum())
    assert landscape.possible == 0 and decisions.expected_rate == 0.0


def test_as_many_as_asked_are_accepted_by_the_rule():
    landscape = Landscape(ratios(), Scope.PROMPT)
    for count in (1, 17, 100, landscape.possible):
        assert landscape.at(landscape.log_m_for_count(count)).automatic == count


def test_a_ratio_that_is_no_number_is_named():
    table = ratios().set_column(2, "log_ratio", pa.array([float("nan")] + [0.0] * 399))
    with pytest.raises(TargetError, match=r"log_ratio\[0\] is nan"):
        Landscape(table.set_column(5, "truncated", pa.array([False] * 400)), Scope.GLOBAL)


def test_a_scale_that_contains_the_draw_is_distinguished_from_one_without_it():
    table = ratios()
    for scale_of, contains in ((prompt_scale, False), (prompt_log_z, True)):
        scale = scale_of(table["log_ratio"].to_numpy(), table["prompt_id"].to_numpy())
        at = table.set_column(table.column_names.index("scale"), "scale", pa.array(scale))
        assert Landscape(at, Scope.PROMPT).scale_contains_draw is contains
        assert not Landscape(at, Scope.GLOBAL).scale_contains_draw


@pytest.mark.parametrize("scope", Scope)
def test_later_decisions_count_as_if_they_had_been_known_from_the_start(scope: Scope) -> None:
    table = ratios(seed=3)
    before = Landscape(table, scope)
    before.picture(*before.span(0.0))
    overrides = np.random.default_rng(9).choice([-1, 0, 1], table.num_rows).astype(np.int8)
    place = table.schema.get_field_index("override")
    fresh = Landscape(table.set_column(place, "override", pa.array(overrides)), scope)
    updated = before.with_overrides(overrides)
    for log_m in (-3.0, 0.0, 2.0):
        assert updated.at(log_m) == fresh.at(log_m) != before.at(log_m)
        assert updated.effective(log_m).tolist() == fresh.effective(log_m).tolist()
        assert updated.diagnosis(log_m) == fresh.diagnosis(log_m)
    for name in ("accepted", "accepted_count", "prompts_with_none"):
        pictures = [getattr(one.picture(*one.span(0.0)), name).tolist() for one in (updated, fresh)]
        assert pictures[0] == pictures[1]


def test_a_cached_value_is_returned_even_if_another_thread_evicts_it_at_that_moment():
    class Forgetful(dict[object, object]):
        def __setitem__(self, name, value):
            """Stores nothing, as if another thread cleared the cache."""

    landscape = Landscape(ratios(), Scope.GLOBAL)
    landscape._kept = Forgetful()
    assert landscape.kept("seven", lambda: 7) == 7
    landscape._kept = {}
    assert [landscape.kept("none", lambda: None), landscape.kept("none", lambda: pytest.fail("found twice"))] == [
        None
    ] * 2


@pytest.mark.parametrize("scope", list(Scope))
def test_another_m_finds_again_only_what_depends_on_m(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    landscape = Landscape(ratios(400), scope)
    landscape.diagnosis(0.0)
    for name in ("dense_groups", "even_weights", "Resampling", "upper_spread", "pareto_k"):
        monkeypatch.delattr(diagnosis, name)
    monkeypatch.delattr(distances, "relative")
    with pytest.raises(NameError):
        diagnosis.Diagnoser([0.0, 1.0])
    assert landscape.diagnosis(0.5).acceptance_rate.value < landscape.diagnosis(0.25).acceptance_rate.value
