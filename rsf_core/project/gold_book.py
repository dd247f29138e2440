"""The project's gold items: which candidates they are, and how often each reviewer is right on them. Only owners see this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rsf_core.domain import Action
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.review.gold import GoldAnswer, ReviewerAccuracy, accuracies, answers
from rsf_core.store.review_records import GoldMark
from rsf_core.store.store import Store

_TABLES = ("gold_marks", "overrides", "acts", "guide_versions")  # a report is read from these


@dataclass(frozen=True, slots=True)
class GoldReport:
    """The gold items of a round, the newest mark first, the effective answers of reviewers, and each reviewer's accuracy.
    `guide` is the current version of the guide, 0 if there is none; `outdated` items were decided by an older one."""

    marks: Sequence[GoldMark]
    answers: Sequence[GoldAnswer]
    reviewers: Sequence[ReviewerAccuracy]
    guide: int
    outdated: int


class GoldBook:
    def __init__(self, store: Store) -> None:
        self._store = store

    @requires_actor
    def mark(self, candidate_id: str, action: Action | str, author: Actor = LOCAL) -> None:
        """Make a candidate a gold item with the right decision `action`. Marking one again confirms it under the current
        guide. Raises StageError for an unknown candidate, or if `action` is not a decision."""
        self._store.gold.mark(candidate_id, action, author.name)

    @requires_actor
    def unmark(self, candidate_id: str, author: Actor = LOCAL) -> None:
        """Make it an ordinary candidate again: reviewers' decisions on it count like any others. Raises StageError."""
        self._store.gold.unmark(candidate_id, author.name)

    def decisions(self, round_number: int, author: Actor) -> dict[str, Action]:
        """The right decision of each gold item of a round that `author` has marked; others answer it like any reviewer."""
        marks = self._store.gold.of_round(round_number).values()
        return {mark.candidate_id: mark.action for mark in marks if mark.author == author.name}

    def report(self, round_number: int) -> GoldReport:
        """The gold items of a round, and how reviewers do on them."""
        name = ("gold report", round_number)
        return self._store.unchanged(name, _TABLES, lambda: self._report(round_number))

    def _report(self, round_number: int) -> GoldReport:
        marks = list(self._store.gold.of_round(round_number).values())[::-1]
        answered = answers(self._store.gold.words(round_number), marks)
        guide = self._store.guides.version()
        return GoldReport(marks, answered, accuracies(answered), guide, sum(mark.guide < guide for mark in marks))
