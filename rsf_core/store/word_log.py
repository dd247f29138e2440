"""Reviewers' comparisons or rankings of a round, each one called a word, in memory: read once, and from then on only what is
new, so that a word costs the same however many came before."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from itertools import dropwhile, islice
from typing import Any, Generic, Protocol, TypeVar

from rsf_core.domain import ChoiceKind
from rsf_core.store.database import Database


class Word(Protocol):
    """A comparison or a ranking, as a reviewer made it by an act."""

    @property
    def act(self) -> str: ...
    @property
    def reviewer(self) -> str: ...


W = TypeVar("W", bound=Word)
K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class _Spoken(Generic[W]):
    """A reviewer's words on one thing that they can take back, the newest last; `seq` orders the things by their newest
    word."""

    seq: int
    words: list[W] = field(default_factory=list)


class WordLog(ABC, Generic[W, K]):
    """Each reviewer's newest word on a thing (a pair, a prompt) that is not taken back. A subclass names the table and the
    query for its rows since a `seq`, and reads a row."""

    table: str
    since: str

    def __init__(self, database: Database, round_number: int) -> None:
        self._db, self._round = database, round_number
        self.lock = threading.RLock()
        self.forget()

    @abstractmethod
    def read(self, row: dict[str, Any]) -> W:
        """A row, less its kind and target, as a word."""

    @abstractmethod
    def about(self, word: W) -> K:
        """The thing that the word is about."""

    def unsays(self, word: W, before: W) -> bool:
        """Whether a reviewer's newer word leaves out something that their word before, on the same thing, covered."""
        return False

    def forget(self) -> None:
        """Read everything again at the next refresh: what was read was not committed."""
        self._seen: tuple[int, ...] | None = None
        self._last = 0
        self._lines: dict[str, list[W]] = {}  # what each reviewer can take back, the next one last
        self._own: dict[str, dict[K, _Spoken[W]]] = {}  # by reviewer, the thing with the newest word last
        self._voices: dict[K, int] = {}  # how many reviewers have a word on it
        self.undone = 0  # how many words were taken back or replaced by less: a walk through the things starts again

    def refresh(self) -> None:
        """Take in what was committed since. Hold the lock."""
        state = self._db.version(self.table)
        if state != self._seen:
            self.read_on()
            self._seen = state

    def read_on(self) -> None:
        """Take in what was written since, by this transaction too."""
        for row in self._db.rows(self.since, {"round": self._round, "seq": self._last}):
            self._last = row["seq"]
            kind, target = row.pop("kind"), row.pop("target")
            if kind == ChoiceKind.UNDO:
                self._taken_back(row["reviewer"], target)
            else:
                self._add(self.read(row))

    def _add(self, word: W) -> None:
        self._lines.setdefault(word.reviewer, []).append(word)
        key, own = self.about(word), self._own.setdefault(word.reviewer, {})
        before = own.pop(key, None)
        if before is None:
            self._voices[key] = self._voices.get(key, 0) + 1
        elif self.unsays(word, before.words[-1]):
            self.undone += 1
        own[key] = _Spoken(self._last, [*(before.words if before else ()), word])

    def _taken_back(self, reviewer: str, target: str) -> None:
        line = self._lines.get(reviewer, [])
        if not line or line[-1].act != target:
            return  # of a word that was never kept: an earlier version wrote such undos when a commit had failed
        word = line.pop()
        key, own = self.about(word), self._own[reviewer]
        own[key].words.pop()
        if not own[key].words:
            del own[key]
            self._voices[key] -= 1
        self.undone += 1

    def last_of(self, reviewer: str) -> W | None:
        """The word that the reviewer's next undo takes back, or None."""
        return next(iter(self._lines.get(reviewer, [])[-1:]), None)

    def undoable(self, reviewer: str) -> int:
        """How many words the reviewer can take back, one after the other."""
        return len(self._lines.get(reviewer, ()))

    def count(self, reviewer: str) -> int:
        """On how many things the reviewer has a word."""
        return len(self._own.get(reviewer, ()))

    def has(self, reviewer: str, key: K) -> bool:
        return key in self._own.get(reviewer, ())

    def voices(self, key: K) -> int:
        """How many reviewers have a word on it."""
        return self._voices.get(key, 0)

    def of(self, key: K) -> list[W]:
        """Each reviewer's current word on it."""
        if not self.voices(key):
            return []
        return [own[key].words[-1] for own in self._own.values() if key in own]

    def longest_ago(self, reviewer: str, after: int, count: int) -> list[tuple[K, W, int]]:
        """The things that the reviewer spoke of longest ago: each thing, its current word and the `seq` at which they last
        spoke of it; the first `count` with a `seq` above `after`."""
        later = dropwhile(lambda one: one[1].seq <= after, self._own.get(reviewer, {}).items())
        return [(key, spoken.words[-1], spoken.seq) for key, spoken in islice(later, count)]

    def standing(self) -> Iterator[W]:
        """Every current word, by reviewer."""
        for own in self._own.values():
            for spoken in own.values():
                yield spoken.words[-1]
