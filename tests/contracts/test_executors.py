"""What the supervisor relies on in every executor: a job starts, ends, can be asked to stop or be killed, and the next owner
finds it."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from rsf_core.domain import JobState
from rsf_core.jobs import process, worker
from rsf_core.jobs.executors import Executor, InlineExecutor, LocalExecutor
from rsf_core.jobs.spool import Spool
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.jobs.types import Resources
from rsf_core.store.store import Store
from tests.support import patient_work, specs
from tests.support.faults import stand_in
from tests.support.waiting import until

Make = Callable[[], Executor]
ONE = Resources()


@pytest.fixture(params=[LocalExecutor, InlineExecutor], ids=["local", "inline"])
def make(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a new executor at each call; its jobs work until they are asked to end."""
    interpreter = stand_in.interpreter(tmp_path, patient_work)
    monkeypatch.setattr(process, "sys", SimpleNamespace(executable=str(interpreter)))
    monkeypatch.setattr(worker, "job_function", patient_work.of_kind)
    return request.param


@pytest.fixture
def folder(make: Make, tmp_path: Path) -> Iterator[Path]:
    """The folder of a job that has not been started."""
    made = tmp_path / "spool" / "r1-finetune-1"
    made.parent.mkdir()
    Spool.create(made, specs.finetune(), {})
    yield made
    make().kill(made)


def working(executor: Executor, folder: Path) -> None:
    executor.start(folder, ONE)
    until((folder / "working").exists)


def state(folder: Path) -> JobState:
    return Spool(folder).status().state


def test_a_job_that_was_not_started_is_not_alive(make: Make, folder: Path) -> None:
    executor = make()
    assert not executor.alive(folder) and not executor.stopped(folder) and executor.exit_code(folder) is None
    executor.ask(folder, signal.SIGTERM)
    executor.kill(folder)
    executor.forget(folder)
    assert not (folder / "cancel").exists()


def test_a_job_is_alive_until_it_has_ended_and_its_status_says_how(make: Make, folder: Path) -> None:
    executor = make()
    working(executor, folder)
    assert executor.alive(folder) and executor.exit_code(folder) is None
    (folder / "go").touch()
    until(lambda: not executor.alive(folder))
    assert (state(folder), executor.exit_code(folder)) == (JobState.DONE, 0)
    executor.forget(folder)
    assert not executor.alive(folder) and executor.exit_code(folder) is None


def test_one_that_is_asked_to_cancel_ends_by_itself(make: Make, folder: Path) -> None:
    executor = make()
    working(executor, folder)
    Spool(folder).request_cancel()
    until(lambda: not executor.alive(folder))
    assert state(folder) is JobState.CANCELLED


def test_a_handle_is_json_by_which_the_next_owner_finds_and_ends_the_job(make: Make, folder: Path) -> None:
    first = make()
    working(first, folder)
    first.leave()
    assert isinstance(json.loads((folder / "process.json").read_text()), dict)
    later = make()
    assert later.alive(folder)
    later.kill(folder)
    until(lambda: not later.alive(folder))
    assert state(folder) is not JobState.DONE


def test_a_handle_of_another_machine_or_none_that_is_one_is_no_job_that_runs(make: Make, folder: Path) -> None:
    executor = make()
    for text in ('{"pid": 1}', '{"inline": 1}', "[]", "{", "null", '{"pid": "x"}'):
        (folder / "process.json").write_text(text)
        assert not executor.alive(folder), text
        executor.kill(folder)


def test_a_job_is_started_again_in_the_same_folder(make: Make, folder: Path) -> None:
    executor = make()
    working(executor, folder)
    executor.kill(folder)
    until(lambda: not executor.alive(folder))
    executor.forget(folder)
    Spool(folder).clear_cancel()
    (folder / "working").unlink()
    working(executor, folder)
    (folder / "go").touch()
    until(lambda: not executor.alive(folder))
    assert state(folder) is JobState.DONE


@pytest.mark.parametrize(("slots", "together"), [(1, 1), (2, 2), (3, 2)])
def test_as_many_jobs_run_at_once_as_there_are_slots(
    make: Make, store: Store, tmp_path: Path, slots: int, together: int
) -> None:
    (tmp_path / "spool").mkdir()
    supervisor = JobSupervisor(store, tmp_path / "spool", make(), slots)
    jobs = [supervisor.submit(spec, {}) for spec in (specs.finetune(), specs.trial())]
    for _ in range(4):
        supervisor.tick()
    running = [job.job_id for job in supervisor.active() if job.state is JobState.RUNNING]
    assert running == jobs[:together]  # the first in the queue starts first
    for job_id in jobs:
        (tmp_path / "spool" / job_id / "go").touch()
    until(lambda: not supervisor.tick())
    assert {store.job(job_id).state for job_id in jobs} == {JobState.DONE}
