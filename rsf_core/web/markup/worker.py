"""Renders texts for the owner in a process of its own (`python -m rsf_core.web.markup.worker SECONDS`): a text may be made to
take for ever or to explode.

One JSON request a line on stdin, one JSON answer a line on stdout. Each text has SECONDS of processor time, checked between
the steps of the interpreter and of its regular expressions; the system ends the process where that does not help."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
from types import FrameType

from rsf_core.web.markup.cleaning import TooMuchError
from rsf_core.web.markup.render import HiddenError, render

HARD_SECONDS = 2  # more, after which the system ends the process
MORE_MEMORY = 2**29  # bytes
CHECKS = 0.05  # seconds after which it is looked again, where a library has swallowed the first signal


class _TooSlowError(BaseException):
    """Not an Exception: a library that catches those would go on."""


def answer(text: str, seconds: float) -> dict[str, str]:
    """`tree`, as JSON, which is null where the text reads as it is written; or `why` there is none."""
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds, CHECKS)
        try:
            made = json.dumps(render(text), separators=(",", ":"))
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        return {"tree": made}
    except (TooMuchError, HiddenError) as error:
        return {"why": str(error)}
    except _TooSlowError:
        return {"why": "it takes too long"}
    except MemoryError:
        return {"why": "it takes too much memory"}
    except (
        Exception
    ) as error:  # a library that a text has led astray can raise anything; the person is told, and reads it raw
        return {"why": f"it cannot be read as Markdown ({type(error).__name__})"}


def main() -> None:
    seconds = float(sys.argv[1])
    signal.signal(signal.SIGVTALRM, _stop)
    _limit_memory()
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever prints by mistake is no answer
    for line in sys.stdin:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + HARD_SECONDS, most))
        out.write(json.dumps(answer(json.loads(line)["text"], seconds)) + "\n")
        out.flush()


def _stop(signal_number: int, frame: FrameType | None) -> None:
    raise _TooSlowError


def _limit_memory() -> None:
    """Where the system tells the size of a process and limits it (Linux); elsewhere the processor time alone bounds it."""
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MORE_MEMORY, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
