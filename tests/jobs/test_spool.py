"""The spool: files are whole or absent, and what is damaged is said."""

from __future__ import annotations

import pyarrow as pa
import pytest

from rsf_core.domain import JobState
from rsf_core.errors import JobError
from rsf_core.jobs.spool import Spool, Status

SCHEMA = pa.schema([("x", pa.int64())])
TABLE = pa.table({"x": [1, 2, 3]}, schema=SCHEMA)


@pytest.fixture
def spool(tmp_path):
    return Spool.create(tmp_path / "job", {"kind": "generate"}, {"rows": TABLE})


def test_spec_and_inputs_read_back(spool):
    assert spool.spec() == {"kind": "generate"}
    assert spool.input("rows").equals(TABLE)


def test_a_segment_is_named_by_its_unit_and_reads_back(spool):
    spool.write_segment(7, TABLE)
    ((unit, path),) = spool.segments()
    assert (unit, path.name) == (7, "0007.parquet")
    assert spool.read_segment(path, SCHEMA)[1].equals(TABLE)
    assert not list(spool.folder.glob("*.tmp"))


def test_equal_rows_of_two_jobs_are_two_segments(spool, tmp_path):
    other = Spool.create(tmp_path / "other", {"kind": "generate"}, {})
    hashes = []
    for one in (spool, other):
        one.write_segment(0, TABLE)
        hashes.append(one.read_segment(one.folder / "0000.parquet", SCHEMA)[0])
    assert hashes[0] != hashes[1]


@pytest.mark.parametrize("keep", [0, 10, 100])
def test_a_damaged_segment_is_named_and_set_aside(spool, keep):
    spool.write_segment(0, TABLE)
    path = spool.folder / "0000.parquet"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(JobError, match=r"0000\.parquet is damaged"):
        spool.read_segment(path, SCHEMA)
    assert spool.set_aside(path).name == "0000.damaged"
    assert not list(spool.segments())


def test_other_columns_are_damage(spool):
    spool.write_segment(0, pa.table({"y": ["a"]}))
    with pytest.raises(JobError, match="columns"):
        spool.read_segment(spool.folder / "0000.parquet", SCHEMA)


def test_a_metrics_line_that_is_still_being_written_is_left_for_later(spool):
    spool.append_metrics(1, {"loss": 2.0})
    with (spool.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "val')
    assert spool.metrics() == [(1, "loss", 2.0)]


def test_a_metrics_line_that_a_full_disk_cut_off_spoils_no_other(spool):
    spool.append_metrics(1, {"loss": 2.0})
    with (spool.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "val')
    spool.append_metrics(2, {"loss": 1.5})
    assert spool.metrics() == [(1, "loss", 2.0), (2, "loss", 1.5)]


def test_the_remaining_time_is_at_the_pace_of_this_process():
    status = Status(JobState.RUNNING, done=30, total=50, before=10, started=100.0, heartbeat=140.0)
    assert status.remaining_seconds() == pytest.approx(40.0)
    assert Status(JobState.RUNNING, done=10, total=50, before=10).remaining_seconds() is None
