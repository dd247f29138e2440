"""What people said of two candidates of a prompt, as acts: appended, never changed, taken back by appending again. A round's
are read once and kept in memory, and from then on only what is new, so that a comparison costs the same whatever was said
before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from rsf_core.domain import Verdict, parse_candidate_id
from rsf_core.domain.access import spoken
from rsf_core.domain.errors import StageError
from rsf_core.store.database import Database, utc_now
from rsf_core.store.guides import Guides
from rsf_core.store.records import ComparisonRecord

KEPT = 3  # rounds
Pair = tuple[str, str]


def pair_of(one: str, other: str) -> Pair:
    """Two candidates, whichever stands left."""
    return (one, other) if one < other else (other, one)


class ComparisonLog:
    """A round's comparisons that hold: each reviewer's newest of a pair, as far as it is not taken back."""

    def __init__(self, database: Database, round_number: int) -> None:
        self._db, self._round = database, round_number
        self.lock = threading.RLock()
        self._seen: tuple[int, ...] | None = None
        self._last = 0
        self._lines: dict[str, list[ComparisonRecord]] = {}  # what each reviewer can take back, the next one last
        self._own: dict[str, dict[Pair, list[ComparisonRecord]]] = {}  # by reviewer, the pair compared last stands last
        self._voices: dict[Pair, int] = {}  # how many reviewers have compared it
        self.undone = 0  # how many comparisons were taken back: whoever walks the pairs begins anew

    def refresh(self) -> None:
        """Take in what was said since; while the log is locked."""
        state = self._db.version("comparisons")
        if state == self._seen:
            return
        for row in self._db.rows("comparisons_since", {"round": self._round, "seq": self._last}):
            self._last = row.pop("seq")
            kind, target = row.pop("kind"), row.pop("target")
            record = ComparisonRecord(**row | {"verdict": Verdict(row["verdict"])})
            (self._compared(record) if kind == "compare" else self._taken_back(record.reviewer, target))
        self._seen = state

    def _compared(self, record: ComparisonRecord) -> None:
        self._lines.setdefault(record.reviewer, []).append(record)
        pair, own = pair_of(record.left_id, record.right_id), self._own.setdefault(record.reviewer, {})
        said = own.pop(pair, [])
        if not said:
            self._voices[pair] = self._voices.get(pair, 0) + 1
        own[pair] = [*said, record]

    def _taken_back(self, reviewer: str, target: str) -> None:
        line = self._lines[reviewer]
        assert line[-1].act == target, "an undo takes back the last"
        record = line.pop()
        pair, own = pair_of(record.left_id, record.right_id), self._own[reviewer]
        own[pair] = own[pair][:-1]
        if not own[pair]:
            del own[pair]
            self._voices[pair] -= 1
        self.undone += 1

    def last_of(self, reviewer: str) -> ComparisonRecord | None:
        """What the reviewer's next undo takes back."""
        return next(iter(self._lines.get(reviewer, [])[-1:]), None)

    def count(self, reviewer: str) -> int:
        """How many pairs the reviewer has compared."""
        return len(self._own.get(reviewer, ()))

    def has(self, reviewer: str, pair: Pair) -> bool:
        return pair in self._own.get(reviewer, ())

    def voices(self, pair: Pair) -> int:
        """How many reviewers have compared a pair."""
        return self._voices.get(pair, 0)

    def longest_ago(self, reviewer: str) -> Pair | None:
        """Of the pairs that the reviewer has compared the one where that is longest ago."""
        return next(iter(self._own.get(reviewer, ())), None)

    def standing(self) -> Iterator[ComparisonRecord]:
        """All that holds, by reviewer."""
        for own in self._own.values():
            for said in own.values():
                yield said[-1]


class Comparisons:
    def __init__(self, database: Database, guides: Guides) -> None:
        self._db, self._guides = database, guides
        self._guard = threading.Lock()
        self._logs: dict[int, ComparisonLog] = {}

    def log(self, round_number: int) -> ComparisonLog:
        """The log of a round; hold its lock, and refresh it, while asking it."""
        with self._guard:
            log = self._logs.pop(round_number, None) or ComparisonLog(self._db, round_number)
            self._logs[round_number] = log  # the one asked for last stands last
            while len(self._logs) > KEPT:
                del self._logs[next(iter(self._logs))]
            return log

    def standing(self, round_number: int) -> list[ComparisonRecord]:
        """All that holds in a round."""
        log = self.log(round_number)
        with log.lock:
            log.refresh()
            return list(log.standing())

    @spoken
    def say(self, act: str, round_number: int, left_id: str, right_id: str, verdict: Verdict, reviewer: str) -> bool:
        """Say which of two candidates is better; False where this act was said before, so that nothing changes. Raises
        StageError for two that cannot be compared."""
        with self._db.transaction(f"saving what {reviewer} said of two candidates"):
            if self._db.look_up("comparisons_known", [act]):
                return False
            self._check(round_number, left_id, right_id)
            self._append(act, "compare", round_number, left_id, right_id, verdict, reviewer, None)
            return True

    @spoken
    def undo(self, act: str, round_number: int, reviewer: str) -> Pair | None:
        """Take back the reviewer's last comparison of the round; the pair, None where this act was said before. Raises
        StageError where there is nothing to take back."""
        log = self.log(round_number)
        with self._db.transaction(f"saving that {reviewer} takes a comparison back"), log.lock:
            if self._db.look_up("comparisons_known", [act]):
                return None
            log.refresh()
            last = log.last_of(reviewer)
            if last is None:
                raise StageError(f"there is nothing to undo: {reviewer} has compared no pair in round {round_number}")
            self._append(act, "undo", round_number, last.left_id, last.right_id, last.verdict, reviewer, last.act)
            return last.left_id, last.right_id

    def _append(
        self,
        act: str,
        kind: str,
        round_number: int,
        left_id: str,
        right_id: str,
        verdict: Verdict,
        reviewer: str,
        target: str | None,
    ) -> None:
        row: dict[str, Any] = {
            "act": act,
            "kind": kind,
            "round": round_number,
            "left_id": left_id,
            "right_id": right_id,
        }
        row |= {"verdict": str(verdict), "reviewer": reviewer, "target": target, "guide": self._guides.version()}
        self._db.insert("comparisons", [row | {"created_at": utc_now()}])

    def _check(self, round_number: int, left_id: str, right_id: str) -> None:
        left, right = parse_candidate_id(left_id), parse_candidate_id(right_id)
        for name, found in ((left_id, left), (right_id, right)):
            if found is None or found[0] != round_number:
                raise StageError(f"there is no candidate {name[:60]!r} in round {round_number}")
        assert left is not None and right is not None
        if left_id == right_id or left[1] != right[1]:
            raise StageError(f"{left_id} and {right_id} are not two candidates of one prompt")
        known = {row["candidate_id"] for row in self._db.look_up("candidates_of_few_prompts", [left[1]])}
        missing = [name for name in (left_id, right_id) if name not in known]
        if missing:
            raise StageError(f"there is no candidate {missing[0]!r} in round {round_number}")
