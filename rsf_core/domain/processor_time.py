"""A limit of processor time for what Python computes, where that may take for ever: a regular expression that tries the same
characters in ever more ways."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TooLongError(Exception):
    """What was computed took more processor time than it may."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises TooLongError within, after `seconds` of processor time; `re` asks for signals as it matches. The timer is one of
    the process and rings in its main thread: a job calls its scorers there. In another thread, and where a system has no such
    timer, there is no limit here, and what limits the call as a whole ends it (jobs/calling.py)."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _ring(number: int, frame: object) -> None:
    raise TooLongError
