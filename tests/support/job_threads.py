"""Jobs in threads of this process in place of processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rsf_core.jobs import supervisor
from rsf_core.jobs.executors import InlineExecutor


@contextmanager
def in_threads() -> Iterator[None]:
    """Whatever project is opened meanwhile runs its jobs so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervisor, "LocalExecutor", InlineExecutor)
        yield
