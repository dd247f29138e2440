"""Saving segments: saved ones are not read again, and new ones are noticed whatever the job reports."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
import pytest

from rsf_core.domain import JobState
from rsf_core.jobs import committing
from rsf_core.jobs.committing import Ingest
from rsf_core.jobs.schemas import TRIALS
from rsf_core.jobs.spool import Spool, segment_name
from rsf_core.store.store import Store
from tests.support import specs

JOB = "r1-trial-1"


def trial(store: Store, folder: Path, models: int) -> Ingest:
    """A trial of `models` models with one completion each."""
    spec = specs.trial(*(f"m{unit}" for unit in range(models)))
    store.add_job(JOB, spec, ())
    store.add_job_event(JOB, JobState.RUNNING, "running")
    return Ingest(store, Spool.create(folder / JOB, spec, {}), store.job(JOB))


def segment(unit: int) -> pa.Table:
    row = {"job_id": JOB, "model_id": f"m{unit}", "k": 0, "completion": "x", "finish": "eos", "token_count": 1}
    return pa.Table.from_pylist([row], schema=TRIALS)


def saved(store: Store) -> int:
    return len(store.trials())


def cost_of_looking(store: Store, folder: Path, count: int) -> float:
    """Processor time, in seconds, of 100 looks at a job that has `count` segments, all of them saved."""
    trial(store, folder, count)
    for unit in range(count):
        (folder / JOB / segment_name(unit)).touch()
    rows = {"sha256": [str(unit) for unit in range(count)], "job_id": [JOB] * count, "unit": list(range(count))}
    rows |= {"row_count": [1] * count, "created_at": [store.job(JOB).created_at] * count}
    with store.transaction("the test"):
        store._db.append("segments", pa.table(rows))
    ingest = Ingest(store, Spool(folder / JOB), store.job(JOB))
    ingest.commit(count, 0.0)
    began = time.process_time()
    for look in range(100):
        ingest.commit(count, 0.01 * look)
    return time.process_time() - began


def test_a_look_costs_the_same_with_ten_thousand_segments_as_with_ten(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other.duckdb", tmp_path / "exports")
    try:
        few = cost_of_looking(other, tmp_path / "few", 10)
    finally:
        other.close()
    many = cost_of_looking(store, tmp_path / "many", 10_000)
    assert many <= max(5 * few, 0.02)


def test_a_segment_is_saved_as_soon_as_the_job_says_that_it_is_there(store: Store, tmp_path: Path) -> None:
    ingest = trial(store, tmp_path, 3)
    for unit in range(3):
        ingest.commit(unit, 0.1 * unit)
        assert saved(store) == unit
        Spool(tmp_path / JOB).write_segment(unit, segment(unit))
        ingest.commit(unit + 1, 0.1 * unit)
        assert saved(store) == unit + 1 and ingest.missing() == 2 - unit


def test_one_that_the_job_does_not_count_is_found_after_a_while(store: Store, tmp_path: Path) -> None:
    ingest = trial(store, tmp_path, 3)
    ingest.commit(0, 10.0)
    Spool(tmp_path / JOB).write_segment(1, segment(1))
    ingest.commit(0, 10.5)
    assert saved(store) == 0
    ingest.commit(0, 10.0 + committing.LOOK_SECONDS)
    assert saved(store) == 1


@pytest.mark.parametrize("again", [1, 3])
def test_what_is_saved_is_saved_once_also_by_the_next_owner(store: Store, tmp_path: Path, again: int) -> None:
    trial(store, tmp_path, 2)
    Spool(tmp_path / JOB).write_segment(0, segment(0))
    for _ in range(again + 1):
        Ingest(store, Spool(tmp_path / JOB), store.job(JOB)).commit_all()
    assert saved(store) == 1 and store.committed_units(JOB) == {0}
    Spool(tmp_path / JOB).write_segment(
        0, segment(0).slice(0, 0)
    )  # spoiled after it was saved: nobody reads it any more
    ingest = Ingest(store, Spool(tmp_path / JOB), store.job(JOB))
    ingest.commit_all()
    assert ingest.missing() == 1 and (tmp_path / JOB / "0000.parquet").exists()


def test_a_wrong_segment_is_set_aside_with_its_reason_and_the_others_are_saved(store: Store, tmp_path: Path) -> None:
    ingest = trial(store, tmp_path, 3)
    for unit, rows in enumerate((segment(0), segment(0), segment(2))):
        Spool(tmp_path / JOB).write_segment(unit, rows)
    ingest.commit_all()
    assert store.committed_units(JOB) == {0, 2} and (tmp_path / JOB / "0001.damaged").is_file()
    (message,) = (event.message for event in store.job_events(JOB) if "damaged" in event.message)
    assert "0001.parquet is damaged: its rows are not those of unit 1: it lacks: 1 of 1, e.g. m1 0" in message
    (tmp_path / JOB / "0001.damaged").unlink()
    (tmp_path / JOB / "0001.damaged").mkdir()  # its name is taken
    Spool(tmp_path / JOB).write_segment(1, segment(0))
    ingest.commit_all()
    assert store.committed_units(JOB) == {0, 2} and not (tmp_path / JOB / "0001.parquet").exists()
