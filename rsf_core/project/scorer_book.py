"""What a project knows about its scorers: which there are, their scores of the candidates, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain import K_BITS, candidate_at, candidate_id
from rsf_core.domain.arrays import Floats
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.scorer_ref import ScorerRef
from rsf_core.domain.settings import Settings, Target
from rsf_core.review.onlooking import as_seen
from rsf_core.rounds import versions
from rsf_core.sampling.judging import Judging, judging
from rsf_core.sampling.rank_correlation import spearman
from rsf_core.scorers import kept_answers, registry
from rsf_core.scorers.card import ScorerCard
from rsf_core.scorers.kept_answers import Spent
from rsf_core.store.records import Example, ScoredBy
from rsf_core.store.store import Store
from rsf_core.store.tally import Votes

EXAMPLES = 3  # of the best and of the worst
BINS = 30
FEW = 10  # up to so many distinct scores are counted one by one, as those of a scorer that returns 0 or 1
TABLES = ("candidates", "scores", "prompts")


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one scorer on a round's candidates; `missing` candidates have none. `edges` and `counts` are a histogram,
    (bins + 1,) and (bins,); if there are at most FEW distinct scores, `levels` are these and `counts` belong to them.
    `highest` and `lowest` are by score alone: the target determines which of them is good."""

    scorer: str
    count: int
    missing: int
    low: float
    mean: float
    high: float
    edges: Floats
    levels: Floats
    counts: Sequence[int]
    highest: Sequence[Example]
    lowest: Sequence[Example]


@dataclass(frozen=True, slots=True)
class RoundScores:
    """The scores of every scorer that has scored a round; `correlation` is Spearman's, (scorers, scorers), in their order."""

    scorers: Sequence[Scores]
    correlation: Floats


class ScorerBook:
    def __init__(
        self,
        folder: Path,
        store: Store,
        settings: Callable[[], Settings],
        votes_for: Callable[[int, str | None], Votes],
    ) -> None:
        self._folder, self._store, self._settings, self._votes_for = folder, store, settings, votes_for

    def cards(self) -> list[ScorerCard]:
        """The cards of all installed scorers, by name; if one cannot be used, its card has the problem."""
        return registry.cards()

    def milliseconds(self) -> dict[str, float]:
        """Milliseconds per candidate in the last job, by scorer with its options."""
        return self._store.unchanged("scorer milliseconds", ("metrics",), self._store.scorer_milliseconds)

    def spent(self) -> Mapping[str, Spent]:
        """What judges have spent in this project, by scorer with its options. Raises ScorerError."""
        return kept_answers.spent(self._folder)

    def card(self, scorer: str) -> ScorerCard | None:
        """The card of a scorer with its options; None for what is not an installed scorer, such as a log-probability."""
        try:
            return registry.card(ScorerRef.parse(scorer).name)
        except ScorerError:
            return None

    def scored_by(self, scorer: str, round_number: int) -> ScoredBy:
        """How far a scorer has come with a round. Raises ScorerError if there is no such scorer."""
        elsewhere = not registry.checked(scorer)[1].of_draw
        tables = ("candidates", "candidates_elsewhere", "scores", "no_scores", "prompt_events")
        name = ("scored by", round_number, scorer)
        return self._store.unchanged(name, tables, lambda: self._store.count_scored_by(round_number, scorer, elsewhere))

    def current(self, scorer: str) -> str:
        """The name under which a scorer's scores are currently stored: with the version of its file or package if it has one.
        Raises ScorerError if it is not a valid name of a scorer."""
        return versions.current(self._folder, scorer)

    def judging(self, scorer: str, direction: int = 1, onlooker: str | None = None) -> Judging:
        """How far a scorer agrees with people's decisions, in all rounds; `direction` is −1 if less of it is better.
        `onlooker` is the reviewer who asks, None for an owner: gold items look to a reviewer like any other candidates. Raises
        ScorerError if it has scored nothing and is not a scorer."""
        gold_decisions = {
            candidate_at(round_record.round, where): vote > 0 if vote else None
            for round_record in self._store.rounds()
            for where, vote, _ in self._votes_for(round_record.round, onlooker)
        }
        key = ("judging", scorer, direction, tuple(sorted(gold_decisions.items())))
        return self._store.unchanged(
            key, (*TABLES, "overrides"), lambda: self._judging(scorer, direction, gold_decisions)
        )

    def _judging(self, scorer: str, direction: int, gold_decisions: Mapping[str, bool | None]) -> Judging:
        rows = as_seen(self._store.scores_and_opinions(scorer), gold_decisions)
        if not rows.num_rows and not self._has_scored(scorer):
            registry.checked(scorer)
        score, accepted, prompt = (rows[name].to_numpy() for name in ("score", "accepted", "prompt_id"))
        return judging(score, accepted, prompt, direction)

    def _has_scored(self, scorer: str) -> bool:
        return any(scorer in self._store.scorers(round_record.round) for round_record in self._store.rounds())

    def of_round(self, round_number: int) -> RoundScores:
        """The scores of a round's candidates, by every scorer that has scored them."""
        return self._store.unchanged(("scores of", round_number), TABLES, lambda: self._read(round_number))

    def _read(self, round_number: int) -> RoundScores:
        names = self._store.scorers(round_number)
        columns = {name: self._store.scores_by_place(round_number, name) for name in names}
        ends = {name: [_best(round_number, *column, sign) for sign in (-1.0, 1.0)] for name, column in columns.items()}
        shown = {one for both in ends.values() for end in both for one in end}
        texts = self._store.texts_of(sorted(shown))
        scorers = [
            summary(
                name,
                column,
                *([Example(item, score, *texts[item]) for item, score in end.items()] for end in ends[name]),
            )
            for name, (_, column) in columns.items()
        ]
        return RoundScores(scorers, spearman([column for _, column in columns.values()]))


def _best(round_number: int, places: NDArray[np.int64], column: Floats, sign: float) -> dict[str, float]:
    """The candidates with the lowest scores, or with the highest if `sign` is −1, in this order, with their scores."""
    rows = smallest(sign * column, EXAMPLES)
    names = [candidate_id(round_number, one >> K_BITS, one & ((1 << K_BITS) - 1)) for one in places[rows].tolist()]
    return dict(zip(names, column[rows].tolist(), strict=True))


def smallest(key: Floats, count: int) -> NDArray[np.int64]:
    """The first `count` rows by key, then by row, without those whose key is NaN; this does not sort all of them."""
    known = np.flatnonzero(~np.isnan(key))
    if len(known) > count:
        known = known[key[known] <= np.partition(key[known], count - 1)[count - 1]]
    return known[np.argsort(key[known], kind="stable")][:count]


def summary(scorer: str, column: Floats, highest: Sequence[Example], lowest: Sequence[Example]) -> Scores:
    """Sums up `column`, the score of each candidate, NaN if it has none."""
    values = column[np.isfinite(column)]
    missing = len(column) - len(values)
    if not len(values):
        return Scores(scorer, 0, missing, np.nan, np.nan, np.nan, np.zeros(1), np.zeros(0), [], highest, lowest)
    levels, counts = np.unique(values, return_counts=True)
    low, high = float(levels[0]), float(levels[-1])
    if len(levels) <= FEW:
        edges = np.concatenate(([low], levels[:-1] / 2 + levels[1:] / 2, [high]))  # halved first, a sum could overflow
    else:
        levels = np.zeros(0)
        counts, edges = _histogram(values, low, high)
    mean = float((values / len(values)).sum())  # summed first, large scores would overflow
    return Scores(scorer, len(values), missing, low, mean, high, edges, levels, counts.tolist(), highest, lowest)


def _histogram(values: Floats, low: float, high: float) -> tuple[NDArray[np.int64], Floats]:
    half = values / 2 - low / 2  # the range of both signs could be too large for a float
    counts, edges = np.histogram(half, bins=BINS, range=(0.0, high / 2 - low / 2))
    return counts, np.clip(2 * (edges + low / 2), low, high)


def role(target: Target, scorer: str) -> str:
    """The role of a scorer in a target, in a few words; "" if it has none."""
    parts = []
    if scorer in target.rewards:
        weight = target.rewards[scorer]
        parts.append(f"reward × {weight:g}, {'more' if weight > 0 else 'less'} is better")
    for constraint in target.constraints:
        if constraint.scorer == scorer:
            ends = (("at least", constraint.at_least), ("at most", constraint.at_most))
            parts.append("constraint: " + " and ".join(f"{word} {end:g}" for word, end in ends if end is not None))
    return "; ".join(parts)


def direction(target: Target, scorer: str) -> int:
    """−1 if a target wants less of a scorer, else 1."""
    if scorer in target.rewards:
        return -1 if target.rewards[scorer] < 0 else 1
    ends = [(c.at_least, c.at_most) for c in target.constraints if c.scorer == scorer]
    return -1 if ends and all(least is None for least, _ in ends) else 1
