"""What the supervisor asks of whoever runs jobs. The model is JupyterHub's Spawner: start, poll, stop, a kept state."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Protocol

from rsf_core.jobs.types import Resources


class Executor(Protocol):
    """Runs `worker.work` on the folders of jobs. All that is to be known of a job later is in its folder: `start` leaves a
    handle there, JSON, by which an executor of the same kind in another process finds, asks and ends what was started."""

    def start(self, folder: Path, resources: Resources) -> None:
        """Start the job. It outlives this executor where it can. Raises OSError or OutOfSpaceError where it cannot be started;
        then nothing runs."""

    def alive(self, folder: Path) -> bool:
        """Whether the job that was started last in the folder still runs, whoever started it."""

    def stopped(self, folder: Path) -> bool:
        """Whether it was stopped from outside and waits to be continued."""

    def ask(self, folder: Path, request: signal.Signals) -> None:
        """Send a signal to the job and all that it started: SIGTERM asks, SIGKILL does not."""

    def kill(self, folder: Path) -> None:
        """End the job and all that it started, at once where that can be done; finished segments stay."""

    def exit_code(self, folder: Path) -> int | None:
        """How it ended, negative for a signal; None while it runs, and of one that another executor started."""

    def forget(self, folder: Path) -> None:
        """The job is over: nothing more will be asked of it."""

    def leave(self) -> None:
        """Let what runs go on without this executor."""
