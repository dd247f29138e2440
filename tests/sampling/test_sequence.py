"""The rate during sampling: the limits are valid at all times together, only become narrower, and find the rate."""

from __future__ import annotations

import numpy as np
import pytest

from rsf_core.domain.errors import TargetError
from tests.simulations.peeking import misses
from tests.support.sequences import confidence_sequence


@pytest.mark.parametrize(("share", "spread"), [(0.1, "beta 0.2"), (0.4, "none")])
def test_looking_after_every_prompt_is_seldom_wrong_and_by_t_often(share: float, spread: str) -> None:
    cell = {"share": share, "prompts": 150, "draws": 4, "spread": spread}
    missed = misses(cell, 60, np.random.default_rng(0))
    assert missed["ever wrong"] <= 0.08 and missed["ever wrong by t"] > 0.15
    assert missed["width at the end"] < 0.25


def test_limits_only_narrow_and_hold_all_until_something_is_drawn() -> None:
    x = np.random.default_rng(1).random(300)
    low, high = confidence_sequence(x)
    assert (np.diff(low) >= 0).all() and (np.diff(high) <= 0).all() and (low < high).all()
    assert low[0] == 0 and high[0] == 1 and low[-1] < 0.5 < high[-1] and high[-1] - low[-1] < 0.2
    assert confidence_sequence([])[0].shape == (0,)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_none_accepted_bounds_the_rate_on_one_side(value: float) -> None:
    low, high = confidence_sequence(np.full(200, value))
    away = high[-1] if value == 0 else 1 - low[-1]
    assert away < 0.1 and (low[-1] if value == 0 else 1 - high[-1]) == pytest.approx(0, abs=1e-9)


def test_an_invalid_rate_is_reported() -> None:
    with pytest.raises(TargetError, match=r"mean is 1\.5 at index 1"):
        confidence_sequence([0.5, 1.5])
    with pytest.raises(TargetError, match="level is 95"):
        confidence_sequence([0.5], 95)
