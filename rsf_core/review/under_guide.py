"""Decisions by version of the guide: whether people agree more since it was changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from rsf_core.review.index import ReviewIndex
from rsf_core.review.opinions import Opinions


@dataclass(frozen=True, slots=True)
class UnderGuide:
    """One version of the guide, 0 before there was one. `words` counts the current decisions made under it, each reviewer's
    newest on a candidate. The rule has decided `ruled` of their candidates, `like_the_rule` of them the same way. `pairs`
    counts pairs of decisions by two reviewers on one candidate, of a reviewer who settled a disagreement the decision before
    (`Opinions.independent`); `alike` of them are the same."""

    version: int
    words: int
    ruled: int
    like_the_rule: int
    pairs: int
    alike: int


def under_guide(index: ReviewIndex, independent: Opinions) -> tuple[UnderGuide, ...]:
    """Each version under which any decision of the round was made, the oldest first."""
    opinions = index.opinions
    rows = np.array(index.table.row_of(opinions.places), np.int64)
    known = rows >= 0  # the rest were drawn after the index was read
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
    """How many pairs of opinions on one place there are, and how many of them are the same."""
    yes, no = Counter[int](), Counter[int]()
    for where, vote in zip(opinions.places.tolist(), opinions.votes.tolist(), strict=True):
        (yes if vote > 0 else no)[where] += 1
    both = [(yes[where], no[where]) for where in yes.keys() | no.keys()]
    alike = sum(n * (n - 1) // 2 for counts in both for n in counts)
    return alike + sum(a * b for a, b in both), alike
