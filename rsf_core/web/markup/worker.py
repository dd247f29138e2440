"""Renders texts for the owner in a process of its own (`python -m rsf_core.web.markup.worker SECONDS`): a text may be made to
take for ever or to explode.

One JSON request a line on stdin, one JSON answer a line on stdout. Each text has SECONDS of processor time, checked between
the steps of the interpreter and of its regular expressions; the system ends the process where that does not help."""

from __future__ import annotations

import json
import signal
import sys
from types import FrameType

from rsf_core.domain.helper_script import serve
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
    serve(lambda request: answer(request["text"], seconds), seconds + HARD_SECONDS, MORE_MEMORY)


def _stop(signal_number: int, frame: FrameType | None) -> None:
    raise _TooSlowError


if __name__ == "__main__":
    main()
