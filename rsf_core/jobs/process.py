"""Processes of jobs and imports: spawned in a session of their own, found again after the owner has restarted, ended with all
they started."""

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
FOLDER = "RSF_JOB"  # in the environment of a job's process and of whatever it starts: the folder it works on
REAP_SECONDS = 2.0
SHOWN_SECONDS = 5.0


def leave(child: subprocess.Popen[bytes]) -> None:
    """Let a process go on without its supervisor; it is reaped some time after it has ended."""
    _left.append(child)


# OpenMP threads of torch spin while they wait for each other. With anything else on the cores (the app, a browser) they
# then burn the time they wait for: 32 tokens/s instead of 225, measured beside a second busy process on 2 cores.
SPIN_COUNT = "1000"


def spawn(folder: Path) -> subprocess.Popen[bytes]:
    """Start the worker on a spool folder, as `start` does."""
    return start(folder, "rsf_core.jobs", {"GOMP_SPINCOUNT": SPIN_COUNT})


def start(folder: Path, module: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start `python -m MODULE FOLDER`. It outlives this process: own session, own log, no inherited pipes. `environment` holds
    where the user's says nothing else. Raises OSError or OutOfSpaceError where it cannot be started; then nothing runs."""
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
    """A process can be seen before the kernel shows its arguments and environment (4 of 10, measured), which is what tells
    whose it is: without, it would be taken for ended. Returns all the same where it ends, or shows none in time."""
    give_up = time.monotonic() + SHOWN_SECONDS
    while time.monotonic() < give_up:
        try:
            if psutil.Process(child.pid).cmdline() or child.poll() is not None:
                return
        except psutil.Error:  # it has ended
            return
        time.sleep(0.001)


def reap(child: subprocess.Popen[bytes]) -> bool:
    """Take note that a process has ended; False where its last threads are still about to."""
    give_up = time.monotonic() + REAP_SECONDS
    while child.poll() is None:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.01)
    return True


def is_alive(folder: Path) -> bool:
    """Whether the process started last on this folder still runs. A pid that another process got since is not it, nor is
    that of the job which a copied folder is a copy of: the arguments tell."""
    return _main(folder) is not None


def is_stopped(folder: Path) -> bool:
    """Whether it was stopped by a signal and waits to be continued."""
    process = _main(folder)
    try:
        return process is not None and process.status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False


def ask(folder: Path, request: signal.Signals) -> None:
    """Send a signal to the job's process and all that it started; those that are stopped are continued, to hear it."""
    for process in list(_members(folder)):
        try:
            process.send_signal(request)
            process.send_signal(signal.SIGCONT)
        except psutil.Error:  # it has ended
            continue


def kill(folder: Path) -> None:
    """Kill the process and all that it started at once; its finished segments stay."""
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
    """The pid in process.json; None where there is none, or nothing that a pid can be."""
    try:
        pid = read_json(folder / "process.json")["pid"]
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return None
    return pid if isinstance(pid, int) and 1 < pid < 1 << 31 else None


def _members(folder: Path) -> Iterator[psutil.Process]:
    """The job's process and what it has left behind: all of its session, and what bears the folder in its environment. The
    session of a process that has ended is still its own: while one is left, the kernel gives its number to no other."""
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
