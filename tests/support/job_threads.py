"""Runs jobs in threads of this process in place of separate processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rsf_core.jobs import supervisor
from rsf_core.jobs.executors import InlineExecutor, inline
from rsf_core.project import round_book

LOOK_SECONDS = 0.02  # these jobs take milliseconds: polled as rarely as real jobs, most of a round would be waiting


@contextmanager
def in_threads() -> Iterator[None]:
    """Projects that are opened within this context run their jobs in threads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervisor, "LocalExecutor", InlineExecutor)
        patch.setattr(supervisor, "TICK_SECONDS", LOOK_SECONDS)
        patch.setattr(round_book, "POLL_SECONDS", LOOK_SECONDS)
        yield


def end_in(folder: Path) -> None:
    """Stop the jobs that still run in projects in `folder`, which is about to be deleted."""
    executor = InlineExecutor()
    for job in [job for job in inline._threads if job.is_relative_to(folder)]:
        executor.kill(job)
        executor.forget(job)
