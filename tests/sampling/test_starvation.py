"""Prompts with none of K accepted: the estimate is shrunk, covered, and lies between that of the prompt alone and that of all
prompts."""

from __future__ import annotations

import numpy as np
import pytest

from rsf_core.domain.errors import TargetError
from rsf_core.sampling.starvation import starvation
from tests.simulations.starving import coverage


@pytest.mark.parametrize("spread", ["none", "beta 0.2", "logit 3"])
def test_the_share_that_gets_none_is_covered_and_nearer_than_the_plug_in(spread: str) -> None:
    cell = {"share": 0.2, "prompts": 60, "draws": 4, "spread": spread, "k": 8}
    covered = coverage(cell, 30, np.random.default_rng(0))
    assert covered["coverage"] >= 0.83
    assert abs(covered["mean estimate"] - covered["truth"]) < 0.5 * (covered["plugged in"] - covered["truth"])


def test_a_prompt_without_one_is_neither_hopeless_nor_like_all_others() -> None:
    accepted = np.array([0, 1, 2, 3, 4, 4, 3, 2, 1, 2])
    starving = starvation(accepted, np.full(10, 4), 8)
    assert starving.by_prompt.shape == starving.rate.shape == (10,)
    assert 0 < starving.rate[0] < starving.rate[1] < starving.rate[4] < 1
    assert starving.by_prompt[0] == starving.by_prompt.max() < 1 and starving.by_prompt[4] == starving.by_prompt[5]
    assert starving.none.low < starving.none.value < starving.none.high and starving.none.groups == 10


def test_many_draws_leave_each_prompt_its_own_rate() -> None:
    starving = starvation([10, 500, 900], [1000, 1000, 1000], 5)
    np.testing.assert_allclose(starving.rate, [0.01, 0.5, 0.9], atol=0.01)
    np.testing.assert_allclose(starving.by_prompt, (1 - np.array([0.01, 0.5, 0.9])) ** 5, atol=0.02)


def test_prompts_of_different_numbers_of_draws_and_of_none() -> None:
    starving = starvation([0, 0, 3], [0, 40, 4], 8)
    assert starving.rate[1] < starving.rate[0] < starving.rate[2]
    assert starvation([0, 0], [4, 4], 0).none.value == pytest.approx(1)


@pytest.mark.parametrize(
    ("accepted", "drawn", "k", "says"),
    [([1], [1, 2], 4, "shape"), ([], [], 4, "shape"), ([3], [2], 4, "more accepted"), ([1], [2], -1, "at least 0")],
)
def test_what_makes_no_sense_is_reported(accepted, drawn, k, says) -> None:
    with pytest.raises(TargetError, match=says):
        starvation(accepted, drawn, k)
