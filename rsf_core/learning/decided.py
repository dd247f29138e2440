"""The training data: people's decisions about candidates and their comparisons of two candidates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Decided:
    """People's decisions, one row per candidate: `hidden` (n, width); `others` (n, e), the scores of the scorers `names`, NaN
    if there is no score; `accepted` and `prompts` (n,), where near-duplicate prompts share a number; `rule` (n,), the value by
    which the current rule orders candidates, NaN if it decides nothing; `audit` (n,), whether it was picked at random."""

    hidden: NDArray[np.float32]
    others: Floats
    names: tuple[str, ...]
    accepted: NDArray[np.bool_]
    prompts: Ints
    rule: Floats
    audit: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.accepted)


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """Features of candidates: `hidden` (m, width) and `others` (m, e), as in Decided."""

    hidden: NDArray[np.float32]
    others: Floats


@dataclass(frozen=True, slots=True)
class Compared:
    """People's comparisons of two candidates of a prompt, one row per comparison. `preferred` (m,): 1 if `left` is better, ½
    for a tie, 0 if `right` is better. `weights` (m,): how many independently compared pairs a row counts as."""

    left: FeatureRows
    right: FeatureRows
    preferred: Floats
    prompts: Ints
    weights: Floats

    def __len__(self) -> int:
        return len(self.preferred)
