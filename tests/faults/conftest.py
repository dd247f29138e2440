"""Fixtures of the fault tests: a clock that can be set, and whether the run is whole or short."""

from __future__ import annotations

import pytest

from rsf_core.rounds import curation, follow_ups
from rsf_core.store import acts, database, store
from tests.support.faults.clock import Clock
from tests.support.faults.share import WHOLE


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (database, store, acts, curation, follow_ups):
        monkeypatch.setattr(module, "utc_now", made)
    return made


@pytest.fixture(scope="session")
def whole() -> bool:
    """Whether `RSF_FAULTS=whole` asks for the whole run instead of the short one for every day."""
    return WHOLE
