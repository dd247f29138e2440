"""Folds that keep a prompt's candidates together, so that test prompts are never training prompts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Ints


def by_prompt(prompts: Ints, count: int, rng: np.random.Generator) -> Ints:
    """The fold of each row, (n,): prompts in random order, each assigned to the fold with the fewest rows. There are `count`
    folds, or as many as prompts if these are fewer."""
    names, index, sizes = np.unique(prompts, return_inverse=True, return_counts=True)
    filled = np.zeros(min(count, len(names)), np.int64)
    of_prompt = np.empty(len(names), np.int64)
    for i in rng.permutation(len(names)):
        of_prompt[i] = int(np.argmin(filled))
        filled[of_prompt[i]] += sizes[i]
    folds: Ints = of_prompt[index]
    return folds


def folds_of(decided: Ints, compared: Ints, count: int, rng: np.random.Generator) -> Ints:
    """The folds of decisions (n,) followed by those of pairs (m,), by their prompts. A prompt's decisions and pairs share a
    fold; prompts without decisions are spread over the same folds at random."""
    folds = by_prompt(decided, count, rng)
    of_prompt = dict(zip(decided.tolist(), folds.tolist(), strict=True))
    new = np.array([prompt not in of_prompt for prompt in compared.tolist()], np.bool_)
    if new.any():
        own = by_prompt(compared[new], len(np.unique(folds)), rng)
        of_prompt |= dict(zip(compared[new].tolist(), own.tolist(), strict=True))
    return np.concatenate([folds, np.array([of_prompt[prompt] for prompt in compared.tolist()], np.int64)])


def both_kinds(y: NDArray[np.float64], rows: NDArray[np.bool_]) -> bool:
    """Whether some of these rows are accepted and some are not."""
    some = y[rows]
    return bool(len(some)) and bool(some.min() < 0.5 < some.max())
