"""Preparing a scorer before its first call in a job, for example to load a model. A call has a time limit, and preparing has
none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from rsf_core.domain.settings import Compute


def _silent(message: str) -> None:
    """Ignores progress messages."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """The surroundings of a job's scorers: the device to compute on, and the receiver of progress messages."""

    compute: Compute = field(default_factory=Compute)
    progress: Callable[[str], None] = _silent


@runtime_checkable
class Prepares(Protocol):
    """The method that a scorer has besides `score` if it has something to load."""

    def prepare(self, workplace: Workplace) -> None:
        """Get ready for `score`. Raises RsfError with what to do if that fails; the job then ends."""
