"""Ending what has several parts, within a limit: each part in its turn, and what was not over is said."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

Step = tuple[str, Callable[[], object]]


def in_turn(steps: Sequence[Step], seconds: float) -> str | None:
    """Take the steps (what each ends, and how) one after the other, for at most `seconds`; what is still being ended then,
    None where all is. It goes on by itself, as long as the process lives, and so do the steps after it: what holds up the one
    must not be cut off, and what comes later may rest on it. A step that raises keeps none from its turn; the first error is
    raised at the end, where that comes in time."""
    errors: list[BaseException] = []
    now = [steps[0][0] if steps else ""]

    def take() -> None:
        for name, step in steps:
            now[0] = name
            try:
                step()
            except BaseException as error:  # raised where it is waited for
                errors.append(error)

    thread = threading.Thread(target=take, name="closing", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        return now[0]
    if errors:
        raise errors[0]
    return None
