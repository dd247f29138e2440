"""How the processor time of a function grows with its input: ratios within one process, which do not depend on the machine."""

from __future__ import annotations

from collections.abc import Callable

LONGER = 8
MOST = 24  # 8 would be linear, 64 quadratic
LEAST_SECONDS = 0.01  # of processor time: less is measured too coarsely
TRIES = 3  # another program may have taken the cache from one measurement


def is_linear(seconds: Callable[[int], float], size: int, least: float = LEAST_SECONDS) -> bool:
    """Whether an input of 8 times `size` takes nothing like 64 times as long. `seconds(size)` runs the function and returns
    the processor time that it took."""
    seconds(size)  # what the first call alone does would hide the growth
    return any(seconds(LONGER * size) < MOST * max(seconds(size), least) for _ in range(TRIES))
