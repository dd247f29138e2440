"""The process side of a job. It never opens the database."""

from __future__ import annotations

import importlib
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import pyarrow as pa

from rsf_core.domain import SCORER_COST, JobKind, JobState
from rsf_core.domain.errors import RsfError
from rsf_core.domain.specs import JobSpec
from rsf_core.jobs.spool import Spool, Status, now
from rsf_core.jobs.types import TYPES

HEARTBEAT_SECONDS = 1.0
_OUT_OF_MEMORY = "out of memory: lower the batch size and resume"
S_co = TypeVar("S_co", bound=JobSpec, covariant=True)


class Cancelled(Exception):
    """The owner asked the job to stop; what is finished is kept."""


class JobContext(Generic[S_co]):
    """What a job function works with: its spec, its inputs, and the methods that write its segments, progress and metrics."""

    def __init__(self, spool: Spool, spec: S_co) -> None:
        self.spool = spool
        self._spec = spec
        self.finished_units = {unit for unit, _ in spool.segments()}
        self._status = Status(JobState.RUNNING, "starting", started=now(), heartbeat=now())
        self._lock = threading.Lock()
        self._took: dict[str, tuple[int, float]] = {}  # candidates and seconds, by scorer

    @property
    def spec(self) -> S_co:
        return self._spec

    @property
    def project(self) -> Path:
        """The project's folder, wherever it is now: the spool's is PROJECT/spool/JOB."""
        return self.spool.folder.absolute().parents[1]

    @property
    def message(self) -> str:
        return self._status.message

    def input(self, name: str) -> pa.Table:
        return self.spool.input(name)

    def cancelled(self) -> bool:
        return self.spool.cancel_requested

    def check_cancelled(self) -> None:
        if self.cancelled():
            raise Cancelled

    def start_counting(self, done: int, total: int, unit_name: str, message: str) -> None:
        """Start to count progress: `done` of `total` `unit_name`s were finished before this process."""
        self._update(done=done, before=done, total=total, unit_name=unit_name, message=message, started=now())

    def progress(self, done: int | None = None, message: str | None = None) -> None:
        """Report progress. A count alone is written with the next heartbeat: one fsync a second, not one a candidate. A new
        message is written at once, because what follows may hang."""
        with self._lock:
            self._status = replace(self._status, done=self._status.done if done is None else done)
        if message is not None and message != self._status.message:
            self._update(message=message)

    def write_segment(self, unit: int, table: pa.Table, left_out: Sequence[int] = ()) -> None:
        """Write the rows of a unit, all except those of the prompts `left_out`."""
        self.spool.write_segment(unit, table, left_out)
        self.finished_units.add(unit)
        if self._took:
            self.metrics(0, {SCORER_COST + name: 1000 * total / n for name, (n, total) in self._took.items()})
        self._update(units=len(self.finished_units))

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        self.spool.append_metrics(step, values)

    def took(self, scorer: str, candidates: int, seconds: float) -> None:
        """Record that a scorer took `seconds` for `candidates`. Each segment saves the mean of this process."""
        count, total = self._took.get(scorer, (0, 0.0))
        self._took[scorer] = count + candidates, total + seconds

    def beat(self) -> None:
        self._update()

    def end(self, state: JobState, message: str) -> None:
        self._update(state=state, message=message, units=len(self.finished_units))

    def _update(self, **changes: Any) -> None:
        with self._lock:
            if self._status.state.ended:
                return
            self._status = replace(self._status, heartbeat=now(), **changes)
            self.spool.write_status(self._status)


def job_function(kind: JobKind) -> Callable[[JobContext[Any]], None]:
    """The function that does this kind of job; imported late, because it may import torch."""
    function: Callable[[JobContext[Any]], None] = importlib.import_module(TYPES[kind].work).run
    return function


def work(folder: Path) -> JobState:
    """Do the job in `folder` and return how it ended. It raises nothing: the status reports what went wrong."""
    spool = Spool(folder)
    try:
        context = JobContext(spool, spool.spec())
    except RsfError as error:
        traceback.print_exc()
        spool.write_status(Status(JobState.FAILED, str(error)))
        return JobState.FAILED
    stop = threading.Event()
    threading.Thread(target=_beat, args=(context, stop), daemon=True).start()
    try:
        run = job_function(context.spec.kind)
        context.check_cancelled()  # importing it can take seconds
        run(context)
        state, message = JobState.DONE, "done"
    except Cancelled:
        state, message = JobState.CANCELLED, "cancelled; finished work is kept"
    except RsfError as error:
        traceback.print_exc()
        state, message = JobState.FAILED, str(error)
    except MemoryError:
        traceback.print_exc()
        state, message = JobState.FAILED, _OUT_OF_MEMORY
    except SystemExit as error:  # e.g. somebody else's scorer ends the process
        traceback.print_exc()
        state, message = JobState.FAILED, f"something in it called sys.exit({error.code!r}) (see {folder / 'log.txt'})"
    except Exception as error:  # the edge of the process: whatever happens must reach the person
        traceback.print_exc()
        state, message = (
            JobState.FAILED,
            f"{type(error).__name__}: {error} (the whole trace is in {folder / 'log.txt'})",
        )
        if type(error).__name__ == "OutOfMemoryError":  # of torch, which a job without it must not import
            message = _OUT_OF_MEMORY
    stop.set()
    context.end(state, message)
    return state


def _beat(context: JobContext[JobSpec], stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_SECONDS):
        try:
            context.beat()
        except (RsfError, OSError) as error:  # the job's own next write fails, too, and ends it; try until then
            print(f"heartbeat: {error}", file=sys.stderr)
