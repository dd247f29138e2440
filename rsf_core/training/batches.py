"""The order in which a curated set is trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

LENGTH_POOL = 8  # batches whose samples are sorted by length together: little padding, still shuffled


def epoch_batches(lengths: Sequence[int], size: int, rng: np.random.Generator) -> Iterator[list[int]]:
    """Indices of one epoch in batches of `size`, each index once, in a random order: samples of like length (tokens)
    come together within pools of some batches, and the batches of a pool are shuffled again."""
    order = rng.permutation(len(lengths))
    pool = size * LENGTH_POOL
    for start in range(0, len(order), pool):
        pooled = sorted(order[start : start + pool].tolist(), key=lengths.__getitem__)
        batches = [pooled[i : i + size] for i in range(0, len(pooled), size)]
        for i in rng.permutation(len(batches)):
            yield batches[i]


def steps(samples: int, size: int, epochs: int) -> int:
    """How many optimiser steps `epochs` over `samples` take."""
    return -(-samples // size) * epochs
