"""Running code of a completion against tests: the code in a process of its own with limits, the tests in another, which has
plain data of it alone. docs/SECURITY.md says what this protects against, and what not."""

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
_START_SECONDS = 10.0  # until Python runs, on a machine that is busy with other things
_LARGEST_RESULT = 1 << 20


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the tests: a test that passes where it raises nothing, or what prepares those after it."""

    source: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one completion: processor time in seconds and memory in bytes, which each of its two processes may take. By the clock
    it may take twice as long, and a second more."""

    seconds: float
    memory: int

    @property
    def wall_seconds(self) -> float:
        return 2 * self.seconds + 1


def passed(code: str, statements: Sequence[Statement], limits: Limits) -> int:
    """How many of the tests pass. Code that does not run to its end passes none. Raises OSError where no process can be
    started, or it ended before the code was run; OutOfSpaceError where there is no space for its files."""
    lines = _run(code, statements, limits)
    tests = {str(number) for number, statement in enumerate(statements) if statement.is_test}
    return len(tests.intersection(lines[1:]))


@cache
def isolated() -> bool:
    """Whether this machine lets the process be cut off from the network and have process numbers of its own."""
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
        # the tests and what comes of them go through pipes, which the code has not: no file holds them
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
        raise OSError("its process ended before it began: look whether the machine has memory to spare")
    return lines


def _end(process: subprocess.Popen[bytes]) -> None:
    """The process with all of its session; `wait` ends, for SIGKILL cannot be refused."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
