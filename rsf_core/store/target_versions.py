"""Every target that a project has had: appended, never changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rsf_core.domain.access import checks_name
from rsf_core.store.database import Database, utc_now
from rsf_core.store.kept import Kept


@dataclass(frozen=True, slots=True)
class TargetVersion:
    """A target as it was saved: `spec` as in the settings, and `accept`, the rule of M, None if it was not recorded."""

    version: int
    spec: dict[str, Any]
    accept: dict[str, Any] | None
    author: str
    reason: str
    created_at: datetime


class TargetVersions:
    def __init__(self, database: Database, kept: Kept) -> None:
        self._db, self._kept = database, kept

    def all(self) -> list[TargetVersion]:
        """Every version, the newest first."""
        rows = self._kept.rows("target_versions", ("target_versions",))
        return [
            TargetVersion(
                **row
                | {
                    "spec": json.loads(row["spec"]),
                    "accept": None if row["accept"] is None else json.loads(row["accept"]),
                }
            )
            for row in rows
        ]

    @checks_name
    def add(self, spec: dict[str, Any], accept: dict[str, Any], author: str, reason: str) -> int:
        """Append a version. Returns its number."""
        with self._db.transaction("saving the target"):
            number = len(self._db.rows("target_versions")) + 1
            row = {"version": number, "spec": json.dumps(spec, sort_keys=True)}
            row |= {"accept": json.dumps(accept, sort_keys=True), "author": author, "reason": reason}
            self._db.insert("target_versions", [row | {"created_at": utc_now()}])
            return number
