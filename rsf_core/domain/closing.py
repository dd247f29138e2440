"""Closing something of several parts within a time limit: one part after another, reporting which part is unfinished."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

Step = tuple[str, Callable[[], object]]


def in_turn(steps: Sequence[Step], seconds: float) -> str | None:
    """Run the steps (the name of what each closes, and how) one after the other, and wait for at most `seconds`. Returns the
    name of the step that is still running then, or None if all have ended. That step and those after it continue in the
    background as long as the process lives: it must not be cut off, and later steps may depend on it. If a step raises, the
    others still run, and the first error is raised at the end, provided that the end comes in time."""
    errors: list[BaseException] = []
    now = [steps[0][0] if steps else ""]

    def take() -> None:
        for name, step in steps:
            now[0] = name
            try:
                step()
            except BaseException as error:  # raised below, in the thread that waits
                errors.append(error)

    thread = threading.Thread(target=take, name="closing", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        return now[0]
    if errors:
        raise errors[0]
    return None
