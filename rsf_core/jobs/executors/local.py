"""Jobs as processes of this machine. The handle is `process.json` with the pid; the arguments of the process identify
its job."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from rsf_core.jobs import process
from rsf_core.jobs.types import Resources


class LocalExecutor:
    def __init__(self) -> None:
        self._children: dict[Path, subprocess.Popen[bytes]] = {}  # started by this executor

    def start(self, folder: Path, resources: Resources) -> None:
        self._children[folder] = process.spawn(folder)

    def alive(self, folder: Path) -> bool:
        child = self._children.get(folder)
        return process.is_alive(folder) or (child is not None and child.poll() is None)

    def stopped(self, folder: Path) -> bool:
        return process.is_stopped(folder)

    def ask(self, folder: Path, request: signal.Signals) -> None:
        process.ask(folder, request)

    def kill(self, folder: Path) -> None:
        process.kill(folder)
        child = self._children.get(folder)
        if child is not None and child.poll() is None:  # its folder is gone, and with it the handle
            child.kill()

    def exit_code(self, folder: Path) -> int | None:
        child = self._children.get(folder)
        return None if child is None else child.poll()

    def forget(self, folder: Path) -> None:
        child = self._children.pop(folder, None)
        if child is not None and not process.reap(child):
            process.leave(child)

    def leave(self) -> None:
        for child in self._children.values():
            process.leave(child)
        self._children.clear()
