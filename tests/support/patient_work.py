"""A job that works until it is asked to end, one step every few milliseconds: for tests of running jobs. As a process, it is
started by an interpreter of `tests/support/faults/stand_in.py`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rsf_core.domain import JobKind
from rsf_core.jobs.worker import JobContext
from tests.support.faults import stand_in

LIMIT_SECONDS = 240.0


def work(context: JobContext[Any]) -> None:
    """Work until there is a file `go` in the job's folder. Writes a file `working` there."""
    (context.spool.folder / "working").touch()
    give_up = time.monotonic() + LIMIT_SECONDS
    while not (context.spool.folder / "go").exists():
        context.check_cancelled()
        assert time.monotonic() < give_up, "nobody told it to end"
        time.sleep(0.005)


def of_kind(kind: JobKind) -> Callable[[JobContext[Any]], None]:
    return work


def main() -> None:
    stand_in.run(of_kind)
