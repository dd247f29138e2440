"""The limits of a confidence sequence at every moment."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.arrays import Floats
from rsf_core.sampling.sequence import ConfidenceSequence


def confidence_sequence(means: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """The lower and the upper limit after each prompt, (prompts,), from the prompts' means in the order of the draws."""
    sequence, limits = ConfidenceSequence(level), []
    for mean in np.asarray(means, dtype=np.float64).tolist():
        sequence.add(mean)
        limits.append((sequence.low, sequence.high))
    low, high = np.array(limits, dtype=np.float64).reshape(-1, 2).T
    return low, high
