"""Whether one of two is preferred more often than chance: the exact sign test."""

from __future__ import annotations

from scipy.special import bdtr

from rsf_core.domain.errors import TargetError


def sign_test(wins: int, losses: int) -> float:
    """The two-sided p-value of `wins` against `losses` under a fair coin, ties left out (Dixon & Mood 1946).

    2·P(X ≤ min) for X ~ Binomial(wins + losses, ½), at most 1; 1 for no votes. Raises TargetError for negative counts.
    """
    if wins < 0 or losses < 0:
        raise TargetError(f"{wins} wins and {losses} losses are no counts; both must be at least 0")
    n = wins + losses
    return 1.0 if n == 0 else min(1.0, 2.0 * float(bdtr(min(wins, losses), n, 0.5)))
