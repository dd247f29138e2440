"""The client of the templates: as much of `subprocess.Popen` as starting jobs, owners and commands needs."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

TREE = Path(__file__).parents[3]
PYTHON = sys.executable  # a test may name another interpreter, which is then started
RSF = Path(PYTHON).with_name("rsf")
WHERE = (
    "RSF_TEST_WARM"  # in the environment: the folder of the templates' sockets, for owners that start jobs themselves
)
READERS = ("rsf_core.project.prompt_reading", "rsf_core.project.reading_process", "rsf_core.prompts.comparing")
# the modules of the product that start these processes
STARTERS = ("rsf_core.jobs.process", "rsf_core.project.reading_process", "rsf_core.prompts.comparing")
STAND_IN = ".stand-in"  # the suffix of a program that is started in place of Python: tests/support/faults/stand_in.py
CLOSING_SECONDS = 10.0
IMPORTING_SECONDS = 240.0  # limit for a template to import, on a busy machine


class Process:
    """A forked process, with the interface of `subprocess.Popen`."""

    def __init__(self, arguments: Sequence[str], connection: socket.socket, pid: int) -> None:
        self.args, self.pid = arguments, pid
        self.returncode: int | None = None
        self._connection = connection

    def __del__(self) -> None:
        self._connection.close()

    def poll(self) -> int | None:
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(list(self.args), timeout or 0.0)
        return code

    def send_signal(self, process_id: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, process_id)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._connection], [], [], seconds)[0]:
            answer = self._connection.recv(64)
            assert answer, "the template of processes has ended"
            self.returncode = int(answer)
            self._connection.close()
        return self.returncode


def start(
    arguments: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    stdout: IO[Any] | None = None,
    stderr: IO[Any] | None = None,
    stdin: int | None = subprocess.DEVNULL,
    start_new_session: bool = False,
    umask: int = -1,
    computes: bool = False,
) -> Any:
    """Start `[PYTHON, "-m", MODULE, …]`, `[PYTHON, "-c", CODE, …]` or `[RSF, …]` with an empty standard input. Returns a
    Process, or a Popen for other commands and if no templates are `shared`. `computes`: the process needs torch, as a job
    does."""
    words = [os.fspath(argument) for argument in arguments]
    kind = "job" if computes else _kind(words)
    if WHERE not in os.environ or kind is None:
        return subprocess.Popen(
            words,
            env=env,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=start_new_session,
            umask=umask,
        )
    request = {
        "arguments": words,
        "environment": dict(os.environ if env is None else env),
        "folder": os.getcwd(),
        "session": start_new_session,
        "umask": umask,
    }
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(IMPORTING_SECONDS)
    connection.connect(os.path.join(os.environ[WHERE], kind))
    data = json.dumps(request).encode()
    outputs = [stdout.fileno() if stdout else 1, stderr.fileno() if stderr else 2]
    socket.send_fds(connection, [len(data).to_bytes(8, "big")], outputs)
    connection.sendall(data)
    answer = connection.recv(64)
    assert answer, f"the template of {kind} processes could not be made: its error is in the captured output"
    return Process(words, connection, int(answer))


def _kind(words: list[str]) -> str | None:
    """The template that a command is forked from; None for another interpreter, which must be started."""
    if words[0].endswith(STAND_IN):
        return "stand_in"
    if words[0] not in (PYTHON, os.fspath(RSF)):
        return None
    if words[1:2] == ["-m"] and words[2] in READERS:
        return "reader"
    return "job" if words[1:3] == ["-m", "rsf_core.jobs"] else "owner"


def run(
    arguments: Sequence[str | Path], *, timeout: float, env: Mapping[str, str] | None = None, computes: bool = False
) -> subprocess.CompletedProcess[str]:
    """Start a command, wait for its end, and return its exit status and its output."""
    ended = run_bytes(arguments, timeout=timeout, env=env, computes=computes)
    return subprocess.CompletedProcess(ended.args, ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def run_bytes(
    arguments: Sequence[str | Path],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    computes: bool = False,
    stdin: int = subprocess.DEVNULL,
    capture_output: bool = True,
) -> subprocess.CompletedProcess[bytes]:
    """`subprocess.run` as the product calls it: standard input is empty, and the output is always captured."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = start(arguments, env=env, stdin=stdin, stdout=out, stderr=err, computes=computes)
        try:
            code = started.wait(timeout)
        finally:
            started.kill()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read())
    return subprocess.CompletedProcess(started.args, code, *texts)


@contextlib.contextmanager
def shared(folder: Path) -> Iterator[None]:
    """Let jobs start warm, here and in owners that are started warm. The templates end with this process, however it ends. On
    other systems than Linux, processes start cold."""
    if not hasattr(os, "pidfd_open"):
        yield
        return
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TREE), os.environ.get("PYTHONPATH", "")])}
    lone = {"OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}  # no import may start a thread
    room = " " * 4096  # the arguments and the environment of a fork are written over those of its template
    templates = subprocess.Popen(
        [PYTHON, "-m", "tests.support.warm.templates", str(folder), room],
        cwd=TREE,
        env=environment | lone | {"ROOM": room},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert templates.stdin is not None and templates.stdout is not None
    templates.stdout.readline()  # the sockets are there
    os.environ[WHERE] = os.fspath(folder)
    start_jobs_warm()
    yield
    _start_by(subprocess)
    del os.environ[WHERE]
    templates.stdin.close()
    templates.stdout.close()
    templates.wait(CLOSING_SECONDS)


def start_jobs_warm() -> None:
    """Let the product start its processes warm, if templates are `shared`: jobs, and processes that read or compare
    prompts."""
    _start_by(
        SimpleNamespace(
            Popen=start, run=run_bytes, DEVNULL=subprocess.DEVNULL, TimeoutExpired=subprocess.TimeoutExpired
        )
    )


def _start_by(what: object) -> None:
    """Replace `subprocess` by `what` in the modules that are loaded; none is loaded for it, not even in a template."""
    for module in sys.modules.keys() & STARTERS:
        sys.modules[module].subprocess = what  # type: ignore[attr-defined]


@contextlib.contextmanager
def cold() -> Iterator[None]:
    """Within this context, jobs, owners and commands are not forked but started."""
    folder = os.environ.pop(WHERE, None)
    try:
        yield
    finally:
        if folder is not None:
            os.environ[WHERE] = folder
