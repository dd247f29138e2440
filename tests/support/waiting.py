"""Waits for events outside the test, with a limit, so that no test hangs."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(true: Callable[[], object], seconds: float = 90.0) -> None:
    """Wait until `true()` is true; the test fails if that takes longer than `seconds`."""
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.02)
