"""A round's comparisons that hold, in memory: read once, and from then on only what is new, so that a comparison costs the
same whatever was said before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import dropwhile, islice

from rsf_core.domain import ChoiceKind, Verdict
from rsf_core.store.database import Database
from rsf_core.store.records import ComparisonRecord

Pair = tuple[str, str]


def pair_of(one: str, other: str) -> Pair:
    """Two candidates, whichever stands left."""
    return (one, other) if one < other else (other, one)


@dataclass(slots=True)
class _Spoken:
    """What a reviewer said of a pair that they can take back, the newest last; `seq` puts the pairs in the order in which
    they were compared last."""

    seq: int
    said: list[ComparisonRecord] = field(default_factory=list)


class ComparisonLog:
    """Each reviewer's newest word on a pair, as far as it is not taken back."""

    def __init__(self, database: Database, round_number: int) -> None:
        self._db, self._round = database, round_number
        self.lock = threading.RLock()
        self.forget()

    def forget(self) -> None:
        """Read everything anew when asked next: what was read did not come to hold."""
        self._seen: tuple[int, ...] | None = None
        self._last = 0
        self._lines: dict[str, list[ComparisonRecord]] = {}  # what each reviewer can take back, the next one last
        self._own: dict[str, dict[Pair, _Spoken]] = {}  # by reviewer, the pair compared last stands last
        self._voices: dict[Pair, int] = {}  # how many reviewers have compared it
        self.undone = 0  # how many comparisons were taken back: whoever walks the pairs begins anew

    def refresh(self) -> None:
        """Take in what was committed since; while the log is locked."""
        state = self._db.version("comparisons")
        if state != self._seen:
            self.read_on()
            self._seen = state

    def read_on(self) -> None:
        """Take in what was written since, by this transaction too."""
        for row in self._db.rows("comparisons_since", {"round": self._round, "seq": self._last}):
            self._last = row.pop("seq")
            kind, target = row.pop("kind"), row.pop("target")
            record = ComparisonRecord(**row | {"verdict": Verdict(row["verdict"])})
            (self._taken_back(record.reviewer, target) if kind == ChoiceKind.UNDO else self._compared(record))

    def _compared(self, record: ComparisonRecord) -> None:
        self._lines.setdefault(record.reviewer, []).append(record)
        pair, own = pair_of(record.left_id, record.right_id), self._own.setdefault(record.reviewer, {})
        before = own.pop(pair, None)
        if before is None:
            self._voices[pair] = self._voices.get(pair, 0) + 1
        own[pair] = _Spoken(self._last, [*(before.said if before else ()), record])

    def _taken_back(self, reviewer: str, target: str) -> None:
        line = self._lines.get(reviewer, [])
        if not line or line[-1].act != target:
            return  # of a comparison that was never kept: an earlier version wrote such undos when a commit had failed
        record = line.pop()
        pair, own = pair_of(record.left_id, record.right_id), self._own[reviewer]
        own[pair].said.pop()
        if not own[pair].said:
            del own[pair]
            self._voices[pair] -= 1
        self.undone += 1

    def last_of(self, reviewer: str) -> ComparisonRecord | None:
        """What the reviewer's next undo takes back."""
        return next(iter(self._lines.get(reviewer, [])[-1:]), None)

    def undoable(self, reviewer: str) -> int:
        """How many comparisons the reviewer can take back, one after the other."""
        return len(self._lines.get(reviewer, ()))

    def count(self, reviewer: str) -> int:
        """How many pairs the reviewer has compared."""
        return len(self._own.get(reviewer, ()))

    def has(self, reviewer: str, pair: Pair) -> bool:
        return pair in self._own.get(reviewer, ())

    def voices(self, pair: Pair) -> int:
        """How many reviewers have compared a pair."""
        return self._voices.get(pair, 0)

    def longest_ago(self, reviewer: str, after: int, count: int) -> list[tuple[Pair, int]]:
        """Of the pairs that the reviewer has compared those where that is longest ago, each with its place in that order;
        the first of them after the place `after`."""
        later = dropwhile(lambda one: one[1].seq <= after, self._own.get(reviewer, {}).items())
        return [(pair, spoken.seq) for pair, spoken in islice(later, count)]

    def standing(self) -> Iterator[ComparisonRecord]:
        """All that holds, by reviewer."""
        for own in self._own.values():
            for spoken in own.values():
                yield spoken.said[-1]
