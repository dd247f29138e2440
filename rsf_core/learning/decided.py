"""What is learned from: what people have decided of candidates, and said of two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Decided:
    """What people have decided, a row a candidate. `hidden` (n, width); `others` (n, e), NaN where there is no score, of the
    scorers `names`; `accepted` and `prompts` (n,), near-duplicates of a prompt under its number; `rule` (n,) is what the
    present rule orders them by, NaN where it decides nothing. `audit` (n,) are those that were picked at random for people."""

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
    """What is known of candidates: `hidden` (m, width) and `others` (m, e), as in Decided."""

    hidden: NDArray[np.float32]
    others: Floats


@dataclass(frozen=True, slots=True)
class Compared:
    """What people have said of two candidates of a prompt, a row each time somebody did: `left` is better (1), a tie (½) or
    `right` is (0), (m,). `prompts` (m,). `weights` (m,): how many pairs that were compared by themselves a row counts as."""

    left: FeatureRows
    right: FeatureRows
    preferred: Floats
    prompts: Ints
    weights: Floats

    def __len__(self) -> int:
        return len(self.preferred)
