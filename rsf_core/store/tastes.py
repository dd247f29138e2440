"""What was learned from decisions, every version, and the decisions themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from rsf_core.domain.access import checks_name
from rsf_core.store.database import Database, utc_now


@dataclass(frozen=True, slots=True)
class TasteRecord:
    version: str
    body: Mapping[str, Any]
    author: str
    created_at: datetime


class Tastes:
    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> list[TasteRecord]:
        """The oldest first."""
        return [TasteRecord(**row | {"body": json.loads(row["body"])}) for row in self._db.rows("tastes")]

    @checks_name
    def add(self, version: str, body: Mapping[str, Any], author: str) -> None:
        """Save a version; one that exists stays as it is."""
        with self._db.transaction(f"saving what was learned as {version}"):
            if all(row["version"] != version for row in self._db.rows("tastes")):
                row = {"version": version, "body": json.dumps(body), "author": author, "created_at": utc_now()}
                self._db.insert("tastes", [row])

    def decided(self) -> pa.Table:
        """The decisions of people, a row a candidate: candidate_id, round, prompt_id, k, prompt_token_ids, token_ids, ended,
        accepted, audit, rule (NaN if the rule does not decide it)."""
        return self._db.arrow("decided_by_people")

    def compared(self, candidate_ids: Sequence[str]) -> pa.Table:
        """Of the candidates that were drawn here: candidate_id, round, prompt_id, k, prompt_token_ids, token_ids, ended."""
        return self._db.arrow("candidates_to_learn_from", {"candidate_ids": list(candidate_ids)})

    def scores(self, candidate_ids: Sequence[str], scorers: Sequence[str]) -> dict[tuple[str, str], float]:
        """By candidate and scorer, if there is a score."""
        params = {"candidate_ids": list(candidate_ids), "scorers": list(scorers)}
        rows = self._db.rows("scores_of_candidates", params)
        return {(row["candidate_id"], row["scorer"]): row["score"] for row in rows}
