"""What the supervisor needs from whatever runs jobs. The model is JupyterHub's Spawner: start, poll, stop, a saved state."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Protocol

from rsf_core.jobs.types import Resources


class Executor(Protocol):
    """Runs `worker.work` on the folders of jobs. Everything needed to manage a job later is in its folder: `start` leaves a
    handle there (JSON), by which an executor of the same kind in another process finds, signals and ends the job."""

    def start(self, folder: Path, resources: Resources) -> None:
        """Start the job. It outlives this executor if it can. Raises OSError or OutOfSpaceError if it cannot be started; then
        nothing runs."""

    def alive(self, folder: Path) -> bool:
        """Whether the job last started in the folder still runs, whoever started it."""

    def stopped(self, folder: Path) -> bool:
        """Whether the job was stopped from outside and waits to be continued."""

    def ask(self, folder: Path, request: signal.Signals) -> None:
        """Send a signal to the job and everything it started: SIGTERM asks it to end, SIGKILL ends it."""

    def kill(self, folder: Path) -> None:
        """End the job and everything it started, at once if possible; finished segments stay."""

    def exit_code(self, folder: Path) -> int | None:
        """The exit code, negative for a signal; None while the job runs, and if another executor started it."""

    def forget(self, folder: Path) -> None:
        """Drop what is kept of a job that is over."""

    def leave(self) -> None:
        """Let running jobs go on without this executor."""
