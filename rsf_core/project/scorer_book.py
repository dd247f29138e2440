"""What a project knows of its scorers: those there are, what they have said of the candidates, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsf_core.domain.settings import Settings, Target
from rsf_core.sampling.arrays import Floats
from rsf_core.sampling.rank_correlation import spearman
from rsf_core.scorers import registry
from rsf_core.scorers.card import ScorerCard
from rsf_core.store.records import Example
from rsf_core.store.store import Store

EXAMPLES = 3  # of the best and of the worst
BINS = 30
TABLES = ("candidates", "scores", "prompts")


@dataclass(frozen=True, slots=True)
class Scores:
    """Of one scorer on a round's candidates: `missing` have none. `edges` and `counts` are a histogram, (bins + 1,) and
    (bins,). `best` and `worst` are by score alone: which of them is good, the target says."""

    scorer: str
    count: int
    missing: int
    low: float
    mean: float
    high: float
    edges: Floats
    counts: Sequence[int]
    highest: Sequence[Example]
    lowest: Sequence[Example]


@dataclass(frozen=True, slots=True)
class RoundScores:
    """Of every scorer that has scored a round; `correlation` is Spearman's, (scorers, scorers), in their order."""

    scorers: Sequence[Scores]
    correlation: Floats


class ScorerBook:
    def __init__(self, store: Store, settings: Callable[[], Settings]) -> None:
        self._store, self._settings = store, settings

    def cards(self) -> list[ScorerCard]:
        """Of every scorer that is installed, by name; of one that cannot be used the card has the problem."""
        return registry.cards()

    def milliseconds(self) -> dict[str, float]:
        """What a candidate took at the last job, by scorer with its options."""
        return self._store.unchanged("scorer milliseconds", ("metrics",), self._store.scorer_milliseconds)

    def of_round(self, round_number: int) -> RoundScores:
        """What the scorers have said of a round's candidates."""
        return self._store.unchanged(("scores of", round_number), TABLES, lambda: self._read(round_number))

    def _read(self, round_number: int) -> RoundScores:
        names = self._store.scorers(round_number)
        columns = [self._store.score_column(round_number, name, everywhere=True) for name in names]
        found = [
            summary(
                name,
                column,
                self._store.examples(round_number, name, EXAMPLES, highest=True),
                self._store.examples(round_number, name, EXAMPLES, highest=False),
            )
            for name, column in zip(names, columns, strict=True)
        ]
        return RoundScores(found, spearman(columns))


def summary(scorer: str, column: Floats, highest: Sequence[Example], lowest: Sequence[Example]) -> Scores:
    """`column` has a score of each candidate, NaN where there is none."""
    values = column[np.isfinite(column)]
    missing = len(column) - len(values)
    if not len(values):
        return Scores(scorer, 0, missing, np.nan, np.nan, np.nan, np.zeros(1), [], highest, lowest)
    low, high = float(values.min()), float(values.max())
    counts, edges = _histogram(values, low, high)
    mean = float((values / len(values)).sum())  # summed first, large scores would overflow
    return Scores(scorer, len(values), missing, low, mean, high, edges, counts.tolist(), highest, lowest)


def _histogram(values: Floats, low: float, high: float) -> tuple[NDArray[np.int64], Floats]:
    """Counts and edges: a bin for each value where there are few, as of a scorer that says 0 or 1."""
    bins = int(np.clip(len(np.unique(values)), 1, BINS))
    if low == high:
        return np.array([len(values)]), low + np.array([-0.5, 0.5])
    half = values / 2 - low / 2  # the range of both signs could be too large for a float
    counts, edges = np.histogram(half, bins=bins, range=(0.0, high / 2 - low / 2))
    return counts, np.clip(2 * (edges + low / 2), low, high)


def role(target: Target, scorer: str) -> str:
    """What a scorer is to a target, in a few words; "" where it is not in it."""
    parts = []
    if scorer in target.rewards:
        weight = target.rewards[scorer]
        parts.append(f"reward × {weight:g}, {'more' if weight > 0 else 'less'} is better")
    for constraint in target.constraints:
        if constraint.scorer == scorer:
            ends = (("at least", constraint.at_least), ("at most", constraint.at_most))
            parts.append("constraint: " + " and ".join(f"{word} {end:g}" for word, end in ends if end is not None))
    return "; ".join(parts)
