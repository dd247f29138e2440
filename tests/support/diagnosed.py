"""The diagnosis of draws at one M."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.sampling.diagnosis import Diagnoser, Diagnosis


def diagnose(
    log_ratio: ArrayLike,
    log_m: float,
    *,
    scale: ArrayLike = 0.0,
    group: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
) -> Diagnosis:
    return Diagnoser(log_ratio, scale=scale, group=group, rng=rng).at(log_m)
