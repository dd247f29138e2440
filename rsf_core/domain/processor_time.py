"""A limit of processor time for computations in Python that may take for ever, such as a regular expression that backtracks
exponentially."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TooLongError(Exception):
    """A computation took more processor time than it may."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises TooLongError inside the block after `seconds` of processor time; `re` checks for signals while it matches. The
    timer belongs to the process and interrupts its main thread, where a job calls its scorers. In another thread, and on a
    system without this timer, there is no limit here: the limit of the call as a whole applies (jobs/calling.py)."""
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
