"""Fixtures of the fault tests: a clock that can be set, and whether the run is whole or short."""

from __future__ import annotations

import pytest

from tests.support.faults.clock import Clock
from tests.support.faults.share import WHOLE
from tests.support.wall_clock import set_wall_clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    set_wall_clock(monkeypatch, made)
    return made


@pytest.fixture(scope="session")
def whole() -> bool:
    """Whether `RSF_FAULTS=whole` asks for the whole run instead of the short one for every day."""
    return WHOLE
