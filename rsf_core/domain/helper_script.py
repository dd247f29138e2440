"""The other end of a `HelperProcess`: it answers line by line, within limits that the operating system enforces."""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import sys
from collections.abc import Callable, Mapping
from typing import Any


def serve(answer: Callable[[dict[str, Any]], Mapping[str, Any]], cpu_seconds: float, more_memory: int) -> None:
    """Answer until stdin ends: one JSON request a line there, one JSON answer a line on stdout. The system kills the process
    if an answer takes `cpu_seconds` of processor time, or up to one second more, since it counts whole seconds. All answers
    together may use `more_memory` bytes beyond what the process uses before the first."""
    _limit_memory(more_memory)
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what is printed by mistake goes to stderr: it is not an answer
    for line in sys.stdin:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime + cpu_seconds), most))
        out.write(json.dumps(answer(json.loads(line))) + "\n")
        out.flush()


def _limit_memory(more: int) -> None:
    """On Linux, which reports and limits the size of a process; elsewhere only the processor time is limited."""
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + more, resource.RLIM_INFINITY))
