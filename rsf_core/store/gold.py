"""Gold items: candidates whose right decision the owner knows, as marks: appended, never changed. While a candidate is
marked, the right decision is the effective one (see the view `opinions`), and a reviewer's decision is their answer."""

from __future__ import annotations

import threading
from typing import Any

from rsf_core.domain import Action, parse_candidate_id, place
from rsf_core.domain.access import checks_name
from rsf_core.domain.errors import StageError
from rsf_core.store.database import Database, utc_now
from rsf_core.store.guides import Guides
from rsf_core.store.review_records import GoldMark, GoldWord

_NONE = "none"


class Gold:
    def __init__(self, database: Database, guides: Guides) -> None:
        self._db, self._guides = database, guides
        self._kept: tuple[tuple[int, ...], dict[int, dict[int, GoldMark]]] | None = None
        self._reading = threading.Lock()

    def of_round(self, round_number: int) -> dict[int, GoldMark]:
        """The gold items of a round by place, the last marked at the end; the same object until another is marked."""
        with self._reading:  # of many who ask at once, one reads for all
            state, kept = self._db.version("gold_marks"), self._kept
            if kept is None or kept[0] != state:
                kept = self._kept = state, self._read()
            return kept[1].setdefault(round_number, {})

    def _read(self) -> dict[int, dict[int, GoldMark]]:
        by_round: dict[int, dict[int, GoldMark]] = {}
        for row in self._db.rows("gold_marks"):
            seq, marks = row.pop("seq"), by_round.setdefault(row.pop("round"), {})
            named = parse_candidate_id(row["candidate_id"])
            assert named is not None, "a mark names a candidate"
            where = place(*named[1:])
            before = marks.pop(where, None)
            if row["action"] != _NONE:
                since = seq if before is None else before.since
                marks[where] = GoldMark(**row | {"action": Action(row["action"]), "since": since})
        return by_round

    @checks_name
    def mark(self, candidate_id: str, action: Action | str, author: str) -> None:
        """Make a candidate a gold item, whose right decision is `action`, or mark it again, under the current guide. Raises
        StageError for an unknown candidate, and for an action other than accept and reject."""
        if action not in (Action.ACCEPT, Action.REJECT):
            raise StageError(f"the right decision of a gold item is accept or reject, not {str(action)!r:.60}")
        self._say(candidate_id, str(action), author)

    @checks_name
    def unmark(self, candidate_id: str, author: str) -> None:
        """Make a gold item an ordinary candidate again: from now on reviewers' decisions on it count like any others. Raises
        StageError if it is not a gold item."""
        named = parse_candidate_id(candidate_id)
        if named is None or place(*named[1:]) not in self.of_round(named[0]):
            raise StageError(f"{candidate_id[:60]!r} is not a gold item: there is no mark to take away")
        self._say(candidate_id, _NONE, author)

    def words(self, round_number: int) -> list[GoldWord]:
        """Every decision of reviewers on the gold items of a round, from the beginning."""
        names = [mark.candidate_id for mark in self.of_round(round_number).values()]
        return [GoldWord(**row) for row in self._db.rows("gold_words", {"candidate_ids": names})] if names else []

    def _say(self, candidate_id: str, action: str, author: str) -> None:
        named = parse_candidate_id(candidate_id)
        known = named is not None and any(
            row["candidate_id"] == candidate_id for row in self._db.look_up("candidates_of_few_prompts", [named[1]])
        )
        if named is None or not known:
            raise StageError(
                f"there is no candidate {candidate_id[:60]!r}; a candidate is named round.prompt.k, e.g. 1.17.3"
            )
        row: dict[str, Any] = {"candidate_id": candidate_id, "round": named[0], "action": action, "author": author}
        with self._db.transaction(f"saving that {candidate_id} is a gold item"):
            self._db.insert("gold_marks", [row | {"guide": self._guides.version(), "created_at": utc_now()}])
            self._db.changes("overrides")  # what is read of overrides includes the marks
