"""Candidates that no job of the project drew: kept apart from drawn ones, because they have no q."""

from __future__ import annotations

import pyarrow as pa

from rsf_core.store.database import Database
from rsf_core.store.kept import Kept
from rsf_core.store.records import ElsewhereCounts, ElsewhereRecord

COUNTED = ("candidates_elsewhere", "overrides", "gold_marks")


class MadeElsewhere:
    def __init__(self, database: Database, kept: Kept) -> None:
        self._db, self._kept = database, kept

    def add(self, rows: pa.Table) -> None:
        """Append rows with the columns of ElsewhereRecord (inside a transaction)."""
        self._db.append("candidates_elsewhere", rows)

    def of_round(self, round_number: int) -> list[ElsewhereRecord]:
        """By prompt and k."""
        return [ElsewhereRecord(**row) for row in self._db.rows("elsewhere_of_round", {"round": round_number})]

    def counts(self, round_number: int) -> ElsewhereCounts:
        return ElsewhereCounts(**self._kept.rows("count_elsewhere", COUNTED, {"round": round_number})[0])

    def sources(self, round_number: int) -> dict[str, int]:
        """How many candidates of the round each source made, by name."""
        rows = self._db.rows("sources_elsewhere", {"round": round_number})
        return {row["source"]: row["candidates"] for row in rows}

    def completions(self, round_number: int) -> pa.Table:
        """Every completion that the round has, drawn or not: prompt_id, and the MD5 of its text as two numbers, `upper` and
        `lower`, of its first and its last 8 bytes, the lowest first."""
        return self._db.arrow("completions_known", {"round": round_number})

    def next_k(self, round_number: int) -> pa.Table:
        """prompt_id, ascending, and the first free `k` of the prompts that have candidates made elsewhere."""
        return self._db.arrow("next_k_elsewhere", {"round": round_number})
