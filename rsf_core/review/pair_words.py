"""Reviewers' verdicts on pairs of candidates, from comparisons and from rankings together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from rsf_core.domain import Verdict
from rsf_core.store.choice_records import ComparisonRecord, RankingRecord
from rsf_core.store.comparison_log import Pair, pair_of


@dataclass(frozen=True, slots=True)
class PairWord:
    """A reviewer's verdict on two candidates. `weight`: how many pairs compared alone it counts as."""

    left_id: str
    right_id: str
    verdict: Verdict
    reviewer: str
    weight: float = 1.0


def weight_of(ranked: int) -> float:
    """The weight of each pair out of a ranking of K = `ranked` candidates: 3/(K + 1), which is 1 for two.

    The pairs of one ranking depend on each other. In the Bradley-Terry likelihood of all of them, taken as independent, the
    curvature is K/4 in each direction; the variance of its slope is that of ranks, K(K + 1)/12, if no candidate is better
    than another. Multiplied by their ratio, the likelihood carries as much information as its curvature claims (Pauli,
    Racugno & Ventura 2011)."""
    return 3.0 / (ranked + 1)


def pair_words(comparisons: Iterable[ComparisonRecord], rankings: Iterable[RankingRecord]) -> list[PairWord]:
    """Each reviewer's newest verdict on each pair, from the current comparisons and rankings."""
    newest: dict[tuple[str, Pair], tuple[int, PairWord]] = {}
    for one in comparisons:
        word = PairWord(one.left_id, one.right_id, one.verdict, one.reviewer)
        newest[one.reviewer, pair_of(one.left_id, one.right_id)] = one.seq, word
    for ranking in rankings:
        for word in _of_ranking(ranking):
            key = ranking.reviewer, pair_of(word.left_id, word.right_id)
            if key not in newest or newest[key][0] < ranking.seq:
                newest[key] = ranking.seq, word
    return [word for _, word in newest.values()]


def _of_ranking(ranking: RankingRecord) -> Iterator[PairWord]:
    """All pairs of a ranking, the better candidate on the left."""
    weight = weight_of(len(ranking.candidates))
    for (place, name), (other, worse) in combinations(sorted(zip(ranking.places, ranking.candidates, strict=True)), 2):
        verdict = Verdict.TIE if place == other else Verdict.LEFT
        yield PairWord(name, worse, verdict, ranking.reviewer, weight)
