"""What a scorer may do before its first call of a job: load a model, find out whom it asks. A call has a time limit, and
loading has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from rsf_core.domain.settings import Compute


def _silent(message: str) -> None:
    """Where nobody waits."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a job calls its scorers: what it computes on, and whom it tells what it does."""

    compute: Compute = field(default_factory=Compute)
    progress: Callable[[str], None] = _silent


@runtime_checkable
class Prepares(Protocol):
    """What a scorer has beside `score` where it has something to load."""

    def prepare(self, workplace: Workplace) -> None:
        """Be ready for `score`. Raises RsfError with what to do where it cannot be; the job then ends."""
