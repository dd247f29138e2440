"""Sets the wall clock that the product reads."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable
from datetime import datetime

import pytest

import rsf_core.project
import rsf_core.review
import rsf_core.rounds
import rsf_core.store
from rsf_core.store import database

PACKAGES = (rsf_core.store, rsf_core.rounds, rsf_core.review, rsf_core.project)


def set_wall_clock(patch: pytest.MonkeyPatch, now: Callable[[], datetime]) -> None:
    """Let every module read `now()` in UTC, without a zone, wherever the function that reads the clock is used."""
    for package in PACKAGES:  # a module that is imported later would keep `now`
        for listed in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(listed.name)
    shipped = database.utc_now
    for name, module in list(sys.modules.items()):
        if name.startswith("rsf_core.") and vars(module).get("utc_now") is shipped:
            patch.setattr(module, "utc_now", now)
