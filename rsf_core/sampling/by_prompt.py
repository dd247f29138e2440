"""Each prompt's acceptance rate, its share of the accepted data, and whether any of its candidates is accepted."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsf_core.domain.arrays import Floats, Ints
from rsf_core.domain.errors import TargetError
from rsf_core.sampling.acceptance import RankIndex, acceptance_prob
from rsf_core.sampling.arrays import dense_groups, group_max, group_mean, relative


class PromptRates(NamedTuple):
    """One row per prompt, in ascending order of its number; every array has shape (prompts,)."""

    group: NDArray[np.integer]
    draws: Ints
    acceptance_rate: Floats
    share: Floats


def prompt_rates(log_ratio: ArrayLike, log_m: float, group: ArrayLike, scale: ArrayLike = 0.0) -> PromptRates:
    """AR_c, the mean of min(1, P/(M q)) over the prompt's draws, and its expected share of the accepted.

    share = N_c·AR_c / Σ N_c·AR_c: under the global scope it is proportional to Z(c), under the prompt scope it is even. A
    prompt without a finite candidate has rate 0; if all rates are 0, so are all shares.
    """
    prob = acceptance_prob(log_ratio, log_m, scale)
    count, index = dense_groups(group, prob)
    draws, rate = np.bincount(index, minlength=count), group_mean(prob, count, index)
    total = float(draws @ rate)
    return PromptRates(np.unique(np.asarray(group)), draws, rate, draws * rate / total if total > 0.0 else 0.0 * rate)


def prompt_index(
    m: ArrayLike, group: ArrayLike, override: ArrayLike | None = None, scale: ArrayLike = 0.0
) -> RankIndex:
    """A RankIndex of prompts: its `count(log_m)` is how many prompts have an accepted candidate, overrides included.

    A prompt counts by the largest m − a among its candidates that no person rejected, or always if a person accepted one
    (override +1).
    """
    values = relative(m, scale, "m")
    count, index = dense_groups(group, values)
    overrides = np.zeros(values.shape, np.int64) if override is None else np.asarray(override)
    if overrides.shape != values.shape:
        raise TargetError(f"m has shape {values.shape} but override has {overrides.shape}; give one for each candidate")
    best = group_max(np.where(overrides < 0, -math.inf, values), count, index)
    return RankIndex(best, (np.bincount(index, overrides > 0, minlength=count) > 0).astype(np.int64))
