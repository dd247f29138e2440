"""The winner's curse: the best of several looks at the same prompts is overstated, because its noise helped to choose it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rsf_core.domain.errors import TargetError

REPLICATES = 2000


def overstatement(
    differences: ArrayLike, rng: np.random.Generator | None = None, replicates: int = REPLICATES
) -> float:
    """By how much the largest of m means is expected to exceed its true value if all m are equally good: E max(x̄*ⱼ − x̄ⱼ)
    over a bootstrap of prompts, which keeps the correlation of the looks (Efron & Tibshirani 1993, An Introduction to the
    Bootstrap, ch. 8; the same resamples as in simultaneous.py). In the unit of the differences; 0 for one look.

    `differences` (prompts, m): a paired difference of each prompt in each look. If one look is truly better by much, the
    best is overstated by less. `rng` drives the bootstrap; without it, it is seeded with 0. Raises TargetError for other
    shapes or values that are not finite.
    """
    x = np.asarray(differences, dtype=np.float64)
    if x.ndim != 2 or x.size == 0 or not np.isfinite(x).all():
        raise TargetError(
            f"differences of shape {x.shape}: give a finite one for each prompt (row) and each look (column)"
        )
    if x.shape[1] == 1:
        return 0.0
    centred, prompts = x - x.mean(axis=0), len(x)
    generator = np.random.default_rng(0) if rng is None else rng
    times = generator.multinomial(prompts, np.full(prompts, 1 / prompts), size=replicates)
    return float((times @ centred / prompts).max(axis=1).mean())
