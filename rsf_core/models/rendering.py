"""Chat templates rendered in a process of their own, which is ended when a template hangs or explodes."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from rsf_core.domain.errors import ModelError, PromptRefusedError

_SCRIPT = Path(__file__).with_name("template_process.py")
CPU_SECONDS = 10  # a rendering: a template of thousands of lines takes a few thousandths
WALL_SECONDS = (
    120.0  # the start of the process included; a template that computes is ended long before by its own limit
)


class _Renderer:
    """The process, started at the first rendering and again after one that was ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the process where none runs, without waiting for it."""
        with self._lock:
            self._running()

    def ask(self, request: dict[str, Any]) -> dict[str, str]:
        with self._lock:
            process = self._running()
            assert process.stdin is not None and process.stdout is not None
            try:
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
                answer = _line(process.stdout.fileno())
            except (BrokenPipeError, TimeoutError):
                answer = b""
            if answer:
                parsed: dict[str, str] = json.loads(answer)
                return parsed
            self._end(process)
            raise ModelError(_why(process.returncode))

    def stop(self) -> None:
        with self._lock:
            if self._process is not None:
                self._end(self._process)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            if self._process is not None:
                self._end(self._process)
            # -P: the folder of the script holds modules that are no top-level ones
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_SCRIPT), str(CPU_SECONDS)],
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
            with contextlib.suppress(BrokenPipeError):  # what was still to be written
                pipe.close()
        self._process = None


_renderer = _Renderer()
atexit.register(_renderer.stop)


def prepare() -> None:
    """Start the process that renders, so that it is ready once it is needed."""
    _renderer.start()


def render(template: str, messages: list[dict[str, Any]], names: dict[str, Any], add_generation_prompt: bool) -> str:
    """The text `template` makes of `messages`; `names` are the special tokens it may name. Raises PromptRefusedError
    with what the template said, ModelError where it did not end."""
    answer = _renderer.ask(
        {"template": template, "messages": messages, "names": names, "add_generation_prompt": add_generation_prompt}
    )
    if "error" in answer:
        raise PromptRefusedError(answer["error"])
    return answer["text"]


def _line(pipe: int) -> bytes:
    """A whole line from the pipe, or nothing where it ends before. Raises TimeoutError."""
    read = bytearray()
    while not read.endswith(b"\n"):
        ready, _, _ = select.select([pipe], [], [], WALL_SECONDS)
        if not ready:
            raise TimeoutError
        part = os.read(pipe, 2**16)
        if not part:
            return b""
        read += part
    return bytes(read)


def _why(code: int) -> str:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "it did not end in time"
    return f"it ended the process that renders it (exit status {code})"
