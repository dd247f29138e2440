"""Jobs as threads of this process, for tests: starting a process and importing torch takes seconds. A thread cannot be killed
and ends with its process; it stops on request at its next step.

The handle is `process.json` with the pid of the process that has the thread."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from rsf_core.domain.files import read_json, write_json
from rsf_core.jobs.spool import Spool
from rsf_core.jobs.types import Resources
from rsf_core.jobs.worker import work

ENDING_SECONDS = 30.0
_threads: dict[Path, threading.Thread] = {}  # of all executors: a project opened again in this process finds its jobs


class InlineExecutor:
    def start(self, folder: Path, resources: Resources) -> None:
        write_json(folder / "process.json", {"inline": os.getpid()})
        _threads[folder] = threading.Thread(target=work, args=(folder,), name=f"job {folder.name}", daemon=True)
        _threads[folder].start()

    def alive(self, folder: Path) -> bool:
        return _own(folder) and folder in _threads and _threads[folder].is_alive()

    def stopped(self, folder: Path) -> bool:
        return False

    def ask(self, folder: Path, request: signal.Signals) -> None:
        if self.alive(folder):
            Spool(folder).request_cancel()

    def kill(self, folder: Path) -> None:
        self.ask(folder, signal.SIGKILL)
        if folder in _threads:
            _threads[folder].join(ENDING_SECONDS)

    def exit_code(self, folder: Path) -> int | None:
        return None if folder not in _threads or self.alive(folder) else 0

    def forget(self, folder: Path) -> None:
        if folder in _threads and not _threads[folder].is_alive():
            del _threads[folder]

    def leave(self) -> None:
        """Nothing to do: all executors of the process share the threads."""


def _own(folder: Path) -> bool:
    try:
        return bool(read_json(folder / "process.json")["inline"] == os.getpid())
    except (OSError, ValueError, TypeError, LookupError):
        return False
