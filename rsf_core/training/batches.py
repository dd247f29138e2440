"""The order of the samples of a curated set in training."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import numpy as np

LENGTH_POOL = 8  # batches whose samples are sorted by length together, for little padding in a random order


def together(prompts: Sequence[Hashable], at_most: int, rng: np.random.Generator) -> list[list[int]]:
    """Indices of the samples in groups of one prompt each, with at most `at_most` samples, in random order. A group stays in
    one batch if it fits, so that its prompt is computed once."""
    by_prompt: dict[Hashable, list[int]] = {}
    for i in rng.permutation(len(prompts)).tolist() if at_most > 1 else range(len(prompts)):
        by_prompt.setdefault(prompts[i], []).append(i)
    return [samples[i : i + at_most] for samples in by_prompt.values() for i in range(0, len(samples), at_most)]


def epoch_batches(
    groups: Sequence[Sequence[int]], lengths: Sequence[int], size: int, rng: np.random.Generator
) -> Iterator[list[int]]:
    """Indices of one epoch in batches of `size`, each index once, in a random order. `lengths` are the tokens of each sample:
    groups are sorted by length within pools of LENGTH_POOL batches, and the batches of a pool are shuffled."""
    order = [groups[i] for i in rng.permutation(len(groups))]
    shuffled = [i for group in order for i in group]
    longest = {i: (max(lengths[j] for j in group), place) for place, group in enumerate(order) for i in group}
    pool = size * LENGTH_POOL
    for start in range(0, len(shuffled), pool):
        pooled = sorted(shuffled[start : start + pool], key=longest.__getitem__)
        batches = [pooled[i : i + size] for i in range(0, len(pooled), size)]
        for i in rng.permutation(len(batches)):
            yield batches[i]


def steps(samples: int, size: int, epochs: int) -> int:
    """The number of optimiser steps in `epochs` over `samples`, with batches of `size`."""
    return -(-samples // size) * epochs


def mean_tokens_a_step(token_counts: Sequence[int], size: int) -> float:
    """The mean number of completion tokens in an epoch's steps of `size` samples: every step's loss is divided by it."""
    return sum(token_counts) / steps(len(token_counts), size, 1)
