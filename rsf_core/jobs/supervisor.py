"""The owner's side of jobs: starts them one at a time, commits their segments, and notices how they end.

Its state is in the database and in the spool, so a new owner goes on where the last one stopped: it adopts jobs that still
run, commits finished segments, and restarts jobs that died with the machine.
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

import pyarrow as pa

from rsf_core.domain import JobState
from rsf_core.domain.errors import JobError, RefusedRowsError, RsfError, StageError
from rsf_core.domain.files import writable
from rsf_core.domain.results import JobResult
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
STOP_SECONDS = 10.0  # to wait for a tick that is under way
KEPT_METRICS = 4  # finished jobs whose metrics are cached: several values a step
GONE = "its folder {} is gone: start the stage again. Saved results stay; a backup contains no job folders"
# Errors of results that are damaged, incomplete or not valid: trying again does not help.
NEVER_PASSES = (RefusedRowsError, JobError, LookupError, ValueError, TypeError, AttributeError)


class JobSupervisor:
    def __init__(self, store: Store, spool_folder: Path, executor: Executor | None = None, slots: int = SLOTS) -> None:
        """`executor` runs the jobs, by default as processes of this machine; running jobs share `slots`."""
        self._store = store
        self._executor = executor or LocalExecutor()
        self._slots = slots
        self._folder = spool_folder
        self._on_done: Callable[[JobRecord, JobResult], None] = lambda job, result: None
        self._on_ended: Callable[[JobRecord], bool] = lambda job: True
        self._on_start: Callable[[], None] = lambda: None
        self._restarts: dict[str, int] = {}
        self._watches: dict[str, Watch] = {}  # of running jobs
        self._ingests: dict[str, Ingest] = {}  # of running jobs
        self._ended: list[str] = []  # ended jobs whose `on_ended` has not returned yet
        self._waiting: list[str] = []  # ended jobs whose `on_ended` returned False
        self._go_on: Callable[[], None] | None = None  # None once it has returned
        self._done_metrics = lru_cache(maxsize=KEPT_METRICS)(self._read_done_metrics)
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="job-supervisor", daemon=True)
        self.problem: str | None = None

    def listen(
        self,
        on_done: Callable[[JobRecord, JobResult], None],
        on_ended: Callable[[JobRecord], bool],
        on_start: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_done(job, result)` runs inside the transaction that marks a job done. `on_ended(job)` runs after it, again with
        every tick until it does not raise, and, if it returns False, again once another job has ended. `on_start()` runs
        first in the thread that watches."""
        self._on_done, self._on_ended, self._on_start = on_done, on_ended, on_start

    def catch_up(self, go_on: Callable[[], None]) -> None:
        """Call `on_ended` for ended jobs whose follow-ups the last owner did not start, then `go_on`, once. What they raise is
        raised by the first tick, which calls them again."""
        with self._lock:
            self._ended, self._go_on = self._store.unfollowed_jobs(), go_on
            self._follow_up()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop watching. Running jobs go on; the next owner adopts them."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        self._executor.leave()

    # -- called by the project ---------------------------------------------------------------------------------------

    def submit(
        self,
        spec: JobSpec,
        inputs: Mapping[str, pa.Table],
        follow: Sequence[str] = (),
        check: Callable[[], None] = lambda: None,
    ) -> str:
        """Queue a job and return its id. `follow` names the stages the project starts once it is done. `check` runs inside
        the transaction that saves the job: if it raises, nothing is queued. Raises StageError while another job of its kind
        is queued or runs, even if the two were submitted at the same time."""
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
                shutil.rmtree(folder, ignore_errors=True)  # the next job with this id replaces what is left
                raise
            return job_id

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop at its next step; a queued one never starts."""
        with self._lock:
            job = self._store.job(job_id)
            if job.state is JobState.QUEUED:
                self._end(job, JobState.CANCELLED, "cancelled before it started")
                self._follow_up()  # an error here does not undo it: the next tick tries again and reports it
            elif job.state is JobState.RUNNING:
                self._watch_of(job_id).cancel(time.monotonic())
                try:
                    self._spool(job_id).request_cancel()
                except OSError as error:  # a full or read-only disk: the process of the job will be ended instead
                    log.error("%s could not be asked to stop: %s", job_id, error)

    def can_resume(self, job_id: str) -> bool:
        """Whether the folder with the job's finished work still exists."""
        return self._spool(job_id).folder.exists()

    def resume(self, job_id: str, corrections: Corrections | None = None) -> None:
        """Queue a job again that failed, was cancelled or was interrupted; finished units are kept. Its spec takes the
        `corrections` that still apply (see specs.Corrections)."""
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
            except JobError:  # it is damaged: the database has the original
                spec = job.spec
            spool.write_spec(spec if corrections is None else spec.corrected(corrections, any(spool.segments())))
            spool.clear_cancel()
            self._restarts.pop(job_id, None)
            self._store.add_job_event(job_id, JobState.QUEUED, "waiting to resume")

    def active(self) -> list[JobRecord]:
        """The jobs that are queued or run. There is no gap between a job and its follow-ups."""
        with self._lock:
            return self._store.jobs(active=True)

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nothing else starts, finishes or follows up a job meanwhile: what is read stays valid until it is acted on."""
        with self._lock:
            yield

    def status(self, job: JobRecord) -> Status:
        """The status that the process reports, with what the owner noticed; the database's state once the job has ended."""
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
                finally:  # also while follow-ups cannot be started
                    if self._store.has_long_log:
                        self._store.checkpoint()
                if not busy and not idle:
                    self._store.checkpoint()
                idle = not busy
                self.problem = None
            except RsfError as error:  # e.g. a full disk: everything stays in the spool and the next tick tries again
                if self.problem != str(error):
                    log.error("%s", error)
                self.problem = str(error)
            except Exception as error:  # one job must not end the thread: report it where the person looks
                problem = f"{type(error).__name__}: {error}"
                if self.problem != problem:
                    log.exception("the job supervisor failed")
                self.problem = problem

    def tick(self) -> bool:
        """Look after every active job once. Returns whether there is any. An error of one job does not stop the others: the
        first error is raised at the end."""
        errors: list[Exception] = []
        with self._lock:
            active = self._store.jobs(active=True)
            running = [job for job in active if job.state is JobState.RUNNING]
            over = []  # ended processes whose jobs cannot be finished yet, e.g. until the disk has space
            for job in running:
                try:
                    self._look_after(job)
                except Exception as error:
                    errors.append(error)
                    if self._is_over(job):
                        over.append(job)
            errors += self._follow_up()
            queued = [job for job in active if job.state is JobState.QUEUED]
            taken = sum(_slots(job) for job in running if job not in over)
            # the first in the queue waits for all the slots it needs
            if queued and taken + min(_slots(queued[0]), self._slots) <= self._slots:
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
            job.read_spec()  # before any work: with a damaged spec no result could be saved
            self._ingest(job).commit_all()  # first: the job must not rely on a segment that is damaged
        except NEVER_PASSES as error:
            self._end(job, JobState.FAILED, f"it could not be started: {_message(error)}. Start the stage again")
            return
        self._spawn(job, "running")

    def _spawn(self, job: JobRecord, message: str) -> None:
        self._store.add_job_event(job.job_id, JobState.RUNNING, message)
        spool = self._spool(job.job_id)
        self._watches[job.job_id] = Watch(time.monotonic())
        self._executor.kill(spool.folder)  # leftovers of an earlier process, or one that a dying owner has just started
        try:
            with writable(spool.folder):
                calling.forget(spool.folder)
                spool.write_status(Status(JobState.RUNNING, "starting"))
                self._executor.start(spool.folder, TYPES[job.kind].resources)
        except (OSError, RsfError) as error:
            self._end(
                job,
                JobState.FAILED,
                f"its process could not be started: {_message(error)}. Resume it once that is fixed",
            )

    def _look_after(self, job: JobRecord) -> None:
        try:
            self._see_to(job)
        except NEVER_PASSES as error:
            if self._executor.alive(self._spool(job.job_id).folder):
                raise
            self._end(job, JobState.FAILED, f"its results could not be saved: {_message(error)}. Start the stage again")

    def _is_over(self, job: JobRecord) -> bool:
        spool = self._spool(job.job_id)
        try:
            return not self._executor.alive(spool.folder) and spool.status().state.ended
        except NEVER_PASSES:
            return False

    def _see_to(self, job: JobRecord) -> None:
        spool = self._spool(job.job_id)
        if not spool.folder.exists():
            self._executor.kill(spool.folder)  # its further results would be lost
            self._end(job, JobState.FAILED, GONE.format(spool.folder))
            return
        # First whether it is alive, then the status: a process that ends in between has written its last status.
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
        elif cancelled and (watch.last_signal or not status.state.ended):
            self._end(job, JobState.CANCELLED, "cancelled; finished work is kept")
        elif status.state.ended:
            self._end(job, status.state, status.message)
        elif (hung := calling.timed_out(spool.folder)) is not None:
            self._end(job, JobState.FAILED, hung)
        else:
            self._restart(job, self._cause_of_death(job, spool) + calling.during(spool.folder))

    def _mind(self, spool: Spool, watch: Watch, ingest: Ingest, now: float) -> None:
        """Look after a running job: end it if it has to stop and does not, and save what it has finished."""
        try:
            status = spool.status()
        except JobError:  # it writes a new one within a second
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
            self._store.add_job_event(job.job_id, JobState.DONE, result.note)
        self._ended.append(job.job_id)

    def _end(self, job: JobRecord, state: JobState, message: str) -> None:
        self._reap(job.job_id)
        self._store.add_job_event(job.job_id, state, message)
        self._ended.append(job.job_id)

    def _follow_up(self) -> list[Exception]:
        """Let the project start the follow-ups of ended jobs. Returns the errors; the next tick tries those jobs again."""
        errors: list[Exception] = []
        if self._ended:
            self._ended, self._waiting = [*self._waiting, *self._ended], []
        for job_id in dict.fromkeys(self._ended):
            try:
                job = self._store.job(job_id)
                if self._on_ended(job):
                    self._store.add_followed(job)
                else:
                    self._waiting.append(job_id)
                self._ended = [other for other in self._ended if other != job_id]
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
        """End whatever is left of the job: its process and everything it started."""
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


def _message(error: BaseException) -> str:
    return str(error) if isinstance(error, RsfError) else f"{type(error).__name__}: {error}"
