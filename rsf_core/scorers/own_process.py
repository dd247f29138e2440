"""Run as a script, `own_process.py FILE FUNCTION PARAMETERS SECONDS`: calls a project's own scorer for another process, which
ends this one if a call does not return.

It reads one JSON request per line on stdin, {"id", "arguments"}, and writes one JSON answer per line on stdout:
{"id", "score"} or {"id", "error"}. A person has allowed this code to run; the limits are against mistakes, not malice:
SECONDS of processor time per call on each of a few cores, MORE_MEMORY for all calls together, and LARGEST_FILE per file.
Nothing of rsf_core is imported unless the code does so, because a process starts for every job and every try.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

MORE_MEMORY = 8 * 2**30  # bytes of address space
LARGEST_FILE = 2**28  # bytes
CORES = 4
LONGEST = 300  # characters of an error


def main() -> None:
    path, name, parameters, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    me = os.getpid()
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)  # printed text must not mix with the answers
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _limit_memory()
    _limit_time(seconds * 3)
    function: Callable[..., object] | None = None
    problem = ""
    try:
        with open(path, encoding="utf-8-sig") as file:
            code = compile(file.read(), path, "exec")
        space: dict[str, Any] = {"__name__": "own_scorer", "__file__": path}
        exec(code, space)
        function = space[name]
    except BaseException as error:  # the code may raise anything
        problem = _description(error, path)
    if os.getpid() != me:  # the code has forked: the copy must not answer
        os._exit(0)
    answers.write(json.dumps({"id": 0}) + "\n")  # loaded, or failed to load
    answers.flush()
    for line in requests:
        request = json.loads(line)
        _limit_time(seconds)
        if function is None:
            answer = {"error": f"it cannot be loaded: {problem}"}
        else:
            answer = _answer(function, request["arguments"][:parameters], path)
        if os.getpid() != me:
            os._exit(0)
        answers.write(json.dumps({"id": request["id"], **answer}) + "\n")
        answers.flush()


def _answer(function: Callable[..., object], arguments: Sequence[str | None], path: str) -> dict[str, Any]:
    try:
        returned = function(*arguments)
        if isinstance(returned, dict):
            return {"score": {_key(key): _number(value) for key, value in returned.items()}}
        return {"score": _number(returned)}
    except BaseException as error:  # includes SystemExit
        return {"error": _description(error, path)}


def _number(value: Any) -> float:
    """A finite number; numpy scalars, True and False are accepted. Raises ValueError for anything else."""
    if isinstance(value, (str, bytes, bytearray)) or getattr(value, "ndim", False):
        raise ValueError(f"it returned {value!r:.80}: a score must be a finite number")
    try:
        number = float(value)
    except Exception:  # a person's object may raise anything in its conversion
        raise ValueError(f"it returned {_repr(value)}: a score must be a finite number") from None
    if number - number != 0:
        raise ValueError(f"it returned {number}: a score must be a finite number")
    return number


def _key(key: object) -> str:
    if not isinstance(key, str) or not key.isidentifier() or not key.isascii() or len(key) > 40:
        raise ValueError(f"it returned a dict with the key {_repr(key)}: keys are names of letters, digits and _")
    return key


def _repr(value: object) -> str:
    try:
        return repr(value)[:80]
    except Exception:  # its repr may fail
        return f"<{type(value).__name__}>"


def _description(error: BaseException, path: str) -> str:
    """The error and the line of the file that raised it."""
    if isinstance(error, MemoryError):
        what = "it took too much memory"
    elif isinstance(error, ValueError) and str(error).startswith("it returned"):
        return str(error)[:LONGEST]
    else:
        try:
            what = f"{type(error).__name__}: {str(error)[:LONGEST]}"
        except Exception:  # its str may fail too
            what = type(error).__name__
    lines = [step.lineno for step in traceback.extract_tb(error.__traceback__) if step.filename == path]
    if isinstance(error, SyntaxError) and error.filename == path:
        lines = [error.lineno]
    return f"{what} (line {lines[-1]})" if lines and lines[-1] else what


def _limit_memory() -> None:
    for what, most in ((resource.RLIMIT_FSIZE, LARGEST_FILE), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(what, (most, most))
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MORE_MEMORY, resource.RLIM_INFINITY))
    except (OSError, ValueError):  # a system without /proc, or one that refuses the limit
        pass


def _limit_time(seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + CORES * seconds) + 2, most))


def _end_with(parent: int) -> None:
    """End this process when its parent has ended, because nobody waits for an answer then."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


if __name__ == "__main__":
    main()
