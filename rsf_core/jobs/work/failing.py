"""Counts candidates for which a scorer has no score, as a job goes on: a few are left undecided, but if most have none, the
scorer is at fault, and the job stops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pyarrow as pa

from rsf_core.domain.errors import ScorerError
from rsf_core.domain.scorer_ref import label
from rsf_core.domain.words import plural
from rsf_core.scorers.base import NoScore

MOST = 0.5  # of the candidates that a scorer was asked about: with more without a score the job stops
SHOWN = 3  # reasons in a message


class Failing:
    """`scored_before` counts the scores of each scorer from before the job, because the job may only ask about a few
    candidates without one."""

    def __init__(self, scored_before: Mapping[str, int]) -> None:
        self._scored = Counter(scored_before)
        self._failed: Counter[str] = Counter()
        self._reasons: dict[str, dict[str, str]] = {}  # of each scorer: a candidate for each of the first reasons

    def add(self, scorer: str, names: Sequence[str], scores: Sequence[float | NoScore], partial: bool = False) -> None:
        """Take in the scorer's scores for the candidates `names`. Raises ScorerError if it has none for most, unless it is
        `partial`, that is, meant for some candidates only."""
        for name, score in zip(names, scores, strict=True):
            if isinstance(score, NoScore):
                self._fail(scorer, name, score.reason)
            else:
                self._scored[scorer] += 1
        failed, attempts = self._failed[scorer], self._failed[scorer] + self._scored[scorer]
        if failed > MOST * attempts and not partial:
            raise ScorerError(
                f"the scorer {label(scorer)!r} has no score for {failed:,} of {plural(attempts, 'candidate')}, which is most: "
                f"{self._reasons_of(scorer)}. Fix it, or take it out of the target, and start the stage again"
            )

    def resume(self, segment: pa.Table) -> None:
        """Take in a segment of scores that the job has finished before."""
        for row in segment.select(["candidate_id", "scorer", "score", "reason"]).to_pylist():
            if row["score"] is None:
                self._fail(row["scorer"], row["candidate_id"], row["reason"])
            else:
                self._scored[row["scorer"]] += 1

    def note(self) -> str:
        """Which candidates have no score, as sentences; "" if all have one."""
        return " ".join(
            f"{plural(count, 'candidate')} {'has' if count == 1 else 'have'} no score of {label(scorer)!r}: "
            f"{self._reasons_of(scorer)}."
            for scorer, count in sorted(self._failed.items())
        )

    def _fail(self, scorer: str, name: str, reason: str) -> None:
        self._failed[scorer] += 1
        reasons = self._reasons.setdefault(scorer, {})
        if len(reasons) < SHOWN:
            reasons.setdefault(reason, name)

    def _reasons_of(self, scorer: str) -> str:
        reasons = self._reasons[scorer]
        listed = "; ".join(f"{reason.rstrip('.')} ({name})" for reason, name in reasons.items())
        return listed + ("; …" if len(reasons) == SHOWN else "")
