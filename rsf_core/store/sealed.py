"""The opening of the sealed prompts, which happens once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rsf_core.store.database import Database
from rsf_core.store.records import SealedOpening


class Sealed:
    def __init__(self, database: Database) -> None:
        self._db = database

    def opening(self) -> SealedOpening | None:
        """None as long as they are sealed."""
        rows = self._db.rows("sealed_opening")
        return SealedOpening(**rows[0]) if rows else None

    def add(self, opening: SealedOpening) -> None:
        """Raises StoreError if they were opened before."""
        with self._db.transaction("opening the sealed prompts"):
            self._db.insert("sealed_openings", [{"opening": 1} | asdict(opening)])

    def compared_on(self, prompt_ids: Sequence[int]) -> list[int]:
        """Those of `prompt_ids` that completions were drawn for."""
        return [row["prompt_id"] for row in self._db.rows("compared_on", {"prompt_ids": list(prompt_ids)})]
