"""The candidates that were read last, in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from itertools import islice

KEPT = 50_000  # names of candidates read last, about 150 bytes each: more than reviewers are shown


class RecentCandidates:
    """The candidates that were read last, with their rounds. A drawn candidate is never removed, so an act on a candidate
    that was shown needs no look-up. A candidate that is not here may still exist."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rounds: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._rounds)

    def add(self, rounds: Iterable[tuple[str, int]]) -> None:
        """Add names and rounds of committed candidates."""
        with self._lock:
            for name, round_number in rounds:
                self._rounds.pop(name, None)
                self._rounds[name] = round_number  # the one read last comes last
            for name in list(islice(self._rounds, max(0, len(self._rounds) - KEPT))):
                del self._rounds[name]

    def of(self, names: Iterable[str]) -> dict[str, int]:
        """The rounds of those that are known."""
        with self._lock:
            return {name: self._rounds[name] for name in names if name in self._rounds}
