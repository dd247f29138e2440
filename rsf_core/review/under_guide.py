"""What was said under each version of the guide: whether people agree more since it was changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from rsf_core.review.index import ReviewIndex
from rsf_core.review.opinions import Opinions


@dataclass(frozen=True, slots=True)
class UnderGuide:
    """One version of the guide, 0 before there was one. `words` are the opinions that hold and were said by it, each
    reviewer's newest of a candidate. Of those the rule has decided `ruled`, and `like_the_rule` say the same. `pairs` are
    pairs of words by two reviewers of one candidate, of who settled a disagreement the word before (`Opinions.independent`);
    `alike` say the same."""

    version: int
    words: int
    ruled: int
    like_the_rule: int
    pairs: int
    alike: int


def under_guide(index: ReviewIndex, independent: Opinions) -> tuple[UnderGuide, ...]:
    """Each version that anything of the round was said by, the oldest first."""
    opinions = index.opinions
    rows = np.array(index.table.row_of(opinions.places), np.int64)
    known = rows >= 0  # the others were drawn after the index was read
    opinions, rows = opinions.where(known), rows[known]
    independent = independent.where(np.array(index.table.row_of(independent.places), np.int64) >= 0)
    accepts = opinions.votes > 0
    ruled = index.scored[rows]
    same = ruled & (index.automatic[rows] == accepts)
    return tuple(
        UnderGuide(
            version,
            int(mine.sum()),
            int((ruled & mine).sum()),
            int((same & mine).sum()),
            *_pairs(independent.where(independent.guides == version)),
        )
        for version in np.unique(np.append(opinions.guides, independent.guides)).tolist()
        for mine in (opinions.guides == version,)
    )


def _pairs(opinions: Opinions) -> tuple[int, int]:
    """Of the opinions at each place, how many pairs there are, and how many of them say the same."""
    yes, no = Counter[int](), Counter[int]()
    for where, vote in zip(opinions.places.tolist(), opinions.votes.tolist(), strict=True):
        (yes if vote > 0 else no)[where] += 1
    both = [(yes[where], no[where]) for where in yes.keys() | no.keys()]
    alike = sum(n * (n - 1) // 2 for counts in both for n in counts)
    return alike + sum(a * b for a, b in both), alike
