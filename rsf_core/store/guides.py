"""The guide that people decide by, every version of it, and who has read which: appended, never changed."""

from __future__ import annotations

from rsf_core.domain.access import checks_name
from rsf_core.store.database import Database, utc_now
from rsf_core.store.review_records import GuideVersion


class Guides:
    def __init__(self, database: Database) -> None:
        self._db = database
        self._newest: tuple[tuple[int, ...], int] | None = None  # the state of the database, and the version then

    def all(self) -> list[GuideVersion]:
        """Every version, the newest first."""
        return [GuideVersion(**row) for row in self._db.rows("guide_versions")]

    def version(self) -> int:
        """The number of the newest version, 0 before there is one. Cached: every decision needs it."""
        state, newest = self._db.version("guide_versions"), self._newest
        if newest is None or newest[0] != state:
            newest = self._newest = state, int(self._db.rows("guide_version")[0]["version"])
        return newest[1]

    @checks_name
    def add(self, text: str, author: str, reason: str) -> int:
        """Append a version. Returns its number."""
        with self._db.transaction("saving the guide"):
            number = int(self._db.rows("guide_version")[0]["version"]) + 1
            row = {"version": number, "text": text, "author": author, "reason": reason, "created_at": utc_now()}
            self._db.insert("guide_versions", [row])
            return number

    def last_read(self, reviewer: str) -> int:
        """The newest version that the reviewer has read, 0 if none."""
        return int(self._db.rows("guide_read", {"reviewer": reviewer})[0]["version"])

    @checks_name
    def add_reading(self, version: int, reviewer: str) -> None:
        with self._db.transaction(f"saving that {reviewer} has read the guide"):
            self._db.insert("guide_readings", [{"version": version, "reviewer": reviewer, "created_at": utc_now()}])
