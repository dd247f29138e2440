"""A process that answers requests line by line, for work on untrusted data: it is killed when an answer does not come."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Any


class HelperEndedError(Exception):
    """The process gave no answer and has been ended. `returncode` is its exit status, or minus the signal's number."""

    def __init__(self, returncode: int) -> None:
        super().__init__(f"the helper process ended with status {returncode}")
        self.returncode = returncode


class HelperProcess:
    """A process that starts with the first request, and again if it has ended; one request at a time. It reads one JSON
    request a line on stdin and writes one JSON answer a line on stdout."""

    def __init__(self, command: Callable[[], Sequence[str]], wall_seconds: float) -> None:
        """The process is killed after `wall_seconds` without a byte of the answer; the time it takes to start counts too."""
        self._command = command
        self._wall_seconds = wall_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the process if it does not run, without waiting for it."""
        with self._lock:
            self._running()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer. Raises HelperEndedError if the process ended, or had to be killed, before it gave one."""
        with self._lock:
            process = self._running()
            assert process.stdin is not None and process.stdout is not None
            try:
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
                answer = self._line(process.stdout.fileno())
            except (BrokenPipeError, TimeoutError):
                answer = b""
            if answer:
                parsed: dict[str, Any] = json.loads(answer)
                return parsed
            self._end(process)
            raise HelperEndedError(process.returncode)

    def stop(self) -> None:
        with self._lock:
            if self._process is not None:
                self._end(self._process)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            if self._process is not None:
                self._end(self._process)
            self._process = subprocess.Popen(
                list(self._command()),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        return self._process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):  # closing flushes what was still to be written
                pipe.close()
        self._process = None

    def _line(self, pipe: int) -> bytes:
        """A whole line from the pipe, or nothing if the pipe ends before that. Raises TimeoutError."""
        read = bytearray()
        while not read.endswith(b"\n"):
            ready, _, _ = select.select([pipe], [], [], self._wall_seconds)
            if not ready:
                raise TimeoutError
            part = os.read(pipe, 2**16)
            if not part:
                return b""
            read += part
        return bytes(read)
