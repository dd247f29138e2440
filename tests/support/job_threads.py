"""Jobs in threads of this process in place of processes of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rsf_core.jobs import process


class JobThread(threading.Thread):
    """What the supervisor sees of a job process, for a job that runs in this one."""

    returncode = 0

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder = folder
        self.start()

    def run(self) -> None:
        from rsf_core.jobs.worker import work

        work(self.folder)

    def wait(self) -> None:
        self.join()

    def poll(self) -> int | None:
        return None if self.is_alive() else self.returncode


@contextmanager
def in_threads() -> Iterator[None]:
    """Whatever job is started meanwhile is started in a thread."""
    threads: dict[Path, JobThread] = {}

    def spawn(folder: Path) -> JobThread:
        threads[folder] = JobThread(folder)
        return threads[folder]

    def is_alive(folder: Path) -> bool:
        return folder in threads and threads[folder].is_alive()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "spawn", spawn)
        patch.setattr(process, "is_alive", is_alive)
        yield
