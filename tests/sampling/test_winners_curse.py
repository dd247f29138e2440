"""The overstatement from choosing the best of several looks agrees with enumeration and normal theory."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from rsf_core.domain.errors import TargetError
from rsf_core.sampling.winners_curse import overstatement


def test_it_is_the_mean_over_every_resample_of_the_prompts() -> None:
    x = np.array([[0.1, 0.5, -0.2], [0.4, -0.3, 0.0], [-0.2, 0.2, 0.9], [0.3, 0.1, 0.2]])
    centred = x - x.mean(axis=0)
    every = [centred[list(chosen)].mean(axis=0).max() for chosen in product(range(4), repeat=4)]
    curse = overstatement(x, np.random.default_rng(1), replicates=200_000)
    assert curse == pytest.approx(np.mean(every), abs=2e-3)


@pytest.mark.parametrize(("looks", "expected"), [(2, 0.5642), (4, 1.0294), (10, 1.5388)])
def test_independent_looks_add_what_the_largest_of_as_many_normals_does(looks: int, expected: float) -> None:
    x = np.random.default_rng(2).normal(size=(4000, looks))
    assert overstatement(x) * np.sqrt(4000) == pytest.approx(expected, rel=0.05)


def test_it_is_what_the_chosen_of_equally_good_looks_is_overstated_by() -> None:
    rng = np.random.default_rng(3)
    observed, was = [], []
    for _ in range(300):
        common = rng.normal(size=(40, 1))
        x = 0.2 + 0.7 * common + 0.7 * rng.normal(size=(40, 5))
        observed.append(overstatement(x, rng, 200))
        was.append(x.mean(axis=0).max() - 0.2 - 0.7 * common.mean())
    assert np.mean(observed) == pytest.approx(np.mean(was), rel=0.1)


def test_one_look_and_looks_that_are_the_same_add_nothing() -> None:
    x = np.random.default_rng(4).normal(size=(30, 1))
    assert overstatement(x) == 0.0
    assert overstatement(np.repeat(x, 4, axis=1)) == pytest.approx(0.0, abs=0.02)
    assert overstatement(x.repeat(3, axis=1)) < overstatement(np.random.default_rng(5).normal(size=(30, 3)))


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((0, 2)), np.array([[1.0, np.nan]])])
def test_what_are_no_looks_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(TargetError):
        overstatement(wrong)
