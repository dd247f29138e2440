"""Run as a script: says whether completions state what references say, by algebra, for another process.

One JSON request a line on stdin, {"reference", "completion"}; one JSON answer a line on stdout: {"equal"}, or {"reference"},
which says why the reference is no mathematics, or {"why"} there is no answer. A completion can hold a power that no machine
computes, in code that no signal of Python's reaches: each request gets so many seconds of processor time, the argument of the
script, after which the system ends this process, and all of them MORE_MEMORY over what the start has taken.
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
    logging.disable(logging.ERROR)  # that there is no time limit of the library's own, which would need signals
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
    except Exception as error:  # a library that a text has led astray can raise anything; the person is told
        return {"why": f"it cannot be compared with the reference ({type(error).__name__})"}


@lru_cache(maxsize=1024)
def _reference(text: str) -> Any:
    """What a reference says: it is one expression as a whole, in dollars or not. A matrix stands in an environment too, which
    is read only in dollars."""
    within = f"${text}$"
    if not any(mark in text for mark in DELIMITED):
        return parse(within, parsing_timeout=None)
    return parse(text, parsing_timeout=None) or parse(within, parsing_timeout=None)


if __name__ == "__main__":
    main()
