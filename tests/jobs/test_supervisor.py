"""The supervisor: what goes wrong with one job keeps no other from going on, and what follows a job is not forgotten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rsf_core.domain import JobKind, JobState
from rsf_core.errors import OutOfSpaceError
from rsf_core.files import write_json
from rsf_core.jobs import process
from rsf_core.jobs.spool import Spool, Status
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.store.database import utc_now
from rsf_core.store.records import JobRecord, ModelRecord
from rsf_core.store.store import Store

FIRST, SECOND = "r1-finetune-1", "r1-evaluate-1"


class _Ended:
    """A process that has done its job in no time."""

    returncode = 0

    def wait(self) -> None: ...


@pytest.fixture
def supervisor(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobSupervisor:
    """Nobody watches: the tests tick. Two jobs are queued, and both are done as soon as they start."""

    def spawn(folder: Path) -> _Ended:
        Spool(folder).write_status(Status(JobState.DONE, "done"))
        return _Ended()

    monkeypatch.setattr(process, "spawn", spawn)
    monkeypatch.setattr(process, "is_alive", lambda folder: False)
    (tmp_path / "spool").mkdir()
    made = JobSupervisor(store, tmp_path / "spool")
    made.submit(JobKind.FINETUNE, 1, {"model_id": "m1-1"}, {})
    made.submit(JobKind.EVALUATE, 1, {}, {})
    return made


def ticks(supervisor: JobSupervisor, until: Callable[[], bool]) -> list[str]:
    """What was raised until then."""
    raised: list[str] = []
    for _ in range(10):
        if until():
            return raised
        try:
            supervisor.tick()
        except Exception as error:
            raised.append(str(error))
    raise AssertionError(raised)


def test_a_job_whose_rows_are_impossible_fails_by_name_and_the_next_one_starts(
    supervisor: JobSupervisor, store: Store
) -> None:
    def on_done(job: JobRecord, result: object) -> None:
        if job.job_id == FIRST:
            store.add_model(ModelRecord("m1-1", "again", "models/m1-1", "id", None, 1, None, utc_now()))

    store.add_model(ModelRecord("m1-1", "there already", "models/m1-1", "id", None, 1, None, utc_now()))
    supervisor.listen(on_done, lambda job: None)
    assert ticks(supervisor, lambda: store.job(SECOND).state is JobState.DONE) == []
    first = store.job(FIRST)
    assert first.state is JobState.FAILED and "saving the model m1-1: Constraint Error" in first.message
    assert [model.name for model in store.models()] == ["there already"]


@pytest.mark.parametrize("name", ["status.json", "result.json"])
def test_a_job_that_left_a_damaged_file_fails_and_the_next_one_starts(
    supervisor: JobSupervisor, store: Store, tmp_path: Path, name: str
) -> None:
    supervisor.tick()
    (tmp_path / "spool" / FIRST / name).write_text('{"identity')
    ticks(supervisor, lambda: store.job(SECOND).state is JobState.DONE)
    assert store.job(FIRST).state is JobState.FAILED and "could not be saved" in store.job(FIRST).message


def test_a_job_that_waits_for_space_keeps_no_other_waiting_and_is_finished_in_the_end(
    supervisor: JobSupervisor, store: Store, tmp_path: Path
) -> None:
    full = True

    def on_done(job: JobRecord, result: object) -> None:
        if full and job.job_id == FIRST:
            raise OutOfSpaceError("the disk is full")

    supervisor.listen(on_done, lambda job: None)
    raised = ticks(supervisor, lambda: store.job(SECOND).state is JobState.DONE)
    assert set(raised) == {"the disk is full"} and store.job(FIRST).state is JobState.RUNNING
    full = False
    assert ticks(supervisor, lambda: store.job(FIRST).state is JobState.DONE) == []


def test_no_second_process_starts_beside_one_that_still_works(
    supervisor: JobSupervisor, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor.tick()
    monkeypatch.setattr(process, "is_alive", lambda folder: folder.name == FIRST)
    write_json(tmp_path / "spool" / FIRST / "status.json", {"state": "no such state"})
    with pytest.raises(ValueError, match="no such state"):
        supervisor.tick()
    assert (store.job(FIRST).state, store.job(SECOND).state) == (JobState.RUNNING, JobState.QUEUED)


def test_what_follows_a_job_is_asked_for_again_until_it_could_be_started(
    supervisor: JobSupervisor, store: Store
) -> None:
    told: list[str] = []
    broken = True

    def on_ended(job: JobRecord) -> None:
        if broken and job.job_id == FIRST:
            raise OutOfSpaceError("the disk is full")
        told.append(job.job_id)

    supervisor.listen(lambda job, result: None, on_ended)
    raised = ticks(supervisor, lambda: store.job(SECOND).state is JobState.DONE)
    assert len(raised) > 1 and told == [SECOND] and store.job(FIRST).state is JobState.DONE
    broken = False
    assert supervisor.tick() is False
    supervisor.tick()
    assert told == [SECOND, FIRST]  # and no more once it has returned


def test_a_job_is_cancelled_also_where_what_follows_cannot_be_asked_for(
    supervisor: JobSupervisor, store: Store
) -> None:
    told: list[str] = []

    def on_ended(job: JobRecord) -> None:
        told.append(job.job_id)
        if len(told) == 1:
            raise OutOfSpaceError("the disk is full")

    supervisor.listen(lambda job, result: None, on_ended)
    supervisor.cancel(FIRST)
    assert store.job(FIRST).state is JobState.CANCELLED
    supervisor.tick()
    assert told == [FIRST, FIRST]
