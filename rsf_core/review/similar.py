"""The candidates nearest to one of them, by a model's features of their texts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Ints
from rsf_core.domain.errors import StageError
from rsf_core.review.active_orders import FeatureSource

BLOCK = 16_384  # candidates whose features are in memory at once
MIDDLE = 4_096  # the most candidates in the sample for the mean
NEAREST, MOST = 20, 500  # candidates that are shown: by default, and at most


def nearest(features: FeatureSource, round_number: int, places: Ints, to: int, count: int) -> Ints:
    """The places of the `count` candidates nearest to the one at the place `to`, which is itself the first, the most alike
    first: by the cosine of their features less the mean of a sample, because hidden states share a part that does not depend
    on the text. Each is read once, in blocks. Raises StageError if `to` has no features."""
    known = places[features.has(round_number, places)]
    if to not in known:
        raise StageError(
            "this candidate has no features yet, which are needed to find similar ones: compute them on the Scorers "
            "page, or with `rsf embed DIR`"
        )
    sample = known[:: max(1, len(known) // MIDDLE)]
    middle = features.of_round(round_number, sample).mean(axis=0, dtype=np.float64)
    own = _directions(features.of_round(round_number, np.array([to])), middle)[0]
    alike = np.concatenate(
        [
            _directions(features.of_round(round_number, known[start : start + BLOCK]), middle) @ own
            for start in range(0, len(known), BLOCK)
        ]
    )
    alike[known == to] = np.inf
    ordered: Ints = known[np.lexsort((known, -alike))[:count]]
    return ordered


def _directions(states: NDArray[np.float32], middle: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = states - middle
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    directions: NDArray[np.float64] = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
    return directions
