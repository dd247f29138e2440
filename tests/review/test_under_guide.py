"""Two reviewers and a guide that changed in between, counted by hand."""

from __future__ import annotations

import numpy as np

from rsf_core.domain import Scope, place
from rsf_core.review.index import ReviewIndex
from rsf_core.review.opinions import Opinions
from rsf_core.review.round_table import RoundTable
from rsf_core.review.under_guide import UnderGuide, under_guide

NONE = np.zeros(0, np.int64)


def index(words: list[tuple[int, str, int, bool, int]], scored: int = 6) -> ReviewIndex:
    """Six candidates of two prompts; the rule accepts the first three. `words`: (row, reviewer, vote, final, guide)."""
    places = place(np.array([1, 1, 1, 2, 2, 2]), np.array([0, 1, 2, 0, 1, 2]))
    ratio = np.where(np.arange(6) < scored, np.array([1.0, 1.0, 1.0, -1.0, -1.0, -1.0]), np.nan)
    table = RoundTable(places, np.full(6, 9), np.zeros(6, bool), np.full(6, 0.5), ratio, ratio, np.zeros(6))
    rows, who, votes, final, guides = (list(column) for column in zip(*words, strict=True))
    opinions = Opinions(places[rows], np.array(who), np.array(votes), np.array(final, bool), np.array(guides))
    return ReviewIndex(table, 0.0, Scope.GLOBAL, opinions, NONE, {})


def of(made: ReviewIndex) -> tuple[UnderGuide, ...]:
    return under_guide(made, made.opinions.independent(Opinions.none()))


def test_each_version_counts_only_decisions_made_under_it() -> None:
    words = [
        (0, "ann", 1, False, 1),  # like the rule
        (0, "ben", -1, False, 1),  # unlike the rule, and unlike ann
        (3, "ann", -1, False, 1),  # like the rule; ben decided it under another version: no pair
        (3, "ben", -1, False, 2),
        (1, "ann", 1, False, 2),
        (1, "ben", 1, False, 2),  # like ann, and like the rule
        (4, "ann", 1, False, 2),  # unlike the rule
        (4, "ben", 1, True, 2),  # a settling decision: no pair
    ]
    assert of(index(words)) == (
        UnderGuide(1, words=3, ruled=3, like_the_rule=2, pairs=1, alike=0),
        UnderGuide(2, words=5, ruled=5, like_the_rule=3, pairs=1, alike=1),
    )


def test_three_reviewers_of_one_candidate_are_three_pairs() -> None:
    words = [(2, who, vote, False, 0) for who, vote in (("ann", 1), ("ben", 1), ("cleo", -1))]
    assert of(index(words)) == (UnderGuide(0, words=3, ruled=3, like_the_rule=2, pairs=3, alike=1),)


def test_what_the_rule_has_not_decided_is_neither_like_nor_unlike_it() -> None:
    words = [(5, "ann", 1, False, 4), (0, "ann", 1, False, 4)]
    assert of(index(words, scored=5)) == (UnderGuide(4, words=2, ruled=1, like_the_rule=1, pairs=0, alike=0),)
