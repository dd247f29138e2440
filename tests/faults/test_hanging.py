"""A job that hangs blocks nothing: it is noticed, Cancel ends it within ten seconds whatever it does, its finished work stays,
and no process that it started is left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from rsf_core.domain import JobState
from rsf_core.jobs import process, watching
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.store.records import JobRecord
from rsf_core.store.store import Store
from tests.support import specs
from tests.support.faults import misbehaving, stand_in
from tests.support.faults.share import WHOLE
from tests.support.waiting import until

WITHIN = 10.0
HANGS = ["is stopped", "sleeps in C", "holds the interpreter", "loops", "hears no SIGTERM", "waits for a child"]


@pytest.fixture
def supervisor(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobSupervisor]:
    """A running supervisor whose jobs misbehave; in the short run they get less time to stop by themselves."""
    interpreter = stand_in.interpreter(tmp_path, misbehaving)
    monkeypatch.setattr(process, "sys", SimpleNamespace(executable=str(interpreter)))
    if not WHOLE:
        monkeypatch.setattr(watching, "GRACE_SECONDS", 0.5)
        monkeypatch.setattr(watching, "KILL_SECONDS", 0.5)
    (tmp_path / "spool").mkdir()
    made = JobSupervisor(store, tmp_path / "spool")
    made.start()
    yield made
    made.stop()
    for folder in (tmp_path / "spool").iterdir():
        process.kill(folder)


def start(supervisor: JobSupervisor, behaviour: str) -> str:
    return supervisor.submit(specs.trial("base", "m1-1", text=behaviour), {})


def ended(store: Store, job_id: str) -> JobRecord:
    until(lambda: store.job(job_id).state.ended)
    return store.job(job_id)


def session(folder: Path) -> list[int]:
    """Every process that was started for a job and still runs."""
    path = os.path.realpath(folder)
    stacks = []
    for other in psutil.process_iter():
        try:
            if other.environ().get(process.FOLDER) == path and other.status() != psutil.STATUS_ZOMBIE:
                stacks.append(other.pid)
        except psutil.Error:
            continue
    return stacks


@pytest.mark.parametrize("behaviour", HANGS if WHOLE else HANGS[::2] + HANGS[-1:])
def test_cancel_ends_a_job_whatever_it_does_and_keeps_what_was_finished(
    supervisor: JobSupervisor, store: Store, tmp_path: Path, behaviour: str
) -> None:
    job_id = start(supervisor, behaviour)
    folder = tmp_path / "spool" / job_id
    until(lambda: store.committed_units(job_id) >= {0})
    if behaviour == "is stopped":
        until(lambda: "stopped by a signal" in supervisor.status(store.job(job_id)).note)
    asked = time.monotonic()
    supervisor.cancel(job_id)
    assert supervisor.status(store.job(job_id)).cancelling
    job = ended(store, job_id)
    waited = time.monotonic() - asked
    assert (job.state, job.message) == (JobState.CANCELLED, "cancelled; finished work is kept")
    until(lambda: session(folder) == [], WITHIN)  # killed processes take a moment to end
    assert {0} <= store.committed_units(job_id) and (folder / "0000.parquet").is_file()
    if WHOLE:
        assert waited <= WITHIN, f"{waited:.1f} s"


@pytest.mark.parametrize("behaviour", ["leaves a thread", "leaves a child"])
def test_what_a_job_leaves_behind_does_not_keep_it_and_is_ended(
    supervisor: JobSupervisor, store: Store, tmp_path: Path, behaviour: str
) -> None:
    job_id = start(supervisor, behaviour)
    job = ended(store, job_id)
    assert job.state is JobState.DONE and store.committed_units(job_id) == {0, 1}
    until(lambda: session(tmp_path / "spool" / job_id) == [])
    if behaviour == "leaves a child":
        pids = (tmp_path / "spool" / job_id / "children").read_text().split()
        until(lambda: not any(psutil.pid_exists(int(pid)) and _runs(int(pid)) for pid in pids))


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def test_a_job_that_exits_without_a_word_is_not_done(supervisor: JobSupervisor, store: Store) -> None:
    job = ended(store, start(supervisor, "exits"))
    assert job.state is JobState.FAILED
    assert "ended without a result (exit code 0); it was started again 2 times" in job.message


def test_a_job_that_calls_exit_fails_by_name(supervisor: JobSupervisor, store: Store) -> None:
    job = ended(store, start(supervisor, "calls sys.exit"))
    assert job.state is JobState.FAILED and "something in it called sys.exit(0)" in job.message


def test_a_job_that_cannot_be_started_fails_by_name(
    supervisor: JobSupervisor, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "sys", SimpleNamespace(executable="/nowhere/python"))
    job = ended(store, start(supervisor, "loops"))
    assert job.state is JobState.FAILED
    assert "its process could not be started: FileNotFoundError" in job.message and "/nowhere/python" in job.message


def test_the_next_owner_sees_and_ends_a_job_that_hangs(supervisor: JobSupervisor, store: Store, tmp_path: Path) -> None:
    job_id = start(supervisor, "waits for a child")
    until(lambda: (tmp_path / "spool" / job_id / "children").exists())
    supervisor.stop()
    later = JobSupervisor(store, tmp_path / "spool")
    later.start()
    try:
        later.cancel(job_id)
        assert ended(store, job_id).state is JobState.CANCELLED
        until(lambda: session(tmp_path / "spool" / job_id) == [], WITHIN)
    finally:
        later.stop()


def test_a_job_that_an_owner_started_in_the_moment_it_died_is_not_there_twice(
    supervisor: JobSupervisor, store: Store, tmp_path: Path
) -> None:
    """Without process.json the job does not look alive to the next owner, which starts it again."""
    job_id = start(supervisor, "loops")
    folder = tmp_path / "spool" / job_id
    until(lambda: store.committed_units(job_id) == {0})
    (first,) = session(folder)
    supervisor.stop()
    (folder / "process.json").unlink()
    later = JobSupervisor(store, tmp_path / "spool")
    later.start()
    try:
        until(lambda: session(folder) not in ([first], []))
        (second,) = session(folder)
        assert second != first
        later.cancel(job_id)
        assert ended(store, job_id).state is JobState.CANCELLED
    finally:
        later.stop()


def test_silence_is_shown_while_the_process_reports_nothing(
    supervisor: JobSupervisor, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "SILENT_SECONDS", 2.0)
    job_id = start(supervisor, "holds the interpreter")
    until(lambda: "it has not reported for" in supervisor.status(store.job(job_id)).note)
    assert store.job(job_id).state is JobState.RUNNING
    supervisor.cancel(job_id)
    assert ended(store, job_id).state is JobState.CANCELLED


def test_a_stopped_job_that_is_continued_goes_on(supervisor: JobSupervisor, store: Store, tmp_path: Path) -> None:
    job_id = start(supervisor, "is stopped")
    until(lambda: supervisor.status(store.job(job_id)).note.startswith("its process was stopped"))
    (pid,) = session(tmp_path / "spool" / job_id)
    os.kill(pid, signal.SIGCONT)
    # it reports that it is done after one unit of two, so it is started again, and stops again
    until(lambda: "1 segment(s) were damaged or are missing" in store.job_events(job_id)[-1].message)
    supervisor.cancel(job_id)
    assert ended(store, job_id).state is JobState.CANCELLED
