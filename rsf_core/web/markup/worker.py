"""Renders texts in a process of its own (`python -m rsf_core.web.markup.worker SECONDS`), because a text may be made so that
it runs for ever or exhausts memory.

One JSON request a line on stdin, one JSON response a line on stdout. Each text has SECONDS of processor time, checked between
the steps of the interpreter and of its regular expressions; if that does not help, the system ends the process."""

from __future__ import annotations

import json
import signal
import sys
from types import FrameType

from rsf_core.domain.helper_script import serve
from rsf_core.web.markup.cleaning import TooMuchError
from rsf_core.web.markup.render import HiddenError, render

HARD_SECONDS = 2  # in addition, after which the system ends the process
MORE_MEMORY = 2**29  # bytes
CHECKS = 0.05  # seconds until the next signal, in case a library has swallowed the first


class _TooSlowError(BaseException):
    """Not an Exception: a library that catches those would go on."""


def answer(text: str, seconds: float) -> dict[str, str]:
    """`tree`, as JSON, which is null if the text reads the same unrendered; or `why` there is none."""
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
    ) as error:  # a library may raise anything for a crafted text; the person is told, and reads it unrendered
        return {"why": f"it cannot be read as Markdown ({type(error).__name__})"}


def main() -> None:
    seconds = float(sys.argv[1])
    signal.signal(signal.SIGVTALRM, _stop)
    serve(lambda request: answer(request["text"], seconds), seconds + HARD_SECONDS, MORE_MEMORY)


def _stop(signal_number: int, frame: FrameType | None) -> None:
    raise _TooSlowError


if __name__ == "__main__":
    main()
