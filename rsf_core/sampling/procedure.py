"""What another run of the same procedure would gain: an interval over runs and over prompts.

The interval of one comparison is over prompts for one tuned model; a run with another seed gives another model. With runs
s and prompts c crossed, gain(s, c) = μ + a(s) + b(c) + e(s, c), the mean over both has the variance σ_a²/S + σ_b²/C + σ_e²/SC
(Searle, Casella & McCulloch 1992, Variance Components, ch. 4). The spread of the runs' means over √S estimates the first
and the third part, the spread of the prompts' means over √C the second and the third, so their sum is not too small. The
limits of each, t over the S runs and the interval over prompts, are put together as √(of their squares) on either side: the
square-and-add of Zou & Donner 2008 (Stat. Med. 27:1693; MOVER). With three runs t has 2 degrees of freedom: wide, and honest.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.errors import TargetError
from rsf_core.sampling.intervals import Interval, cluster_mean, difference_interval


def procedure_interval(gains: ArrayLike, width: float = math.inf, level: float = 0.95) -> Interval:
    """The mean gain of the procedure with limits for another run on other prompts; its `groups` are the runs.

    `gains` (S runs, C prompts): the paired difference of each prompt in each run. `width` is that of the range of the
    values which the differences are of; ∞ where they have none. One run, or runs whose means are all equal, say nothing of
    the spread of runs: limits ∓∞. No run, no prompt or a value that is not finite: TargetError.
    """
    x = np.asarray(gains, dtype=np.float64)
    if x.ndim != 2 or x.size == 0:
        raise TargetError(f"the gains have shape {x.shape}; give a row for each run and a column for each prompt")
    runs = len(x)
    over_runs = cluster_mean(x.mean(axis=1), np.arange(runs), level, bounds=(-math.inf, math.inf))
    over_prompts = difference_interval(x.mean(axis=0), width, level)
    value = over_runs.value
    low = value - math.hypot(value - over_runs.low, over_prompts.value - over_prompts.low)
    high = value + math.hypot(over_runs.high - value, over_prompts.high - over_prompts.value)
    return Interval(value, max(low, -width), min(high, width), runs) if over_runs.known else over_runs
