"""Win rates from comparisons and rankings: how often the better of two candidates is the one that the rule accepts, or that a
scorer scores higher. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import K_BITS, Verdict, parse_candidate_id, place
from rsf_core.domain.arrays import Floats
from rsf_core.review.index import ReviewIndex
from rsf_core.review.pair_words import PairWord
from rsf_core.sampling.intervals import SHARE, Interval, pooled_mean
from rsf_core.store.comparison_log import Pair, pair_of


@dataclass(frozen=True, slots=True)
class Preferred:
    """A pair that people have compared or ranked, the `better` one according to most of them, and `by` whom. Its weight is
    that of the heaviest verdict on it."""

    better: str
    worse: str
    by: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Figure:
    """How often people preferred what `name` puts higher: in `wins` of `pairs` pairs that it tells apart. `share` is
    weighted by the pairs, its interval over prompts; unknown if all pairs are of one prompt."""

    name: str
    wins: int
    pairs: int
    share: Interval


@dataclass(frozen=True, slots=True)
class CandidateWins:
    """Of the pairs of a candidate that people told apart, how many it has won."""

    candidate_id: str
    wins: int
    pairs: int


@dataclass(frozen=True, slots=True)
class WinRates:
    """`compared` pairs, of which `tied` are ties: as many reviewers prefer one as the other; `ranked` of them were not
    compared alone. `twice` counts pairs of two reviewers' verdicts on one pair, of which `alike` are the same. `figures`:
    the rule, then each scorer."""

    compared: int
    tied: int
    twice: int
    alike: int
    reviewers: Mapping[str, int]
    figures: tuple[Figure, ...]
    candidates: tuple[CandidateWins, ...]
    ranked: int = 0


def preferred(standing: Iterable[PairWord]) -> tuple[list[Preferred], int]:
    """Which of each pair most people prefer, by the names of the pair; and how many pairs are ties."""
    pairs, tied = [], 0
    for (one, other), words in sorted(_by_pair(standing).items()):
        balance = sum(_for(record, one) for record in words)
        if balance == 0:
            tied += 1
            continue
        better, worse = (one, other) if balance > 0 else (other, one)
        by = tuple(sorted(record.reviewer for record in words if _for(record, better) > 0))
        pairs.append(Preferred(better, worse, by, max(record.weight for record in words)))
    return pairs, tied


def win_rates(standing: Sequence[PairWord], index: ReviewIndex, scores: Mapping[str, Floats]) -> WinRates:
    """`scores` has a column (n,) of the index for each scorer, NaN if there is no score."""
    pairs, tied = preferred(standing)
    better, worse = (_rows(index, [getattr(pair, side) for pair in pairs]) for side in ("better", "worse"))
    known = (better >= 0) & (worse >= 0)  # the rest were drawn after the index was read
    known_pairs = _Known(better[known], worse[known], np.array([pair.weight for pair in pairs])[known])
    rule = np.where(index.scored, index.automatic.astype(np.float64), np.nan)
    figures = [_figure(name, column, known_pairs, index) for name, column in {"": rule, **scores}.items()]
    counts: dict[str, int] = {}
    for record in standing:
        counts[record.reviewer] = counts.get(record.reviewer, 0) + 1
    twice, alike = _agreeing(standing)
    known_figures = tuple(figure for figure in figures if figure is not None)
    ranked = sum(max(record.weight for record in words) < 1.0 for words in _by_pair(standing).values())
    return WinRates(len(pairs) + tied, tied, twice, alike, counts, known_figures, _candidates(pairs), ranked)


@dataclass(frozen=True, slots=True)
class _Known:
    """Pairs that people tell apart, as rows of the index, and the weight of each, (n,)."""

    better: NDArray[np.int64]
    worse: NDArray[np.int64]
    weight: Floats


def _figure(name: str, column: Floats, pairs: _Known, index: ReviewIndex) -> Figure | None:
    """The figure of one column, None if it tells none of the pairs apart."""
    difference = column[pairs.better] - column[pairs.worse]
    decided = ~np.isnan(difference) & (difference != 0)
    if not decided.any():
        return None
    wins, prompts = difference[decided] > 0, index.table.places[pairs.better[decided]] >> K_BITS
    share = pooled_mean(wins.astype(np.float64), prompts, bounds=SHARE, weights=pairs.weight[decided])
    return Figure(name, int(wins.sum()), len(wins), share)


def _candidates(pairs: Sequence[Preferred]) -> tuple[CandidateWins, ...]:
    wins: dict[str, int] = {}
    total: dict[str, int] = {}
    for pair in pairs:
        wins[pair.better] = wins.get(pair.better, 0) + 1
        for name in (pair.better, pair.worse):
            total[name] = total.get(name, 0) + 1
    made = [CandidateWins(name, wins.get(name, 0), count) for name, count in total.items()]
    return tuple(sorted(made, key=lambda one: (-one.wins / one.pairs, -one.pairs, one.candidate_id)))


def _agreeing(standing: Iterable[PairWord]) -> tuple[int, int]:
    """How many pairs of verdicts by two reviewers on one pair of candidates there are, and how many are the same."""
    twice = alike = 0
    for (one, _), records in _by_pair(standing).items():
        words = [_for(record, one) for record in records]
        counts = [words.count(word) for word in (-1, 0, 1)]
        twice += len(words) * (len(words) - 1) // 2
        alike += sum(count * (count - 1) // 2 for count in counts)
    return twice, alike


def _by_pair(standing: Iterable[PairWord]) -> dict[Pair, list[PairWord]]:
    by_pair: dict[Pair, list[PairWord]] = {}
    for record in standing:
        by_pair.setdefault(pair_of(record.left_id, record.right_id), []).append(record)
    return by_pair


def _for(record: PairWord, name: str) -> int:
    """+1 if a verdict prefers the candidate, −1 if it prefers the other one, 0 for a tie."""
    if record.verdict is Verdict.TIE:
        return 0
    return 1 if name == (record.left_id if record.verdict is Verdict.LEFT else record.right_id) else -1


def _rows(index: ReviewIndex, names: Sequence[str]) -> NDArray[np.int64]:
    parsed = [parse_candidate_id(name) for name in names]
    return np.array(index.table.row_of([place(*one[1:]) for one in parsed if one is not None]), np.int64)
