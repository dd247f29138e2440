"""How many candidates reviewers mean to decide, and what they decided when: appended, never changed."""

from __future__ import annotations

from typing import Any

from rsf_core.domain.access import checks_name
from rsf_core.store.database import Database, utc_now
from rsf_core.store.review_records import ReviewGoal


class Goals:
    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> dict[str, ReviewGoal]:
        """The goal of each reviewer who has one, or had."""
        return {row.pop("reviewer"): ReviewGoal(**row) for row in self._db.rows("review_goals")}

    @checks_name
    def set(self, reviewer: str, goal: ReviewGoal, author: str) -> None:
        row: dict[str, Any] = {"reviewer": reviewer, "per_day": goal.per_day, "per_round": goal.per_round}
        with self._db.transaction(f"saving the goal of {reviewer}"):
            self._db.insert("review_goals", [row | {"author": author, "created_at": utc_now()}])

    def words_version(self) -> tuple[int, ...]:
        """Differs whenever something was decided."""
        return self._db.version("overrides", "acts")

    def words_since(self, round_number: int, seq: int) -> list[dict[str, Any]]:
        """seq, act, reviewer, action, created_at, kind and place of the decisions of a round after `seq`, in order."""
        return self._db.rows("words_since", {"round": round_number, "seq": seq})
