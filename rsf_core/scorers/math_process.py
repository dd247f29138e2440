"""Run as a script: compares completions with references by algebra, for another process.

It reads one JSON request per line on stdin, {"reference", "completion"}, and writes one JSON answer per line on stdout:
{"equal"}, or {"reference"} with the reason why the reference is not mathematics, or {"why"} there is no answer. A completion
may contain a power that no machine can compute, in code that Python's signals do not interrupt. So each request has a limit of
processor time in seconds, the argument of the script, after which the system ends this process. All requests together may use
MORE_MEMORY beyond the memory in use at the start.
"""

from __future__ import annotations

import logging
import sys
from functools import lru_cache
from typing import Any

from math_verify import parse, verify  # type: ignore[import-untyped]

from rsf_core.domain.helper_script import serve

MORE_MEMORY = 2**29  # bytes
DELIMITED = ("$", "\\boxed", "\\(", "\\[", "\\begin")


def main() -> None:
    # Silences the warning that the library's own time limit, which needs signals, is off.
    logging.disable(logging.ERROR)
    serve(lambda request: _answer(**request), int(sys.argv[1]), MORE_MEMORY)


def _answer(reference: str, completion: str) -> dict[str, Any]:
    try:
        right = _reference(reference)
        if not right:
            return {"reference": "it is not a number, expression, equation, interval or set"}
        answer = parse(completion, parsing_timeout=None)
        return {"equal": bool(answer) and verify(right, answer, timeout_seconds=None, raise_on_error=True)}
    except MemoryError:
        return {"why": f"comparing it with the reference takes more than {MORE_MEMORY // 2**20} MiB of memory"}
    except Exception as error:  # the library can raise anything on odd text; the person sees the reason
        return {"why": f"it cannot be compared with the reference ({type(error).__name__})"}


@lru_cache(maxsize=1024)
def _reference(text: str) -> Any:
    """The parsed reference, which is a single expression with or without dollars. A matrix is in an environment, which the
    library reads only in dollars."""
    within = f"${text}$"
    if not any(mark in text for mark in DELIMITED):
        return parse(within, parsing_timeout=None)
    return parse(text, parsing_timeout=None) or parse(within, parsing_timeout=None)


if __name__ == "__main__":
    main()
