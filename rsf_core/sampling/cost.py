"""The cost of a choice of M: draws and seconds."""

from __future__ import annotations

import math
from typing import NamedTuple

from rsf_core.domain.errors import TargetError


class Forecast(NamedTuple):
    """The expected cost of a given number of accepted samples; +∞ at an acceptance rate of 0."""

    draws: float
    seconds: float


def forecast(accepted: int, acceptance_rate: float, tokens_per_draw: float, tokens_per_second: float) -> Forecast:
    """accepted/AR draws, and their time at the measured speed, draws·tokens_per_draw/tokens_per_second.

    Raises TargetError for a rate outside [0, 1] or a speed that is not positive.
    """
    if not 0.0 <= acceptance_rate <= 1.0:
        raise TargetError(f"the acceptance rate is {acceptance_rate}; it must lie in [0, 1]")
    if not tokens_per_second > 0:
        raise TargetError(f"the speed is {tokens_per_second} tokens a second; it must be positive, as measured")
    if accepted <= 0:
        return Forecast(0.0, 0.0)
    draws = accepted / acceptance_rate if acceptance_rate > 0 else math.inf
    return Forecast(draws, draws * tokens_per_draw / tokens_per_second)
