"""A browser at the priority of the benchmark that started it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

EVERY_SECONDS = 0.3  # the browser keeps starting threads


@contextmanager
def of_this_process() -> Iterator[None]:
    """Give every thread of the browsers started within this context the nice value of this process. Chromium sets the priority
    of its threads itself (0, and −8 for some), so that `nice` before a benchmark would not affect the browser. Only root may
    raise a priority."""
    nice, ended = os.getpriority(os.PRIO_PROCESS, 0), threading.Event()
    thread = threading.Thread(target=_hold, args=(nice, ended), daemon=True)
    if nice < 0:
        thread.start()
    try:
        yield
    finally:
        ended.set()


def _hold(nice: int, ended: threading.Event) -> None:
    while not ended.wait(EVERY_SECONDS):
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # the process or one of its threads has ended meanwhile
                if "chrom" in process.name():
                    for thread in process.threads():
                        with suppress(ProcessLookupError):
                            os.setpriority(os.PRIO_PROCESS, thread.id, nice)
