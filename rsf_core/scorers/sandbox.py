"""Running a completion's code against tests: the code in a process of its own with limits, the tests in another process, which
gets only plain data from it. docs/SECURITY.md describes what this protects against and what it does not."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rsf_core.domain.errors import OutOfSpaceError
from rsf_core.domain.files import scratch

_CHILD = Path(__file__).with_name("sandbox_child.py")
_START_SECONDS = 10.0  # for the start of Python on a busy machine
_LARGEST_RESULT = 1 << 20


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the tests: a test, which passes if it raises nothing, or preparation for later tests."""

    source: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits for one completion: processor time in seconds and memory in bytes for each of its two processes. The limit of
    wall time is twice as long plus a second."""

    seconds: float
    memory: int

    @property
    def wall_seconds(self) -> float:
        return 2 * self.seconds + 1


def passed(code: str, statements: Sequence[Statement], limits: Limits) -> int:
    """How many of the tests pass. Code that does not run to its end passes none. Raises OSError if no process can be started
    or it ended before the code ran; OutOfSpaceError if there is no space for its files."""
    lines = _run(code, statements, limits)
    tests = {str(number) for number, statement in enumerate(statements) if statement.is_test}
    return len(tests.intersection(lines[1:]))


@cache
def isolated() -> bool:
    """Whether this machine allows a process without network and with process numbers of its own."""
    try:
        return _run("", [], Limits(2, 256 << 20))[:1] == ["namespaces"]
    except (OSError, OutOfSpaceError):
        return False


def _run(code: str, statements: Sequence[Statement], limits: Limits) -> list[str]:
    work = {"code": code, "statements": [(statement.source, statement.is_test) for statement in statements]}
    with scratch("rsf-code-") as empty:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", _CHILD, repr(limits.seconds), str(limits.memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=empty,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": str(empty), "PYTHONHASHSEED": "0"},
            start_new_session=True,
        )
        # the tests and their results go through pipes that the code does not have: they are in no file
        output = b""
        try:
            output, _ = process.communicate(json.dumps(work).encode(), limits.wall_seconds + _START_SECONDS)
        except subprocess.TimeoutExpired:
            _end(process)
            with contextlib.suppress(subprocess.TimeoutExpired):
                output, _ = process.communicate(timeout=_START_SECONDS)
        finally:
            _end(process)
    lines = output[:_LARGEST_RESULT].decode("ascii", "replace").split("\n")
    if not lines[0]:  # it is written before the code is run
        raise OSError("its process ended before it began: check whether the machine has memory to spare")
    return lines


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and its whole session; `wait` returns because SIGKILL cannot be ignored."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
