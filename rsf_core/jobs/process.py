"""Job processes: spawned in a session of their own, found again after the owner has restarted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

from rsf_core.files import read_json, write_json

_left: list[subprocess.Popen[bytes]] = []


def leave(child: subprocess.Popen[bytes]) -> None:
    """Let a process go on without its supervisor; it is reaped some time after it has ended."""
    _left.append(child)


# OpenMP threads of torch spin while they wait for each other. With anything else on the cores (the app, a browser) they
# then burn the time they wait for: 32 tokens/s instead of 225, measured beside a second busy process on 2 cores.
SPIN_COUNT = "1000"


def spawn(folder: Path) -> subprocess.Popen[bytes]:
    """Start the worker on a spool folder. It outlives this process: own session, own log, no inherited pipes."""
    _left[:] = [child for child in _left if child.poll() is None]
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "rsf_core.jobs", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={"GOMP_SPINCOUNT": SPIN_COUNT, **os.environ},
        )
    write_json(folder / "process.json", {"pid": process.pid})
    return process


def is_alive(folder: Path) -> bool:
    """Whether the process started last on this folder still runs. A pid that another process got since is not it, nor is
    that of the job which a copied folder is a copy of: the arguments tell."""
    known = read_json(folder / "process.json")
    if known is None:
        return False
    try:
        process = psutil.Process(known["pid"])
        path = os.path.realpath(folder)
        ours = any(os.path.realpath(argument) == path for argument in process.cmdline())
        return ours and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # gone, or somebody else's
        return False


def kill(folder: Path) -> None:
    """Kill the process at once, if it still runs; its finished segments stay."""
    if is_alive(folder):
        psutil.Process(read_json(folder / "process.json")["pid"]).kill()
