"""The part of the store for what reviewers read and what they decided."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa

from rsf_core.domain import Act, Action, ActKind, parse_candidate_id
from rsf_core.domain.access import checks_name
from rsf_core.domain.errors import StoreError
from rsf_core.domain.patterns import PatternError, composed_pattern
from rsf_core.domain.text import composed
from rsf_core.store.acts import Acts
from rsf_core.store.database import Database
from rsf_core.store.records import OverrideRecord

KEPT_VERSIONS = 16


class Reviewed:
    def __init__(self, db: Database, acts: Acts) -> None:
        self._db, self._acts = db, acts
        self._candidates_in = lru_cache(maxsize=KEPT_VERSIONS)(self._count_candidates)
        self._ratios_state = lru_cache(maxsize=KEPT_VERSIONS)(self._read_ratios_state)

    @checks_name
    def add_override(self, uid: str, candidate_id: str, action: Action, reviewer: str) -> bool:
        """Append a decision of `reviewer` on a candidate. Returns False if `uid` was saved before: then nothing changes.
        Raises StoreError for an unknown candidate."""
        named = parse_candidate_id(candidate_id)
        act = Act(uid, ActKind.DECIDE, (candidate_id,), action)
        (outcome,) = self._acts.say([act], named[0] if named else 0, reviewer)
        if outcome.refused is not None:
            raise StoreError(outcome.refused)
        return not outcome.known

    @checks_name
    def undo_override(self, uid: str, round_number: int, reviewer: str) -> str | None:
        """Take back the last act of `reviewer` in the round. Returns a candidate it touched, or None if there is none."""
        (outcome,) = self._acts.say([Act(uid, ActKind.UNDO)], round_number, reviewer)
        return outcome.candidate_ids[0] if outcome.candidate_ids else None

    def overrides(self, *, round_number: int | None = None, candidate_id: str | None = None) -> list[OverrideRecord]:
        params = {"round": round_number, "candidate_id": candidate_id}
        return [OverrideRecord(**row) for row in self._db.rows("overrides", params)]

    def review_table(self, round_number: int) -> pa.Table:
        """One row a candidate by prompt and k: token_count (−1: not counted), truncated, u, log_ratio,
        critical_log_m (NaN before scoring, and for candidates made elsewhere), scale."""
        return self._db.arrow("review_table", {"round": round_number})

    def drawn_version(self) -> tuple[int, ...]:
        """Differs whenever candidates, log ratios or M of any round do; costs nothing."""
        return self._db.version("candidates", "candidates_elsewhere", "log_ratios", "thresholds")

    def review_version(self, round_number: int) -> tuple[int, ...]:
        """Differs whenever `review_table` does."""
        count = self._candidates_in(round_number, self._db.version("candidates", "candidates_elsewhere"))
        return count, *self._ratios_state(round_number, self._db.version("log_ratios", "thresholds"))

    def _count_candidates(self, round_number: int, version: tuple[int, ...]) -> int:
        return int(self._db.rows("count_candidates", {"round": round_number})[0]["count"])

    def _read_ratios_state(self, round_number: int, version: tuple[int, ...]) -> tuple[int, int, int]:
        row = self._db.rows("ratios_state", {"round": round_number})[0]
        return row["target_id"], row["ratios"], row["hash"]

    def opinions(self, round_number: int) -> pa.Table:
        """Each reviewer's current decisions: prompt_id, k, reviewer, action, final; oldest first."""
        return self._db.arrow("opinions_of_round", {"round": round_number})

    def words_before_settling(self, round_number: int) -> pa.Table:
        """The earlier decisions of those who then settled a candidate, with the columns of `opinions`."""
        return self._db.arrow("words_before_settling", {"round": round_number})

    def shown(self, round_number: int) -> pa.Table:
        """How the candidates that reviewers decided were shown to them, as far as known: prompt_id, k, reviewer, shown_in (the
        order of the queue that showed it last), as_audit (whether it was ever shown as part of the random audit)."""
        return self._db.arrow("shown_of_round", {"round": round_number})

    def annotations(self, round_number: int) -> list[dict[str, Any]]:
        """prompt_id, k, note, flagged, tags, edit of every candidate that has one."""
        return self._db.rows("annotations_of_round", {"round": round_number})

    def edits_version(self) -> tuple[int, ...]:
        """Differs whenever a completion was edited."""
        return self._db.version("annotations")

    def matching_text(self, round_number: int, text: str | None, regex: str | None) -> pa.Table:
        """prompt_id and k of the candidates whose completion, as edited, contains `text` (in any case) and matches the
        RE2 `regex`; é is found however either side typed it (NFC). Raises StoreError if the expression is not valid."""
        try:
            pattern = composed_pattern(regex) if regex else None
        except PatternError as error:
            raise StoreError(f"searching for /{regex}/: {error}") from error
        params = {"round": round_number, "text": composed(text) if text else None, "regex": pattern}
        with self._db.guard(f"searching for /{regex}/" if regex else "searching the completions"):
            return self._db.arrow("matching_text", params)

    def candidates_of_prompts(self, round_number: int, prompt_ids: Sequence[int]) -> list[dict[str, Any]]:
        """candidate_id, prompt_id, k, completion, token_count and source (None if it was drawn) of all candidates of these
        prompts, by prompt and k."""
        rows = self._db.look_up("candidates_of_prompts", list(prompt_ids))
        if not self._db.in_transaction:  # which may be rolled back
            self._acts.recent.add((row["candidate_id"], row["round"]) for row in rows)
        return [row for row in rows if row.pop("round") == round_number]

    def prompts_by_id(self, prompt_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        rows = self._db.look_up("prompts_by_id", list(prompt_ids))
        return {row["prompt_id"]: row for row in rows}
