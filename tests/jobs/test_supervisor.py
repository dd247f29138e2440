"""The supervisor: a failure of one job does not stop the others, and what follows a job is not forgotten."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from rsf_core.domain import JobState
from rsf_core.domain.errors import JobError, OutOfSpaceError
from rsf_core.domain.files import write_json
from rsf_core.domain.specs import FinetuneSpec
from rsf_core.jobs import process
from rsf_core.jobs.spool import Spool, Status
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.jobs.units import prompts_table
from rsf_core.rounds.follow_ups import FollowUps
from rsf_core.store import database
from rsf_core.store.database import utc_now
from rsf_core.store.records import JobRecord, ModelRecord
from rsf_core.store.store import Store
from tests.support import specs
from tests.support.waiting import until

FIRST, SECOND = "r1-finetune-1", "r1-evaluate-1"


class _Ended:
    """A process that has already done its job."""

    returncode = 0

    def poll(self) -> int:
        return 0


@pytest.fixture
def supervisor(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobSupervisor:
    """A supervisor without its thread: the tests call tick. Two jobs are queued, and both are done as soon as they start."""

    def spawn(folder: Path) -> _Ended:
        Spool(folder).write_status(Status(JobState.DONE, "done"))
        return _Ended()

    monkeypatch.setattr(process, "spawn", spawn)
    monkeypatch.setattr(process, "is_alive", lambda folder: False)
    (tmp_path / "spool").mkdir()
    made = JobSupervisor(store, tmp_path / "spool")
    made.submit(specs.finetune(), {})
    made.submit(specs.evaluate(), {"prompts": prompts_table([])})
    return made


def ticks(supervisor: JobSupervisor, until: Callable[[], bool]) -> list[str]:
    """Tick until `until` is true, at most ten times; the errors that were raised."""
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
    supervisor.listen(on_done, lambda job: True)
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

    supervisor.listen(on_done, lambda job: True)
    raised = ticks(supervisor, lambda: store.job(SECOND).state is JobState.DONE)
    assert set(raised) == {"the disk is full"} and store.job(FIRST).state is JobState.RUNNING
    full = False
    assert ticks(supervisor, lambda: store.job(FIRST).state is JobState.DONE) == []


def test_no_second_process_starts_beside_one_that_still_works(
    supervisor: JobSupervisor, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor.tick()
    with monkeypatch.context() as patch:
        patch.setattr(process, "is_alive", lambda folder: folder.name == FIRST)
        write_json(tmp_path / "spool" / FIRST / "status.json", {"state": "no such state"})
        assert supervisor.tick() is True  # it writes a new status within a second
        assert (store.job(FIRST).state, store.job(SECOND).state) == (JobState.RUNNING, JobState.QUEUED)
        assert "'no such state' is not a state" in supervisor.status(store.job(FIRST)).message
    supervisor.tick()
    assert store.job(FIRST).state is JobState.FAILED and "'no such state' is not a state" in store.job(FIRST).message


# JSON of the wrong kind where an object, a word or a number is expected.
STATUSES = [
    [],
    "done",
    7,
    True,
    {},
    {"state": None},
    {"state": ["done"]},
    {"state": "DONE"},
    {"state": "done", "units": "many"},
    {"state": "done", "done": -1},
    {"state": "done", "total": 10**400},
    {"state": "done", "heartbeat": float("nan")},
    {"state": "done", "started": float("inf")},
    {"state": "done", "message": {"text": "done"}},
    {"state": "done", "units": True},
]


@pytest.mark.parametrize("written", STATUSES, ids=str)
def test_a_status_that_is_json_and_no_status_fails_its_job_by_name_and_no_other(
    supervisor: JobSupervisor, store: Store, tmp_path: Path, written: object
) -> None:
    supervisor.tick()
    (tmp_path / "spool" / FIRST / "status.json").write_text(json.dumps(written))
    assert ticks(supervisor, lambda: store.job(SECOND).state is JobState.DONE) == []
    first = store.job(FIRST)
    assert first.state is JobState.FAILED and "status.json is damaged" in first.message


def test_names_of_a_later_version_in_a_status_are_left_aside(
    supervisor: JobSupervisor, store: Store, tmp_path: Path
) -> None:
    supervisor.tick()
    write_json(tmp_path / "spool" / FIRST / "status.json", {"state": "done", "mood": "good", "done": 2**53 - 1})
    assert ticks(supervisor, lambda: store.job(FIRST).state is JobState.DONE) == []


@pytest.mark.parametrize(
    "text", ["[]", "7", "[" * 100_000, '"\\ud800"', "\x00", '{"base": []}', '{"base": {"name": 3}}']
)
def test_an_invalid_result_fails_its_own_job_and_no_other(
    supervisor: JobSupervisor, store: Store, tmp_path: Path, text: str
) -> None:
    follow_ups = FollowUps(store, None, None, lambda: None)  # type: ignore[arg-type]
    supervisor.listen(follow_ups.on_done, lambda job: True)
    supervisor.tick()
    (tmp_path / "spool" / FIRST / "result.json").write_text(text)
    assert ticks(supervisor, lambda: store.job(SECOND).state is JobState.DONE) == []
    assert store.job(FIRST).state is JobState.FAILED and "result.json" in store.job(FIRST).message


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"pid": "1"}', '{"pid": -1}', '{"pid": 1}', f'{{"pid": {10**30}}}', '{"pid": null}', "\x00"],
)
def test_a_process_file_that_names_no_process_means_no_process(tmp_path: Path, text: str) -> None:
    (tmp_path / "process.json").write_text(text)
    assert not process.is_alive(tmp_path) and not process.is_stopped(tmp_path)
    process.kill(tmp_path)  # no other process is killed


def test_a_job_whose_process_cannot_be_started_fails_and_the_next_one_starts(
    supervisor: JobSupervisor, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = process.spawn

    def spawn(folder: Path) -> object:
        if folder.name == FIRST:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return started(folder)

    monkeypatch.setattr(process, "spawn", spawn)
    assert ticks(supervisor, lambda: store.job(SECOND).state is JobState.DONE) == []
    first = store.job(FIRST)
    assert first.state is JobState.FAILED and "its process could not be started" in first.message


@pytest.mark.parametrize("running", [False, True])
def test_a_job_whose_folder_is_gone_fails_and_the_next_one_starts(
    supervisor: JobSupervisor, store: Store, tmp_path: Path, running: bool
) -> None:
    if running:
        supervisor.tick()
    shutil.rmtree(tmp_path / "spool" / FIRST)
    assert ticks(supervisor, lambda: store.job(SECOND).state is JobState.DONE) == []
    first = store.job(FIRST)
    assert first.state is JobState.FAILED and f"{FIRST} is gone: start the stage again" in first.message


def test_a_spec_that_is_damaged_fails_its_job_and_resuming_mends_it(
    supervisor: JobSupervisor, store: Store, tmp_path: Path
) -> None:
    supervisor.tick()
    Spool(tmp_path / "spool" / FIRST).write_status(Status(JobState.FAILED, "no memory"))
    ticks(supervisor, lambda: store.job(FIRST).state.ended)
    (tmp_path / "spool" / FIRST / "spec.json").write_text('{"model_id"')
    supervisor.resume(FIRST)
    assert Spool(tmp_path / "spool" / FIRST).spec() == specs.finetune()


@pytest.mark.parametrize("text", ['{"kind"', '{"kind": "finetune"}', '{"kind": "draw"}', "[]"])
def test_a_stored_spec_that_is_damaged_fails_its_job_by_name_and_no_other(
    supervisor: JobSupervisor, store: Store, text: str
) -> None:
    store._db._cursor().execute("UPDATE jobs SET spec = $1 WHERE job_id = $2", [text, FIRST])
    assert ticks(supervisor, lambda: store.job(SECOND).state is JobState.DONE) == []
    first = store.job(FIRST)
    assert first.state is JobState.FAILED
    assert first.message.startswith(f"it could not be started: the spec of {FIRST} is damaged: ")
    with pytest.raises(JobError, match=f"the spec of {FIRST} is damaged"):
        first.spec_of(FinetuneSpec)
    assert first.sound_spec(FinetuneSpec) is None


def test_a_spec_is_that_of_its_kind_alone(supervisor: JobSupervisor, store: Store) -> None:
    assert store.job(FIRST).spec_of(FinetuneSpec) == specs.finetune()
    with pytest.raises(JobError, match=f"{SECOND} is a job of another kind: its spec is a EvaluateSpec"):
        store.job(SECOND).spec_of(FinetuneSpec)


def test_what_follows_a_job_is_asked_for_again_until_it_could_be_started(
    supervisor: JobSupervisor, store: Store
) -> None:
    followed: list[str] = []
    broken = True

    def on_ended(job: JobRecord) -> bool:
        if broken and job.job_id == FIRST:
            raise OutOfSpaceError("the disk is full")
        followed.append(job.job_id)
        return True

    supervisor.listen(lambda job, result: None, on_ended)
    raised = ticks(supervisor, lambda: store.job(SECOND).state is JobState.DONE)
    assert len(raised) > 1 and followed == [SECOND] and store.job(FIRST).state is JobState.DONE
    broken = False
    assert supervisor.tick() is False
    supervisor.tick()
    assert followed == [SECOND, FIRST]  # no third call after it has returned


def test_what_waits_for_another_job_is_asked_for_once_that_has_ended_or_by_the_next_owner(
    supervisor: JobSupervisor, store: Store, tmp_path: Path
) -> None:
    followed: list[str] = []

    def on_ended(job: JobRecord) -> bool:
        followed.append(job.job_id)
        return job.job_id == SECOND or store.job(SECOND).state is JobState.DONE

    supervisor.listen(lambda job, result: None, on_ended)
    ticks(supervisor, lambda: store.job(FIRST).state is JobState.DONE)
    assert followed == [FIRST] and store.unfollowed_jobs() == [FIRST]
    next_owner = JobSupervisor(store, tmp_path / "spool")
    next_owner.listen(lambda job, result: None, on_ended)
    next_owner.catch_up(lambda: None)
    assert followed == [FIRST, FIRST] and store.unfollowed_jobs() == [FIRST]
    ticks(next_owner, lambda: store.job(SECOND).state is JobState.DONE)
    next_owner.tick()
    assert followed == [FIRST] * 3 + [SECOND] and store.unfollowed_jobs() == []


def test_a_job_is_cancelled_also_where_what_follows_cannot_be_asked_for(
    supervisor: JobSupervisor, store: Store
) -> None:
    followed: list[str] = []

    def on_ended(job: JobRecord) -> bool:
        followed.append(job.job_id)
        if len(followed) == 1:
            raise OutOfSpaceError("the disk is full")
        return True

    supervisor.listen(lambda job, result: None, on_ended)
    supervisor.cancel(FIRST)
    assert store.job(FIRST).state is JobState.CANCELLED
    supervisor.tick()
    assert followed == [FIRST, FIRST]


def test_the_next_owner_starts_what_follows_the_jobs_after_whose_end_the_last_one_had_no_time_to(
    supervisor: JobSupervisor, store: Store, tmp_path: Path
) -> None:
    def killed(job: JobRecord) -> bool:
        if job.job_id == SECOND:
            raise OutOfSpaceError("the disk is full")
        return True

    supervisor.listen(lambda job, result: None, killed)
    ticks(supervisor, lambda: store.job(SECOND).state is JobState.DONE)

    def hear(followed: list[str], job: JobRecord) -> bool:
        followed.append(job.job_id)
        return True

    owners = []
    for _ in range(2):
        followed: list[str] = []
        owners.append(followed)
        again = JobSupervisor(store, tmp_path / "spool")
        again.listen(lambda job, result: None, partial(hear, followed))
        again.catch_up(lambda: None)
    assert owners == [[SECOND], []]


def test_a_job_that_ends_once_more_is_followed_once_more(
    supervisor: JobSupervisor, store: Store, tmp_path: Path
) -> None:
    supervisor.cancel(FIRST)
    supervisor.resume(FIRST)
    store.add_job_event(FIRST, JobState.DONE, "done, in the moment in which its owner died")
    assert store.unfollowed_jobs() == [FIRST]


@pytest.mark.parametrize("busy", [True, False, None])
def test_a_long_log_is_folded_into_the_file_whatever_goes_on(
    supervisor: JobSupervisor, store: Store, monkeypatch: pytest.MonkeyPatch, busy: bool | None
) -> None:
    """With `busy` None a tick raises, as when what follows a job cannot be started."""

    def tick() -> bool:
        if busy is None:
            raise JobError("a scorer is gone")
        return busy

    monkeypatch.setattr(database, "REPLAYED_COMMITS", 20)
    monkeypatch.setattr(supervisor, "tick", tick)
    supervisor.start()
    try:
        for at in range(3):
            for number in range(25):
                store.set_value(f"{at} {number}", "said")
            until(lambda: not store.has_long_log)
    finally:
        supervisor.stop()
