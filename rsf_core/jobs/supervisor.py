"""The owner's side of jobs: starts them one at a time, commits their segments, and notices how they end.

Everything it knows is in the database and in the spool, so a new owner goes on where the last one stopped: it re-adopts
what still runs, commits what is there, and starts again what died with the machine.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from rsf_core.domain import JobState
from rsf_core.domain.errors import JobError, RefusedRowsError, RsfError, StageError
from rsf_core.domain.files import writable
from rsf_core.domain.specs import Corrections, JobSpec
from rsf_core.jobs import calling
from rsf_core.jobs.committing import Ingest
from rsf_core.jobs.executors import Executor, LocalExecutor
from rsf_core.jobs.spool import Spool, Status
from rsf_core.jobs.types import TYPES
from rsf_core.jobs.watching import Watch
from rsf_core.store.records import JobRecord
from rsf_core.store.store import Store

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
RESTARTS = 2
SLOTS = 1  # of a machine: two jobs on the same cores and memory would each take more than twice as long
LITTLE_SPACE_BYTES = 8 << 20
STOP_SECONDS = 10.0  # for a look at the jobs that is under way
KEPT_METRICS = 4  # of finished jobs, which stay as they are: several values a step
GONE = "its folder {} is gone: start the stage again. Saved results stay; a backup contains no job folders"
# What a job left is impossible, damaged or not whole.
NEVER_PASSES = (RefusedRowsError, JobError, LookupError, ValueError, TypeError, AttributeError)


class JobSupervisor:
    def __init__(self, store: Store, spool_folder: Path, executor: Executor | None = None, slots: int = SLOTS) -> None:
        """`executor` runs the jobs, as processes of this machine unless another is given; `slots` are what they share."""
        self._store = store
        self._executor = executor or LocalExecutor()
        self._slots = slots
        self._folder = spool_folder
        self._on_done: Callable[[JobRecord, dict[str, Any]], None] = lambda job, result: None
        self._on_ended: Callable[[JobRecord], bool] = lambda job: True
        self._on_start: Callable[[], None] = lambda: None
        self._restarts: dict[str, int] = {}
        self._watches: dict[str, Watch] = {}  # of the jobs that run
        self._ingests: dict[str, Ingest] = {}  # likewise
        self._untold: list[str] = []  # jobs that have ended and whose `on_ended` has not returned yet
        self._waiting: list[str] = []  # those of which it is false
        self._go_on: Callable[[], None] | None = None  # until it has returned
        self._done_metrics = lru_cache(maxsize=KEPT_METRICS)(self._read_done_metrics)
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="job-supervisor", daemon=True)
        self.problem: str | None = None

    def listen(
        self,
        on_done: Callable[[JobRecord, dict[str, Any]], None],
        on_ended: Callable[[JobRecord], bool],
        on_start: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_done(job, result)` is to run inside the transaction that marks a job done; `on_ended(job)` after it, again with
        every tick until it does not raise, and where it is false once another job has ended too; `on_start()` in the thread
        that watches, before all else."""
        self._on_done, self._on_ended, self._on_start = on_done, on_ended, on_start

    def catch_up(self, go_on: Callable[[], None]) -> None:
        """Call `on_ended` for the jobs after whose end the last owner had no time to, then `go_on`, once. What they raise the
        first tick says, and asks again."""
        with self._lock:
            self._untold, self._go_on = self._store.unfollowed_jobs(), go_on
            self._tell_ended()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop watching. Running jobs go on; the next owner adopts them."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        self._executor.leave()

    # -- what the project asks ---------------------------------------------------------------------------------------

    def submit(
        self,
        spec: JobSpec,
        inputs: Mapping[str, pa.Table],
        follow: Sequence[str] = (),
        check: Callable[[], None] = lambda: None,
    ) -> str:
        """Queue a job and return its id. `follow` names the stages the project starts once it is done. `check` runs inside
        the transaction that saves the job: what it raises is raised, and nothing is queued. Raises StageError
        while another of its kind is queued or runs, however close together the two were asked for."""
        with self._lock:
            for other in self.active():
                if other.kind is spec.kind:
                    raise StageError(f"{other.job_id} is {other.state} already: wait for it or cancel it")
            job_id = self._store.next_job_id(spec.kind, spec.round)
            folder = self._folder / job_id
            with writable(self._folder):
                if folder.exists():  # left by a crash between making the folder and saving the job
                    shutil.rmtree(folder)
                Spool.create(folder, spec, inputs)
            try:
                with self._store.transaction(f"saving the job {job_id}"):
                    check()
                    self._store.add_job(job_id, spec, follow)
            except RsfError:
                shutil.rmtree(folder, ignore_errors=True)  # what is left of it the next job of this id replaces
                raise
            return job_id

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop at its next step; a queued one never starts."""
        with self._lock:
            job = self._store.job(job_id)
            if job.state is JobState.QUEUED:
                self._end(job, JobState.CANCELLED, "cancelled before it started")
                self._tell_ended()  # it is cancelled whatever that says: the next tick asks again and reports it
            elif job.state is JobState.RUNNING:
                self._watch_of(job_id).cancel(time.monotonic())
                try:
                    self._spool(job_id).request_cancel()
                except (
                    OSError
                ) as error:  # a full or read-only disk: the job does not hear of it, so its process will be ended
                    log.error("%s could not be asked to stop: %s", job_id, error)

    def can_resume(self, job_id: str) -> bool:
        """Whether what the job had finished is still there."""
        return self._spool(job_id).folder.exists()

    def resume(self, job_id: str, corrections: Corrections | None = None) -> None:
        """Queue a job again that failed, was cancelled or was interrupted; finished units are kept. Its spec takes those of
        the `corrections` that it still can (see specs.Corrections)."""
        with self._lock:
            job = self._store.job(job_id)
            if not job.state.ended or job.state is JobState.DONE:
                raise JobError(f"{job_id} is {job.state}: only a failed, cancelled or interrupted job can be resumed")
            for other in self.active():
                if other.kind is job.kind:
                    raise StageError(f"{other.job_id} is {other.state} already: wait for it or cancel it")
            if not self.can_resume(job_id):
                raise JobError(f"the spool folder of {job_id} is gone: start the stage again")
            spool = self._spool(job_id)
            try:
                spec = spool.spec()
            except JobError:  # it was damaged meanwhile: the database has it as it was asked for
                spec = job.spec
            spool.write_spec(spec if corrections is None else spec.corrected(corrections, any(spool.segments())))
            spool.clear_cancel()
            self._restarts.pop(job_id, None)
            self._store.add_job_event(job_id, JobState.QUEUED, "waiting to resume")

    def active(self) -> list[JobRecord]:
        """The jobs that are queued or run. A job and what follows it are seen as one: there is no gap between them."""
        with self._lock:
            return self._store.jobs(active=True)

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nobody else starts, finishes or follows up a job meanwhile: what is read of them holds until it is acted on."""
        with self._lock:
            yield

    def status(self, job: JobRecord) -> Status:
        """What the process says of itself, with what was noticed of it; the database's word once the job has ended."""
        if job.state is JobState.RUNNING:
            spool, watch = self._spool(job.job_id), self._watches.get(job.job_id)
            try:
                status = spool.status()
            except JobError as error:
                status = Status(JobState.RUNNING, str(error))
            note = watch.note(time.monotonic(), self._executor.stopped(spool.folder)) if watch else ""
            return replace(status, note=note, cancelling=spool.cancel_requested or bool(watch and watch.cancelled))
        done = 1 if job.state is JobState.DONE else 0
        return Status(job.state, job.message, done=done, total=1)

    def metrics(self, job: JobRecord) -> list[tuple[int, str, float]]:
        """`(step, name, value)` of a job, running or ended."""
        if job.state is JobState.DONE:
            return self._done_metrics(job.job_id)
        return self._spool(job.job_id).metrics()

    def _read_done_metrics(self, job_id: str) -> list[tuple[int, str, float]]:
        return [(row["step"], row["name"], row["value"]) for row in self._store.metrics(job_id)]

    def log_tail(self, job_id: str) -> str:
        return self._spool(job_id).log_tail()

    # -- watching --------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        self._on_start()
        idle = False
        while not self._stop.wait(TICK_SECONDS):
            try:
                try:
                    busy = self.tick()
                finally:  # also while what follows a job cannot be started
                    if self._store.has_long_log:
                        self._store.checkpoint()
                if not busy and not idle:
                    self._store.checkpoint()
                idle = not busy
                self.problem = None
            except RsfError as error:  # a full disk, say: everything stays in the spool and the next tick tries again
                if self.problem != str(error):
                    log.error("%s", error)
                self.problem = str(error)
            except Exception as error:  # the thread must not die of one job: say it where the person looks
                problem = f"{type(error).__name__}: {error}"
                if self.problem != problem:
                    log.exception("the job supervisor failed")
                self.problem = problem

    def tick(self) -> bool:
        """Look after every active job once; whether there is any. What goes wrong with one keeps no other from going on: the
        first error is raised at the end."""
        errors: list[Exception] = []
        with self._lock:
            active = self._store.jobs(active=True)
            running = [job for job in active if job.state is JobState.RUNNING]
            over = []  # they only wait for being finished: a disk with space again, say
            for job in running:
                try:
                    self._look_after(job)
                except Exception as error:
                    errors.append(error)
                    if self._is_over(job):
                        over.append(job)
            errors += self._tell_ended()
            queued = [job for job in active if job.state is JobState.QUEUED]
            taken = sum(_slots(job) for job in running if job not in over)
            if (
                queued and taken + min(_slots(queued[0]), self._slots) <= self._slots
            ):  # the first waits for all it needs
                try:
                    self._begin(queued[0])
                except Exception as error:
                    errors.append(error)
        if errors:
            raise errors[0]
        return bool(active)

    def _begin(self, job: JobRecord) -> None:
        folder = self._spool(job.job_id).folder
        if not folder.is_dir():
            self._end(job, JobState.FAILED, GONE.format(folder))
            return
        try:
            job.read_spec()  # before any work: by a damaged one nothing that it makes could be saved
            self._ingest(job).commit_all()  # what lies there already: the job is not to count on a segment that is none
        except NEVER_PASSES as error:
            self._end(job, JobState.FAILED, f"it could not be started: {_said(error)}. Start the stage again")
            return
        self._spawn(job, "running")

    def _spawn(self, job: JobRecord, message: str) -> None:
        self._store.add_job_event(job.job_id, JobState.RUNNING, message)
        spool = self._spool(job.job_id)
        self._watches[job.job_id] = Watch(time.monotonic())
        self._executor.kill(
            spool.folder
        )  # what an earlier one left, or one that an owner has started in the moment it died
        try:
            with writable(spool.folder):
                calling.forget(spool.folder)
                spool.write_status(Status(JobState.RUNNING, "starting"))
                self._executor.start(spool.folder, TYPES[job.kind].resources)
        except (OSError, RsfError) as error:
            self._end(
                job, JobState.FAILED, f"its process could not be started: {_said(error)}. Resume it once that is fixed"
            )

    def _look_after(self, job: JobRecord) -> None:
        try:
            self._see_to(job)
        except NEVER_PASSES as error:
            if self._executor.alive(self._spool(job.job_id).folder):
                raise
            self._end(job, JobState.FAILED, f"its results could not be saved: {_said(error)}. Start the stage again")

    def _is_over(self, job: JobRecord) -> bool:
        spool = self._spool(job.job_id)
        try:
            return not self._executor.alive(spool.folder) and spool.status().state.ended
        except NEVER_PASSES:
            return False

    def _see_to(self, job: JobRecord) -> None:
        spool = self._spool(job.job_id)
        if not spool.folder.exists():
            self._executor.kill(spool.folder)  # nothing of what it still does would be found
            self._end(job, JobState.FAILED, GONE.format(spool.folder))
            return
        # Alive is asked before the status is read: a process that ends in between has written its last status.
        alive = self._executor.alive(spool.folder)
        ingest, watch, now = self._ingest(job), self._watch_of(job.job_id), time.monotonic()
        if alive:
            self._mind(spool, watch, ingest, now)
            return
        status = spool.status()
        ingest.commit_all()
        cancelled = watch.cancelled or spool.cancel_requested
        if status.state is JobState.DONE:
            self._finish(job, spool, ingest)
        elif cancelled and (watch.told or not status.state.ended):
            self._end(job, JobState.CANCELLED, "cancelled; finished work is kept")
        elif status.state.ended:
            self._end(job, status.state, status.message)
        elif (hung := calling.timed_out(spool.folder)) is not None:
            self._end(job, JobState.FAILED, hung)
        else:
            self._restart(job, self._cause_of_death(job, spool) + calling.during(spool.folder))

    def _mind(self, spool: Spool, watch: Watch, ingest: Ingest, now: float) -> None:
        """One that runs: end it where it has to stop and does not, and save what it has finished."""
        try:
            status = spool.status()
        except JobError:  # it writes another within a second
            status = Status(JobState.RUNNING)
        watch.see(status, len(ingest.committed), now)
        if spool.cancel_requested:
            watch.cancel(now)
        signal_due = watch.due(now)
        if signal_due is not None:
            self._executor.ask(spool.folder, signal_due)
        ingest.commit(status.units, now)

    def _watch_of(self, job_id: str) -> Watch:
        return self._watches.setdefault(job_id, Watch(time.monotonic()))

    def _ingest(self, job: JobRecord) -> Ingest:
        if job.job_id not in self._ingests:
            self._ingests[job.job_id] = Ingest(self._store, self._spool(job.job_id), job)
        return self._ingests[job.job_id]

    def _finish(self, job: JobRecord, spool: Spool, ingest: Ingest) -> None:
        missing = ingest.missing()
        if missing > 0:
            self._restart(job, f"{missing} segment(s) were damaged or are missing")
            return
        self._reap(job.job_id)
        with self._store.transaction(f"finishing {job.job_id}"):
            self._store.add_metrics(job.job_id, spool.metrics())
            result = spool.result()
            self._on_done(job, result)
            self._store.add_job_event(job.job_id, JobState.DONE, str(result.get("note", "done")))
        self._untold.append(job.job_id)

    def _end(self, job: JobRecord, state: JobState, message: str) -> None:
        self._reap(job.job_id)
        self._store.add_job_event(job.job_id, state, message)
        self._untold.append(job.job_id)

    def _tell_ended(self) -> list[Exception]:
        """Let the project start what follows the jobs that have ended. The errors of those that the next tick asks again."""
        errors: list[Exception] = []
        if self._untold:
            self._untold, self._waiting = [*self._waiting, *self._untold], []
        for job_id in dict.fromkeys(self._untold):
            try:
                job = self._store.job(job_id)
                if self._on_ended(job):
                    self._store.add_followed(job)
                else:
                    self._waiting.append(job_id)
                self._untold = [other for other in self._untold if other != job_id]
            except Exception as error:
                errors.append(error)
        if self._go_on is not None:
            try:
                self._go_on()
                self._go_on = None
            except Exception as error:
                errors.append(error)
        return errors

    def _reap(self, job_id: str) -> None:
        """Nothing of the job is left: neither its process nor what that has started."""
        self._watches.pop(job_id, None)
        self._ingests.pop(job_id, None)
        folder = self._spool(job_id).folder
        self._executor.kill(folder)
        self._executor.forget(folder)

    def _restart(self, job: JobRecord, cause: str) -> None:
        tries = self._restarts.get(job.job_id, 0)
        if tries >= RESTARTS:
            self._end(job, JobState.FAILED, f"{cause}; it was started again {tries} times")
            return
        self._restarts[job.job_id] = tries + 1
        self._spawn(job, f"started again: {cause}")

    def _cause_of_death(self, job: JobRecord, spool: Spool) -> str:
        if shutil.disk_usage(spool.folder).free < LITTLE_SPACE_BYTES:
            return f"the disk of {spool.folder} is full: free some space and resume"
        code = self._executor.exit_code(spool.folder)
        if code is None:
            return "its process ended while nothing was watching it"
        if code == -9:
            return "its process was killed (signal 9), possibly because memory ran out: see batch_size and train.accumulate"
        if code == 0:
            return "its process ended without a result (exit code 0)"
        return f"its process ended with code {code}: {spool.log_tail() or 'it left no message'}"

    def _spool(self, job_id: str) -> Spool:
        return Spool(self._folder / job_id)


def _slots(job: JobRecord) -> int:
    return TYPES[job.kind].resources.slots


def _said(error: BaseException) -> str:
    return str(error) if isinstance(error, RsfError) else f"{type(error).__name__}: {error}"
