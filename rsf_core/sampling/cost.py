"""The cost of a choice of M: draws, seconds, and prompts with nothing accepted."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.arrays import Floats
from rsf_core.domain.errors import TargetError


class Forecast(NamedTuple):
    """The expected cost of a given number of accepted samples; +∞ at an acceptance rate of 0."""

    draws: float
    seconds: float


def forecast(accepted: int, acceptance_rate: float, tokens_per_draw: float, tokens_per_second: float) -> Forecast:
    """accepted/AR draws, and their time at the measured speed, draws·tokens_per_draw/tokens_per_second.

    Raises TargetError for a rate outside [0, 1] or a speed that is not positive.
    """
    _checked_rate(np.asarray(acceptance_rate))
    if not tokens_per_second > 0:
        raise TargetError(f"the speed is {tokens_per_second} tokens a second; it must be positive, as measured")
    if accepted <= 0:
        return Forecast(0.0, 0.0)
    draws = accepted / acceptance_rate if acceptance_rate > 0 else math.inf
    return Forecast(draws, draws * tokens_per_draw / tokens_per_second)


def none_prob(acceptance_rate: ArrayLike, k: int) -> Floats:
    """P(a prompt gets none of K accepted) = (1 − AR_c)^K, any shape, for a known rate.

    For rates estimated from few draws its mean is too large (37 % for 27 %): see starvation.py.
    """
    rate = _checked_rate(np.asarray(acceptance_rate, dtype=np.float64))
    if k < 0:
        raise TargetError(f"the number of candidates a prompt is {k}; it must be at least 0")
    none: Floats = (1.0 - rate) ** k
    return none


def rate_of_draws_until(accepted: int, draws: int) -> float:
    """The unbiased acceptance rate of sampling until n are accepted: (n − 1)/(draws − 1) (Haldane 1945).

    accepted/draws overstates it, because the last draw is always an acceptance. Raises TargetError for n < 2.
    """
    if accepted < 2 or draws < accepted:
        raise TargetError(f"{accepted} accepted in {draws} draws gives no unbiased rate; it needs 2 accepted or more")
    return (accepted - 1) / (draws - 1)


def _checked_rate(rate: Floats) -> Floats:
    if not bool(np.all((rate >= 0.0) & (rate <= 1.0))):
        raise TargetError(f"the acceptance rate is {rate}; it must lie in [0, 1]")
    return rate
