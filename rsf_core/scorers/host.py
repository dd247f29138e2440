"""What a scorer may know about the job that calls it: where to keep answers, whether to stop, how long a call may take. It is
not an argument of the call, because most scorers need none of it. Outside a job nothing is kept and nothing stops."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path


class Stopped(BaseException):
    """The job that calls a scorer is to stop. It is not an Exception, so that handlers of a scorer's errors let it through."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Host:
    """`scorer` is the full name of the called scorer, with its options; `folder` is the project's folder (None: no project);
    `seconds` is the time limit of one call; `trial`: a person tries the scorer, and there is no job to resume."""

    scorer: str = ""
    folder: Path | None = None
    stopping: Callable[[], bool] = _never
    seconds: float = math.inf
    trial: bool = False

    @property
    def going_on(self) -> str:
        """What a person should do after fixing the cause, as the end of a sentence."""
        return "try again" if self.trial else "resume: what was answered is kept, and is not asked again"


_HOST: ContextVar[Host] = ContextVar("host", default=Host())  # noqa: B039 (it is frozen)


def current() -> Host:
    """The host of the current call."""
    return _HOST.get()


@contextmanager
def hosted(host: Host) -> Iterator[None]:
    """Calls within this context are made for `host`."""
    token = _HOST.set(host)
    try:
        yield
    finally:
        _HOST.reset(token)
