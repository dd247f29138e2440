"""Limits by prompt for means of values in [0, 1]. They hold near 0 and 1 and never have width 0.

t over prompts covers 10 to 67 % of shares near 0.5 % and then has width 0. Here a mean m with variance v gets the
Clopper-Pearson limits of n = m(1 − m)/v draws (the effective sample size of the design effect), after Korn & Graubard
1998 (Survey Methodology 24:193). A few prompts determine v poorly if outcomes are rare. So each limit adds one prompt to
those drawn, FAR of the way towards that end of the range, and v has ν = 3·G·m₂²/(m₄ − m₂²) degrees of freedom, at most
G − 1, from the second and fourth moments of the prompts: three for one prompt that differs from all others. If all
prompts are equal, up to 3/G of all prompts may still differ. docs/STATISTICS.md has the coverage.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, ndtri, stdtrit

from rsf_core.domain.arrays import Floats

# chosen by coverage and width: 0.2 covers 90 % of skewed probabilities, 0.5 is a fifth wider at shares of 5 %
FAR = 0.3
FAR_OF_A_PART = 0.15  # for the gains and the losses of a difference, whose limits are combined
KURTOSIS = 3.0
KURTOSIS_OF_VALUES = 2.0  # for outcomes other than 0 and 1, where nothing caps what a prompt is worth
EQUAL = 1e-9  # prompts that differ by less are equal: the difference is rounding


def mean_limits(
    deviations: Floats,
    mean: Floats,
    level: float,
    draws: float = np.inf,
    far: float = FAR,
    kurtosis: float = KURTOSIS,
    prompts: float | None = None,
    least: float = 0.0,
) -> tuple[Floats, Floats]:
    """The limits of means in [0, 1]; `mean` and the limits have shape (...).

    `deviations` (..., G) are the prompts' means less `mean`, or for a ratio of sums (S_g − mean·N_g)·G/ΣN_g; G ≥ 2.
    `draws` is the maximum of the effective sample size: 0/1 outcomes of prompts are worth at most that many independent ones.
    `prompts` is the number of equal-sized prompts to which the G are equivalent; it caps the degrees of freedom.
    `least` is the minimum of the effective sample size. A value in [0, 1] has a variance of at most m(1 − m), so G prompts
    are worth at least G draws. Comparisons do not use it, so that their limits stay the same as in earlier versions.
    """
    worth = float(deviations.shape[-1]) if prompts is None else prompts
    low = _limit(deviations, mean, level, draws, least, far, kurtosis, worth)
    return low, 1.0 - _limit(-deviations, 1.0 - mean, level, draws, least, far, kurtosis, worth)


def difference_limits(differences: Floats, level: float, least: float = 0.0) -> tuple[Floats, Floats]:
    """The limits of the mean of differences in [−1, 1], (..., G) → (...).

    The difference is gains less losses, both in [0, 1]; their limits are combined as variances are (MOVER, Zou & Donner
    2008), with the correlation between the two parts of one difference. If no prompt differs, up to 3/G of all prompts still
    may. `least`: see `mean_limits`.
    """
    gains, losses = np.maximum(differences, 0.0), np.maximum(-differences, 0.0)
    up, down = gains.mean(axis=-1), losses.mean(axis=-1)
    up_low, up_high = mean_limits(gains - up[..., None], up, level, far=FAR_OF_A_PART, least=least)
    down_low, down_high = mean_limits(losses - down[..., None], down, level, far=FAR_OF_A_PART, least=least)
    spread = gains.std(axis=-1) * losses.std(axis=-1)
    together = np.divide(up * down, spread, out=np.zeros_like(up), where=spread > 0.0).clip(0.0, 1.0)

    def reach(one: Floats, other: Floats) -> Floats:
        reached: Floats = np.sqrt(one**2 + other**2 + 2.0 * together * one * other)
        return reached

    mean = up - down
    low = mean - reach(up - up_low, down_high - down)
    return np.maximum(low, -1.0), np.minimum(mean + reach(up_high - up, down - down_low), 1.0)


def _limit(
    y: Floats, mean: Floats, level: float, draws: float, least: float, far: float, times: float, prompts: float
) -> Floats:
    """The lower limit of each mean, with a further prompt at (1 − far)·mean."""
    groups = y.shape[-1]
    tail = 0.5 - 0.5 * level
    further = (far * mean) ** 2
    squares = y**2
    second = (squares.sum(axis=-1) + further) / (groups + 1)
    fourth = ((squares**2).sum(axis=-1) + further**2) / (groups + 1)  # y**4 takes a hundred times as long
    kurtosis = np.maximum(fourth - second**2, np.finfo(np.float64).tiny)
    freedom = np.clip(times * groups * second**2 / kurtosis, 1.0, max(1.0, prompts - 1.0))
    variance = np.maximum(second / (groups - 1), np.finfo(np.float64).tiny)
    worth = np.minimum(mean * (1.0 - mean) / variance, draws) * (ndtri(tail) / stdtrit(freedom, tail)) ** 2
    worth = np.maximum(worth, least)
    k = np.clip(mean, 0.0, 1.0) * worth
    limit = np.where(k > 0.0, betaincinv(np.maximum(k, 1e-12), worth - k + 1.0, tail), 0.0)
    equal = np.abs(y).max(axis=-1) <= EQUAL
    at_an_end = mean >= 1.0 - EQUAL  # its other limit is known, so this one gets the whole error
    among = np.where(at_an_end, 2.0 * tail, tail) ** (1.0 / prompts)
    limits: Floats = np.where(equal, mean * among, limit)
    return limits
