"""Folds that keep a prompt's candidates together: what is judged comes from prompts that nothing was learned from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Ints


def by_prompt(prompts: Ints, count: int, rng: np.random.Generator) -> Ints:
    """The fold of each row, (n,): prompts in an order by chance, each to the fold with the fewest rows. There are `count`, or
    as many as there are prompts."""
    names, index, sizes = np.unique(prompts, return_inverse=True, return_counts=True)
    filled = np.zeros(min(count, len(names)), np.int64)
    of_prompt = np.empty(len(names), np.int64)
    for i in rng.permutation(len(names)):
        of_prompt[i] = int(np.argmin(filled))
        filled[of_prompt[i]] += sizes[i]
    folds: Ints = of_prompt[index]
    return folds


def both_kinds(y: NDArray[np.float64], rows: NDArray[np.bool_]) -> bool:
    """Whether some of these rows are accepted and some are not."""
    some = y[rows]
    return bool(len(some)) and bool(some.min() < 0.5 < some.max())
