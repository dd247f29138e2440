"""The expected gain of another run of the same procedure: an interval over runs and over prompts.

The interval of one comparison is over prompts for one tuned model, but a run with another seed gives another model. With runs
s and prompts c crossed, gain(s, c) = μ + a(s) + b(c) + e(s, c), the mean over both has the variance σ_a²/S + σ_b²/C + σ_e²/SC
(Searle, Casella & McCulloch 1992, Variance Components, ch. 4). The spread of the runs' means over √S estimates the first
and the third part, the spread of the prompts' means over √C the second and the third, so their sum is not too small. The
limits of each, t over the S runs and the interval over prompts, are combined as √(sum of squares) on each side: the
square-and-add of Zou & Donner 2008 (Stat. Med. 27:1693; MOVER). With three runs t has 2 degrees of freedom, so it is wide.
If runs differ by much, gains of bounded values are cut off at an end. Their distribution is then skewed and t misses more than
its level: three runs that differ by 45 points were covered in 91 %. For bounded values, t gets only OF_RUNS of the error.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from rsf_core.domain.arrays import Bools, Floats
from rsf_core.domain.errors import TargetError
from rsf_core.sampling.bounded import difference_limits
from rsf_core.sampling.intervals import Interval

OF_RUNS = 0.5


def procedure_interval(gains: ArrayLike, width: float = math.inf, level: float = 0.95) -> Interval:
    """The mean gain of the procedure with limits for another run on other prompts; its `groups` are the runs.

    `gains` (S runs, C prompts): the paired difference of each prompt in each run. `width` is the width of the range of the
    values behind the differences; ∞ if they are unbounded. One run, or runs whose means are all equal, say nothing about the
    spread of runs: limits ∓∞. The same holds for one prompt, and for prompts of unbounded values whose means are all equal.
    Raises TargetError for no run, no prompt or a value that is not finite.
    """
    x = np.asarray(gains, dtype=np.float64)
    if x.ndim != 2 or x.size == 0:
        raise TargetError(f"the gains have shape {x.shape}; give a row for each run and a column for each prompt")
    if not np.isfinite(x).all():
        raise TargetError("a gain is not a finite number")
    if not means_differ(x) or x.shape[1] == 1 or not (math.isfinite(width) or means_differ(x.T)):
        return Interval(float(x.mean()), -math.inf, math.inf, len(x))
    low, high = procedure_limits(x, width, level)
    return Interval(float(x.mean()), float(low), float(high), len(x))


def means_differ(gains: Floats) -> Bools:
    """Whether the means of runs differ, (..., S, C) → (...). If they do not, their spread is unknown."""
    means = gains.mean(axis=-1)
    whole = means.mean(axis=-1)
    apart: Bools = np.abs(means - whole[..., None]).max(axis=-1) > 1e-12 * np.maximum(1.0, np.abs(whole))
    return apart


def procedure_limits(gains: Floats, width: float, level: float) -> tuple[Floats, Floats]:
    """The limits of `procedure_interval`, (..., S, C) → (...). The means of runs must differ, and there must be at least two
    prompts."""
    mean = gains.mean(axis=(-2, -1))
    bounded = math.isfinite(width)
    runs = _t_half(gains.mean(axis=-1), 1.0 - OF_RUNS * (1.0 - level) if bounded else level)
    by_prompt = gains.mean(axis=-2)
    if not bounded:
        half = np.hypot(runs, _t_half(by_prompt, level))
        return mean - half, mean + half
    low, high = difference_limits(by_prompt / width, level, least=by_prompt.shape[-1])
    down, up = np.hypot(runs, mean - width * low), np.hypot(runs, width * high - mean)
    return np.maximum(mean - down, -width), np.minimum(mean + up, width)


def _t_half(values: Floats, level: float) -> Floats:
    """t·s/√n over the last axis."""
    count = values.shape[-1]
    half: Floats = stdtrit(count - 1, 0.5 + 0.5 * level) * values.std(axis=-1, ddof=1) / math.sqrt(count)
    return half
