"""Answers of the database, kept until something is saved in the tables they were read from."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

from rsf_core.store.database import Database

T = TypeVar("T")
KEPT_ANSWERS = 512  # of what is polled: several a round


class Kept:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._answers: dict[Hashable, tuple[tuple[int, ...], Any]] = {}
        self._keeping = threading.Lock()

    def unchanged(self, name: Hashable, tables: Sequence[str], read: Callable[[], T]) -> T:
        """What `read` returns, kept under `name` until something is saved in `tables`, which are all that it reads. Pages poll
        twice a second, and hardly anything changes in between."""
        if self._db.in_transaction:
            return read()
        version = self._db.version(*tables)
        with self._keeping:
            kept = self._answers.pop(name, None)
            if kept is not None:
                self._answers[name] = kept  # the one asked for last comes last
        if kept is None or kept[0] != version:
            kept = version, read()
            with self._keeping:
                self._answers[name] = kept
                while len(self._answers) > KEPT_ANSWERS:
                    del self._answers[next(iter(self._answers))]
        answer: T = kept[1]
        return answer

    def rows(self, query: str, tables: Sequence[str], params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """The rows of a named query that reads `tables`, kept as in `unchanged`: for small answers that many ask for. Pages
        are made of parts, and several of them show the same."""
        name = ("rows", query, tuple(sorted((params or {}).items())))
        return [dict(row) for row in self.unchanged(name, tables, lambda: self._db.rows(query, params))]
