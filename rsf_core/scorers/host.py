"""What a scorer may know of the job that calls it: where it may keep answers, whether it is to stop, how long a call may take.
It is told beside the call, for most scorers need none of it; outside a job nothing is kept and nothing stops."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path


class Stopped(BaseException):
    """The job that calls a scorer is to stop. No Exception: what takes a scorer's errors for its own must let it pass."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Host:
    """`scorer` is the one that is called, with its options as it is named; `folder` the project's (None: there is none);
    `seconds` is what one call may take; `trial`: a person tries the scorer, and there is no job to resume."""

    scorer: str = ""
    folder: Path | None = None
    stopping: Callable[[], bool] = _never
    seconds: float = math.inf
    trial: bool = False

    @property
    def going_on(self) -> str:
        """What a person does once they have mended what stopped it, as the end of a sentence."""
        return "try again" if self.trial else "resume: what was answered is kept, and is not asked again"


_HOST: ContextVar[Host] = ContextVar("host", default=Host())  # noqa: B039 (it is frozen)


def current() -> Host:
    """Of the job that calls here."""
    return _HOST.get()


@contextmanager
def hosted(host: Host) -> Iterator[None]:
    """What is called within is called for `host`."""
    token = _HOST.set(host)
    try:
        yield
    finally:
        _HOST.reset(token)
