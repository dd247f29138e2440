"""A clock that can be set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import cycle

from rsf_core.store import database


class Clock:
    """The wall clock as the owner reads it, shifted by `offset`; each reading advances to the next of `jumps`."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self._jumps: Iterator[timedelta] = cycle([timedelta()])
        self._now = database.utc_now

    def back(self, hours: float) -> None:
        self.offset -= timedelta(hours=hours)

    def jump(self, *hours: float) -> None:
        """From now on, each reading is off by the next of these hours, in a cycle."""
        self._jumps = cycle([timedelta(hours=by) for by in hours])

    def __call__(self) -> datetime:
        return self._now() + self.offset + next(self._jumps)
