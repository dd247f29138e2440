"""Reviewers' rankings of some candidates of a prompt: the best first, with ties."""

from __future__ import annotations

from typing import Any

from rsf_core.domain import MOST_RANKED, Choice, ChoiceKind, parse_candidate_id
from rsf_core.domain.access import checks_name
from rsf_core.store.choice_records import RankingRecord
from rsf_core.store.choices import Choices
from rsf_core.store.comparison_log import RankingLog


class Rankings(Choices[RankingRecord, RankingLog]):
    table, kind, known = "rankings", ChoiceKind.RANK, "rankings_known"
    done = "has ranked no prompt"

    @checks_name
    def say(
        self, act: str, round_number: int, candidates: tuple[str, ...], places: tuple[int, ...], reviewer: str
    ) -> bool:
        """Save the places of 2 to 8 candidates of a prompt; 1 is the best. Returns False if this act was saved before: then
        nothing changes. Raises StageError for candidates or places that are not a ranking."""
        choice = Choice(act, ChoiceKind.RANK, candidates, places=places)
        return not self.one(choice, round_number, reviewer).known

    @checks_name
    def undo(self, act: str, round_number: int, reviewer: str) -> tuple[str, ...] | None:
        """Take back the reviewer's last ranking of the round. Returns its candidates, None if this act was saved before.
        Raises StageError if there is nothing to take back."""
        undone = self.one(Choice(act, ChoiceKind.UNDO), round_number, reviewer)
        return None if undone.known else undone.candidate_ids

    def new_log(self, round_number: int) -> RankingLog:
        return RankingLog(self._db, round_number)

    def ids(self, row: dict[str, Any]) -> tuple[str, ...]:
        return tuple(row["candidates"])

    def ids_of(self, word: RankingRecord) -> tuple[str, ...]:
        return word.candidates

    def content(self, choice: Choice) -> dict[str, Any]:
        parsed = parse_candidate_id(choice.candidate_ids[0])
        assert parsed is not None, "checked before it is kept"
        return {"prompt_id": parsed[1], "candidates": list(choice.candidate_ids), "places": list(choice.places)}

    def content_of(self, word: RankingRecord) -> dict[str, Any]:
        return {"prompt_id": word.prompt_id, "candidates": list(word.candidates), "places": list(word.places)}

    def nonsense(self, choice: Choice) -> str | None:
        count = len(choice.candidate_ids)
        if choice.kind is not self.kind:
            return f"{choice.kind} is not a ranking"
        if not 2 <= count <= MOST_RANKED:
            return f"a ranking is of 2 to {MOST_RANKED} candidates, not of {count}"
        if len(choice.places) != count:
            return f"a ranking gives each of its candidates a place: {count} candidates have {len(choice.places)}"
        if sorted(set(choice.places)) != list(range(1, len(set(choice.places)) + 1)):
            return f"places are 1, 2, … without a gap, not {', '.join(map(str, choice.places))}"
        return None
