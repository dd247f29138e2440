"""The part of the store for curated sets, which never change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from rsf_core.domain import Scope
from rsf_core.store.database import Database
from rsf_core.store.kept import Kept
from rsf_core.store.records import CuratedRecord, row_of


@dataclass(frozen=True, slots=True)
class Choice:
    """How many samples there are to choose from, and of how many prompts."""

    samples: int
    prompts: int


class CuratedSets:
    def __init__(self, db: Database, kept: Kept) -> None:
        self._db, self._kept = db, kept

    def accepted_samples(self, round_number: int) -> list[dict[str, Any]]:
        """The candidates whose effective decision is accept, with what a curated set keeps of them."""
        return self._db.rows("accepted_samples", {"round": round_number})

    def samples_of(self, round_number: int, candidate_ids: Sequence[str]) -> list[dict[str, Any]]:
        """The columns of `accepted_samples` for these candidates, as they were drawn and whatever was decided."""
        return self._db.rows("samples_of", {"round": round_number, "candidate_ids": list(candidate_ids)})

    def count_to_choose_from(
        self, round_number: int, without: Collection[int], *, constraints: bool, once: bool
    ) -> Choice:
        """How many samples, of how many prompts, a control can be chosen from, without the prompts in `without`: all that
        were drawn and judged or, with `constraints`, those that pass them and have ended. With `once`, equal samples of a
        prompt count once."""
        params = {"round": round_number, "without": list(without), "constraints": constraints}
        (row,) = self._db.rows("count_to_choose_from", params)
        return Choice(row["different" if once else "samples"], row["prompts"])

    def curated_sets(self) -> list[CuratedRecord]:
        return [
            CuratedRecord(**row | {"scope": Scope(row["scope"]), "summary": json.loads(row["summary"])})
            for row in self._kept.rows("curated_sets", ("curated_sets",))
        ]

    def add_curated_set(self, record: CuratedRecord, samples: Sequence[dict[str, Any]]) -> CuratedRecord:
        """Add a set. Returns it as stored, with its number in the sequence."""
        row = row_of(record)
        with self._db.transaction(f"freezing the curated set {record.curated_id}"):
            self._db.insert("curated_sets", [row | {"scope": str(record.scope), "summary": json.dumps(record.summary)}])
            self._db.insert("curated_samples", [{"curated_id": record.curated_id} | sample for sample in samples])
            return next(stored for stored in self.curated_sets() if stored.curated_id == record.curated_id)

    def curated_samples(self, curated_id: str) -> pa.Table:
        return self._db.arrow("curated_samples", {"curated_id": curated_id})


def content_hash(samples: Sequence[dict[str, Any]]) -> str:
    """SHA-256 over what is trained on: prompt and completion tokens (the text of an edited one, both texts of one made
    elsewhere, which has no tokens yet) and weight of each sample, in a fixed order."""
    lines = sorted(json.dumps([*_trained_on(sample), sample["weight"]], separators=(",", ":")) for sample in samples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _trained_on(sample: dict[str, Any]) -> tuple[Any, Any]:
    if sample.get("source") is not None:
        return [sample["system"], *(sample["earlier"] or ()), sample["prompt"]], sample["completion"]
    return list(sample["prompt_token_ids"]), sample["completion"] if sample.get("edited") else list(sample["token_ids"])
