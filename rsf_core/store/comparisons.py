"""Reviewers' verdicts on two candidates of a prompt: which is better, or a tie."""

from __future__ import annotations

from typing import Any

from rsf_core.domain import Choice, ChoiceKind, Verdict
from rsf_core.domain.access import checks_name
from rsf_core.store.choice_records import ComparisonRecord
from rsf_core.store.choices import Choices
from rsf_core.store.comparison_log import ComparisonLog, Pair


class Comparisons(Choices[ComparisonRecord, ComparisonLog]):
    table, kind, known = "comparisons", ChoiceKind.COMPARE, "comparisons_known"
    done = "has compared no pair"

    @checks_name
    def say(self, act: str, round_number: int, left_id: str, right_id: str, verdict: Verdict, reviewer: str) -> bool:
        """Save which of two candidates is better. Returns False if this act was saved before: then nothing changes. Raises
        StageError for two that cannot be compared."""
        return not self.one(Choice(act, ChoiceKind.COMPARE, (left_id, right_id), verdict), round_number, reviewer).known

    @checks_name
    def undo(self, act: str, round_number: int, reviewer: str) -> Pair | None:
        """Take back the reviewer's last comparison of the round. Returns the pair, None if this act was saved before. Raises
        StageError if there is nothing to take back."""
        undone = self.one(Choice(act, ChoiceKind.UNDO), round_number, reviewer)
        return None if undone.known else (undone.candidate_ids[0], undone.candidate_ids[1])

    def new_log(self, round_number: int) -> ComparisonLog:
        return ComparisonLog(self._db, round_number)

    def ids(self, row: dict[str, Any]) -> tuple[str, ...]:
        return row["left_id"], row["right_id"]

    def ids_of(self, word: ComparisonRecord) -> tuple[str, ...]:
        return word.left_id, word.right_id

    def content(self, choice: Choice) -> dict[str, Any]:
        left, right = choice.candidate_ids
        return {"left_id": left, "right_id": right, "verdict": str(choice.verdict)}

    def content_of(self, word: ComparisonRecord) -> dict[str, Any]:
        return {"left_id": word.left_id, "right_id": word.right_id, "verdict": str(word.verdict)}

    def nonsense(self, choice: Choice) -> str | None:
        if choice.kind is not self.kind:
            return f"{choice.kind} is not a verdict on two candidates"
        if len(choice.candidate_ids) != 2:
            return f"a comparison is of two candidates, not of {len(choice.candidate_ids)}"
        return f"a comparison needs a verdict: {', '.join(Verdict)}" if choice.verdict is None else None
