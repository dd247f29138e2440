"""What reviewers said of two candidates, by comparing them or by ranking more, as one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from rsf_core.domain import Verdict
from rsf_core.store.choice_records import ComparisonRecord, RankingRecord
from rsf_core.store.comparison_log import Pair, pair_of


@dataclass(frozen=True, slots=True)
class PairWord:
    """What a reviewer says of two candidates. `weight`: how many pairs that were compared by themselves it counts as."""

    left_id: str
    right_id: str
    verdict: Verdict
    reviewer: str
    weight: float = 1.0


def weight_of(ranked: int) -> float:
    """What each pair out of a ranking of `ranked` candidates counts: 3/(K + 1); 1 of two.

    The pairs of one ranking hang together. In the Bradley-Terry likelihood of all of them, taken for independent, the
    curvature is K/4 in each direction; the variance of its slope is that of ranks, K(K + 1)/12, where no candidate is better
    than another. Times their ratio, such a likelihood tells as much as it seems to (Pauli, Racugno & Ventura 2011)."""
    return 3.0 / (ranked + 1)


def pair_words(comparisons: Iterable[ComparisonRecord], rankings: Iterable[RankingRecord]) -> list[PairWord]:
    """Each reviewer's newest word on a pair, whichever way it was said, from what holds of both."""
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
    """All its pairs, the better one left."""
    weight = weight_of(len(ranking.candidates))
    for (place, name), (other, worse) in combinations(sorted(zip(ranking.places, ranking.candidates, strict=True)), 2):
        verdict = Verdict.TIE if place == other else Verdict.LEFT
        yield PairWord(name, worse, verdict, ranking.reviewer, weight)
