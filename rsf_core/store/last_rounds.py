"""A cache for the rounds that were asked for last."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Part = TypeVar("Part")
LEAST = 2  # rounds: the current one and the one before it


class LastRounds(Generic[Part]):
    """One part a round, made by `make` when it is first asked for. Holds the `most` rounds asked for last, and more than LEAST
    only while their sizes fit into `room`. Thread-safe."""

    def __init__(
        self, make: Callable[[int], Part], most: int, size: Callable[[Part], int] = lambda part: 0, room: int = 0
    ) -> None:
        self._make, self._most, self._size, self._room = make, most, size, room
        self._guard = threading.Lock()
        self._parts: dict[int, Part] = {}

    def of(self, round_number: int) -> Part:
        with self._guard:
            part = self._parts.pop(round_number) if round_number in self._parts else self._make(round_number)
            self._parts[round_number] = part  # the one asked for last comes last
            while len(self._parts) > self._most or (len(self._parts) > LEAST and self._full()):
                del self._parts[next(iter(self._parts))]
            return part

    def _full(self) -> bool:
        return sum(map(self._size, self._parts.values())) > self._room

    def known(self, round_number: int) -> Part | None:
        """The part of a round if it is in memory, else None."""
        with self._guard:
            return self._parts.get(round_number)
