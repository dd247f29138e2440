"""What the tests of faults share: a clock that can be set, waits that end, a whole or a short run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import cycle

import pytest

from rsf_core.rounds import curation, follow
from rsf_core.store import acts, database, store

WHOLE = os.environ.get("RSF_FAULTS") == "whole"  # as `make faults` runs them: more kills, real times


def until(true: Callable[[], object], seconds: float = 90.0) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.02)


class Clock:
    """The wall clock as the owner reads it, moved by `offset`; each reading goes on to the next of `jumps`."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self._jumps: Iterator[timedelta] = cycle([timedelta()])
        self._now = database.utc_now

    def back(self, hours: float) -> None:
        self.offset -= timedelta(hours=hours)

    def jump(self, *hours: float) -> None:
        """From now on every reading is off by the next of these, again and again."""
        self._jumps = cycle([timedelta(hours=by) for by in hours])

    def __call__(self) -> datetime:
        return self._now() + self.offset + next(self._jumps)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (database, store, acts, curation, follow):
        monkeypatch.setattr(module, "utc_now", made)
    return made


@pytest.fixture(scope="session")
def whole() -> bool:
    """Whether `RSF_FAULTS=whole` asks for all of it, and not for the share that is fit for every day."""
    return WHOLE
