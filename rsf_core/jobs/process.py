"""Processes of jobs and imports: spawned in a session of their own, found again after the owner has restarted, ended with
everything they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from rsf_core.domain.files import read_json, write_json

_left: list[subprocess.Popen[bytes]] = []
FOLDER = "RSF_JOB"  # in the environment of a job's process and of everything it starts: the folder it works on
REAP_SECONDS = 2.0
SHOWN_SECONDS = 5.0


def leave(child: subprocess.Popen[bytes]) -> None:
    """Let a process go on without its supervisor; it is reaped some time after it has ended."""
    _left.append(child)


# OpenMP threads of torch spin while they wait for each other. With anything else on the cores (the app, a browser) they
# then waste that time: 32 tokens/s instead of 225, measured beside a second busy process on 2 cores.
SPIN_COUNT = "1000"


def spawn(folder: Path) -> subprocess.Popen[bytes]:
    """Start the worker on a spool folder, as `start` does."""
    return start(folder, "rsf_core.jobs", {"GOMP_SPINCOUNT": SPIN_COUNT})


def start(folder: Path, module: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start `python -m MODULE FOLDER`. It outlives this process: own session, own log, no inherited pipes. `environment` gives
    defaults, which the user's environment overrides. Raises OSError or OutOfSpaceError if it cannot be started; then nothing
    runs."""
    _left[:] = [child for child in _left if child.poll() is None]
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
            env={**environment, **os.environ, FOLDER: os.path.realpath(folder)},
        )
    wait_for_arguments(process)
    try:
        write_json(folder / "process.json", {"pid": process.pid})
    except BaseException:
        process.kill()  # nobody would find it again
        process.wait()
        raise
    return process


def wait_for_arguments(child: subprocess.Popen[bytes]) -> None:
    """Wait until the kernel shows the arguments of a new process. A process is often visible before them (4 of 10, measured);
    they identify it, and without them it would be taken for ended. Also returns if it ends, or does not show them in time."""
    give_up = time.monotonic() + SHOWN_SECONDS
    while time.monotonic() < give_up:
        try:
            if psutil.Process(child.pid).cmdline() or child.poll() is not None:
                return
        except psutil.Error:  # it has ended
            return
        time.sleep(0.001)


def reap(child: subprocess.Popen[bytes]) -> bool:
    """Reap a process that is ending. Returns False if it has not ended within REAP_SECONDS."""
    give_up = time.monotonic() + REAP_SECONDS
    while child.poll() is None:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.01)
    return True


def is_alive(folder: Path) -> bool:
    """Whether the process last started on this folder still runs. The arguments identify it: another process may have its pid
    by now, or the folder may be a copy of another job's."""
    return _main(folder) is not None


def is_stopped(folder: Path) -> bool:
    """Whether the process was stopped by a signal and waits to be continued."""
    process = _main(folder)
    try:
        return process is not None and process.status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False


def ask(folder: Path, request: signal.Signals) -> None:
    """Send a signal to the job's process and everything it started; stopped ones are continued, so that they get it."""
    for process in list(_members(folder)):
        try:
            process.send_signal(request)
            process.send_signal(signal.SIGCONT)
        except psutil.Error:  # it has ended
            continue


def kill(folder: Path) -> None:
    """Kill the process and everything it started at once; its finished segments stay."""
    ask(folder, signal.SIGKILL)


def _main(folder: Path) -> psutil.Process | None:
    pid = _pid(folder)
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        path = os.path.realpath(folder)
        ours = any(os.path.realpath(argument) == path for argument in process.cmdline())
        return process if ours and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:  # gone, or somebody else's
        return None


def _pid(folder: Path) -> int | None:
    """The pid in process.json; None if there is none, or if it is not a valid pid."""
    try:
        pid = read_json(folder / "process.json")["pid"]
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return None
    return pid if isinstance(pid, int) and 1 < pid < 1 << 31 else None


def _members(folder: Path) -> Iterator[psutil.Process]:
    """The job's process and what it has left behind: all of its session, and every process with the folder in its environment.
    The session of an ended process is still its own: while one member is left, the kernel does not reuse the number."""
    main, pid = _main(folder), _pid(folder)
    if main is not None:
        yield main
    session = pid if pid is not None and (main is not None or not psutil.pid_exists(pid)) else None
    path = os.path.realpath(folder)
    for process in psutil.process_iter():
        try:
            if process.pid in (os.getpid(), pid) or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if os.getsid(process.pid) == session or process.environ().get(FOLDER) == path:
                yield process
        except (psutil.Error, OSError):  # it has ended, or is somebody else's
            continue
