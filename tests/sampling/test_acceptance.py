"""Decisions: properties of m = ℓ − log u, log M and the scale of a prompt."""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from rsf_core.domain.errors import TargetError
from rsf_core.sampling.acceptance import (
    RankIndex,
    acceptance_prob,
    accepted,
    critical_log_m,
    importance_weight,
    log_m_for_rate,
    prompt_log_z,
    prompt_scale,
    uniform,
    violated,
)

finite = st.floats(-50, 50)
log_ratios = arrays(np.float64, st.integers(1, 40), elements=st.one_of(finite, st.just(-math.inf)))
ROOT = Path(__file__).parents[2]
IDS = [f"1.{prompt}.{k}" for prompt in range(50) for k in range(40)]


def u_for(log_ratio: np.ndarray) -> np.ndarray:
    return uniform(3, [f"0.0.{k}" for k in range(log_ratio.size)])


# u ------------------------------------------------------------------------------------------------------------------


def test_u_is_the_documented_hash_of_seed_and_candidate_id():
    digest = hashlib.blake2b(b"42\x002.17.3", digest_size=8).digest()
    assert uniform(42, ["2.17.3"])[0] == (int.from_bytes(digest, "big") // 2**12 + 0.5) / 2**52
    assert uniform(42, ["2.17.3"])[0] == 0.1643869545601392  # must never change
    assert uniform(-1, ["ü"]).shape == (1,) and uniform(1, []).shape == (0,)


def test_u_is_uniform_and_strictly_inside_the_unit_interval():
    u = uniform(0, IDS)
    assert (u > 0).all() and (u < 1).all()
    assert stats.kstest(u, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(u, uniform(1, IDS))[0, 1]) < 0.06


def test_u_depends_on_no_other_candidate_batch_or_process():
    whole, order = uniform(5, IDS), np.random.default_rng(0).permutation(len(IDS))
    assert (uniform(5, [IDS[i] for i in order]) == whole[order]).all()
    assert (np.concatenate([uniform(5, IDS[i : i + 7]) for i in range(0, len(IDS), 7)]) == whole).all()
    code = "from rsf_core.sampling.acceptance import uniform; print(uniform(5, ['1.3.1'])[0].hex())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert float.fromhex(other.stdout.strip()) == whole[IDS.index("1.3.1")]


# decisions ----------------------------------------------------------------------------------------------------------


@given(log_ratios, finite)
def test_accepting_by_m_is_accepting_by_u(log_ratio, log_m):
    u = u_for(log_ratio)
    with np.errstate(over="ignore"):
        direct = u < np.exp(log_ratio - log_m)
    m = critical_log_m(log_ratio, u)
    assume(np.abs(m - log_m).min() > 1e-9)
    assert (accepted(m, log_m) == direct).all()


@given(log_ratios, finite, st.floats(0, 50))
def test_raising_m_only_removes_candidates(log_ratio, log_m, more):
    m = critical_log_m(log_ratio, u_for(log_ratio))
    assert not (accepted(m, log_m + more) & ~accepted(m, log_m)).any()


@given(log_ratios, finite, st.sampled_from([-900.0, 900.0]))
def test_a_shift_of_900_nats_changes_no_decision(log_ratio, log_m, shift):
    u = u_for(log_ratio)
    m = critical_log_m(log_ratio, u)
    assume(np.abs(m - log_m).min() > 1e-9)
    shifted = critical_log_m(log_ratio + shift, u)
    assert (accepted(shifted, log_m + shift) == accepted(m, log_m)).all()
    prob = acceptance_prob(log_ratio, log_m)
    np.testing.assert_allclose(acceptance_prob(log_ratio + shift, log_m + shift), prob, rtol=1e-11)
    group = np.arange(log_ratio.size) % 3
    np.testing.assert_allclose(
        prompt_scale(log_ratio + shift, group) - shift, prompt_scale(log_ratio, group), atol=1e-11
    )


@given(log_ratios, finite)
def test_minus_infinity_is_never_accepted_violated_or_weighted(log_ratio, log_m):
    impossible = np.isneginf(log_ratio)
    m = critical_log_m(log_ratio, u_for(log_ratio))
    assert np.isneginf(m[impossible]).all()
    assert not accepted(m, log_m)[impossible].any()
    assert not violated(log_ratio, log_m)[impossible].any()
    assert (acceptance_prob(log_ratio, log_m)[impossible] == 0).all()
    assert (importance_weight(log_ratio, log_m)[impossible] == 1).all()


def test_a_prompt_without_finite_candidates_gets_0_without_nan():
    log_ratio, group = np.array([-math.inf, -math.inf, 1.0, -math.inf]), np.array([7, 7, -2, -2])
    scale = prompt_scale(log_ratio, group)
    assert np.isneginf(scale[:2]).all() and np.isfinite(scale[2:]).any()
    m = critical_log_m(log_ratio, np.full(4, 0.5))
    for log_m in (-800.0, 0.0, 800.0):
        assert (acceptance_prob(log_ratio, log_m, scale)[:2] == 0).all()
        assert not accepted(m, log_m, scale)[:2].any() and not violated(log_ratio, log_m, scale)[:2].any()
        assert not np.isnan(acceptance_prob(log_ratio, log_m, scale)).any()
    assert RankIndex(m, scale=scale).count(-800.0) == 0  # the scale of a single finite draw has no other draw


def test_decisions_do_not_depend_on_the_order_or_batches_of_candidates():
    rng = np.random.default_rng(1)
    log_ratio, group = rng.normal(-900, 3, 2000), np.arange(2000) // 40
    u, order = uniform(2, IDS), rng.permutation(2000)
    scale = prompt_scale(log_ratio, group)
    assert (prompt_scale(log_ratio[order], group[order]) == scale[order]).all()  # bit for bit
    by_prompt = np.concatenate([prompt_scale(log_ratio[group == g], group[group == g]) for g in range(50)])
    assert (by_prompt == scale).all()
    m = critical_log_m(log_ratio, u)
    log_m = log_m_for_rate(m, 0.25, scale)
    assert log_m_for_rate(m[order], 0.25, scale[order]) == log_m
    whole = accepted(m, log_m, scale)
    assert (accepted(m[order], log_m, scale[order]) == whole[order]).all()
    parts = [accepted(m[i : i + 13], log_m, scale[i : i + 13]) for i in range(0, 2000, 13)]
    assert (np.concatenate(parts) == whole).all()


# the scale of a prompt ----------------------------------------------------------------------------------------------


@given(arrays(np.float64, 12, elements=st.one_of(st.floats(-5, 5), st.just(-math.inf))))
def test_the_scale_is_the_log_mean_ratio_of_the_other_draws(log_ratio):
    group = np.array([2**40, -3, -3, 2**40, 9, 9, 9, 9, -3, 2**40, -3, 9])
    scale = prompt_scale(log_ratio, group)
    for i, name in enumerate(group):
        others = log_ratio[(group == name) & (np.arange(12) != i)]
        with np.errstate(divide="ignore"):
            assert scale[i] == pytest.approx(np.log(np.exp(others).mean()), abs=1e-12)


def test_the_scale_is_exact_where_one_draw_is_larger_than_all_others_by_far():
    scale = prompt_scale([700.0, -700.0, -700.0 + math.log(3.0)], np.zeros(3, int))
    np.testing.assert_allclose(
        scale, [-700.0 + math.log(2.0), 700.0 - math.log(2.0), 700.0 - math.log(2.0)], rtol=1e-14
    )
    assert np.isneginf(prompt_scale([1.0, 2.0], np.array([0, 1]))).all()  # one draw per prompt: there is no other


def test_log_z_is_the_log_mean_ratio_of_a_prompt():
    np.testing.assert_allclose(prompt_log_z([0.0, math.log(3.0), -math.inf], np.array([1, 1, 2]))[:2], math.log(2.0))
    assert np.isneginf(prompt_log_z([-math.inf], np.array([0])))[0]


def _laws(k: int, times: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The accepted law of one prompt with a scale that leaves out the draw itself, the one with a scale that includes it, and
    the target; each (S,). S = 64 states of q, log ratios N(0, 2²), K draws at a time, and M bounds nearly every ratio."""
    rng = np.random.default_rng(0)
    ell = rng.normal(0.0, 2.0, 64)
    target = np.exp(ell) / np.exp(ell).sum()
    states = rng.integers(0, 64, (times, k))
    group = np.repeat(np.arange(times), k)
    drawn = ell[states.ravel()]
    thresholds = []
    for scale in (prompt_scale(drawn, group), prompt_log_z(drawn, group)):
        log_m = np.quantile((drawn - scale)[np.isfinite(scale)], 0.9999)
        weight = acceptance_prob(drawn, float(log_m), scale)
        law = np.bincount(states.ravel(), weight, minlength=64)
        thresholds.append(law / law.sum())
    return thresholds[0], thresholds[1], target


@pytest.mark.parametrize("k", [4, 8])
def test_a_prompts_law_is_the_target_without_the_draw_in_its_scale_and_another_with_it(k):
    without, with_it, target = _laws(k, 400_000)
    assert 0.5 * np.abs(without - target).sum() < 0.04
    assert 0.5 * np.abs(with_it - target).sum() > 0.1


def test_groups_of_any_integer_type_work():
    for dtype in (np.int8, np.uint8, np.int32, np.uint64):
        scale = prompt_scale([1.0, 2.0, 3.0], np.array([100, 1, 100], dtype))
        assert scale.tolist() == [3, -math.inf, 1]  # the ratio of the prompt's other draw
    assert prompt_scale([1.0, 2.0, 3.0], np.array([-100, 100, -100], np.int8)).tolist() == [3, -math.inf, 1]
    with pytest.raises(TargetError, match="integer"):
        prompt_scale([1.0], ["a"])


# M for a rate, counts by rank -----------------------------------------------------------------------------------------


@given(log_ratios, st.floats(0.001, 1))
def test_m_for_a_rate_accepts_the_most_that_does_not_exceed_it(log_ratio, rate):
    m = critical_log_m(log_ratio, u_for(log_ratio))
    assume(np.isfinite(m).any())
    expected_count = min(math.floor(rate * m.size * (1 + 1e-12)), int(np.isfinite(m).sum()))
    log_m = log_m_for_rate(m, rate)
    got = int(accepted(m, log_m).sum())
    assert got <= expected_count
    assert got == expected_count or np.unique(m).size < m.size  # ties are accepted together
    assert RankIndex(m).log_m_for_rate(rate) == log_m


@pytest.mark.parametrize("percent", range(1, 101))
def test_every_whole_percentage_of_100_is_met_exactly(percent):
    m = np.random.default_rng(percent).normal(size=100)
    assert accepted(m, log_m_for_rate(m, percent / 100)).sum() == percent


def test_ties_are_taken_together_and_neighbouring_floats_are_distinguished():
    assert accepted([1.0, 1.0, 1.0, 0.0], log_m_for_rate([1.0, 1.0, 1.0, 0.0], 0.5)).sum() == 0
    close = np.array([1.0, np.nextafter(1.0, 2.0)])
    assert accepted(close, log_m_for_rate(close, 0.5)).tolist() == [False, True]
    few = [-math.inf, -math.inf, -900.0, -901.0]
    assert accepted(few, log_m_for_rate(few, 0.9)).tolist() == [False, False, True, True]


@given(log_ratios, st.data())
def test_the_count_by_rank_is_the_count_of_effective_decisions(log_ratio, data):
    m = critical_log_m(log_ratio, u_for(log_ratio))
    override = data.draw(arrays(np.int8, m.size, elements=st.sampled_from([0, 0, 1, -1])))
    scale = prompt_scale(log_ratio, np.arange(m.size) % 4)
    index = RankIndex(m, override, scale)
    values = (m - np.where(np.isneginf(scale), 0, scale))[np.isfinite(m)]
    grid = [-60.0, 0.0, 60.0, *values, *np.nextafter(values, 99), *np.nextafter(values, -99)]
    for log_m in grid:
        automatic = accepted(m, log_m, scale)
        assert index.automatic_count(log_m) == automatic.sum()
        assert index.count(log_m) == np.where(override == 0, automatic, override > 0).sum()
    assert index.counts(grid).tolist() == [index.count(log_m) for log_m in grid]
    assert len(index) == m.size and index.finite == (np.isfinite(m) & np.isfinite(scale)).sum()


# importance weights -------------------------------------------------------------------------------------------------


@given(log_ratios, finite)
def test_acceptance_times_weight_is_p_over_mq(log_ratio, log_m):
    product = acceptance_prob(log_ratio, log_m) * importance_weight(log_ratio, log_m)
    np.testing.assert_allclose(product, np.exp(log_ratio - log_m), rtol=1e-12)


# what is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: critical_log_m([0.0, math.nan], [0.5, 0.5]), r"log_ratio\[1\] is nan"),
        (lambda: critical_log_m([math.inf, 0.0], [0.5, 0.5]), r"log_ratio\[0\] is inf"),
        (lambda: critical_log_m([0.0, 0.0, 0.0], [0.5, 1.0, 0.0]), r"u\[2\] is 0"),
        (lambda: critical_log_m([0.0], [1.0 + 1e-15]), r"u\[0\] is 1\.0"),
        (lambda: critical_log_m([0.0], [math.nan]), r"u\[0\] is nan"),
        (lambda: critical_log_m([0.0, 1.0], [0.5]), "one u for each"),
        (lambda: accepted([0.0, math.nan], 0.0), r"m\[1\] is nan"),
        (lambda: accepted([0.0], math.nan), "log M is nan"),
        (lambda: accepted([0.0, 1.0], 0.0, [1.0, math.nan]), r"scale\[1\] is nan"),
        (lambda: accepted([0.0, 1.0], 0.0, [1.0, 2.0, 3.0]), "one a candidate"),
        (lambda: acceptance_prob([0.0], math.inf), "log M is inf"),
        (lambda: log_m_for_rate([], 0.5), "no candidates"),
        (lambda: log_m_for_rate([-math.inf] * 3, 0.5), "all 3 candidates fail a constraint"),
        (lambda: log_m_for_rate([1.0], 0.0), r"reach is 0\.0"),
        (lambda: log_m_for_rate([1.0], 1.5), r"reach is 1\.5"),
        (lambda: RankIndex([0.0, math.nan]), r"m\[1\] is nan"),
        (lambda: RankIndex([0.0], [2]), r"override\[0\] is 2"),
        (lambda: RankIndex([0.0], [1, 1]), "one for each"),
        (lambda: RankIndex([0.0]).count(math.nan), "log M is nan"),
        (lambda: RankIndex([0.0]).counts([0.0, math.nan]), r"log M\[1\] is nan"),
        (lambda: prompt_scale([0.0, 1.0], [1]), "one group for each"),
        (lambda: importance_weight([0.0, 900.0], 0.0), r"importance weight\[1\] is 900.*raise M"),
    ],
)
def test_what_cannot_be_decided_is_an_error_naming_the_place(call, says):
    with pytest.raises(TargetError, match=says):
        call()


def test_no_candidates_are_no_decisions():
    assert critical_log_m([], []).shape == accepted([], 0.0).shape == prompt_scale([], []).shape == (0,)
    assert RankIndex([]).count(0.0) == 0
