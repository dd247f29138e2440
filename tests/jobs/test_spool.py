"""The spool: files are whole or absent, and damage is reported."""

from __future__ import annotations

import pyarrow as pa
import pytest

from rsf_core.domain import JobState
from rsf_core.domain.errors import JobError
from rsf_core.jobs.spool import Spool, Status
from tests.support import specs

SCHEMA = pa.schema([("x", pa.int64())])
TABLE = pa.table({"x": [1, 2, 3]}, schema=SCHEMA)


@pytest.fixture
def spool(tmp_path):
    return Spool.create(tmp_path / "job", specs.generate(), {"rows": TABLE})


def test_spec_and_inputs_read_back(spool):
    assert spool.spec() == specs.generate()
    assert spool.input("rows").equals(TABLE)


def test_a_segment_is_named_by_its_unit_and_reads_back(spool):
    spool.write_segment(7, TABLE)
    ((unit, path),) = spool.segments()
    assert (unit, path.name) == (7, "0007.parquet")
    assert spool.read_segment(path, SCHEMA)[1].equals(TABLE)
    assert not list(spool.folder.glob("*.tmp"))


def test_equal_rows_of_two_jobs_are_two_segments(spool, tmp_path):
    other = Spool.create(tmp_path / "other", specs.generate(), {})
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


def test_a_text_that_is_not_utf8_is_found_damaged_before_anybody_reads_it(spool):
    schema = pa.schema([("x", pa.string())])
    broken = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xffa"))
    spool.write_segment(0, pa.table([broken], schema=schema))
    with pytest.raises(JobError, match=r"0000\.parquet is damaged: .*UTF8"):
        spool.read_segment(spool.folder / "0000.parquet", schema)


@pytest.mark.parametrize(
    "name",
    [
        "notes.parquet",
        "._0000.parquet",
        "0003 (1).parquet",
        "0.parquet",
        "00001.parquet",
        "+001.parquet",
        "١٢٣٤.parquet",
        "0000.parquet.tmp",
        "0000.PARQUET",
        "-001.parquet",
        "99999999999.parquet",
    ],
)
def test_a_file_with_another_name_is_no_segment(spool, name):
    spool.write_segment(0, TABLE)
    (spool.folder / name).write_bytes((spool.folder / "0000.parquet").read_bytes())
    (spool.folder / "0007.parquet").mkdir()
    (spool.folder / "0008.parquet").symlink_to(spool.folder / "0000.parquet")
    assert [unit for unit, _ in spool.segments()] == [0]


def test_a_segment_in_the_place_of_another_is_detected_by_its_metadata(spool, tmp_path):
    other = Spool.create(tmp_path / "other", specs.generate(), {})
    for one in (spool, other):
        one.write_segment(0, TABLE)
    (spool.folder / "0003.parquet").write_bytes((spool.folder / "0000.parquet").read_bytes())
    (spool.folder / "0000.parquet").write_bytes((other.folder / "0000.parquet").read_bytes())
    with pytest.raises(JobError, match=r"0003\.parquet is another segment: it was written for unit 0 of job"):
        spool.read_segment(spool.folder / "0003.parquet", SCHEMA)
    with pytest.raises(JobError, match=r"0000\.parquet is another segment: it was written for unit 0 of other"):
        spool.read_segment(spool.folder / "0000.parquet", SCHEMA)


def test_metrics_that_are_json_and_no_metrics_are_left_out(spool):
    spool.append_metrics(1, {"loss": 2.0})
    lines = [
        b"[]",
        b"7",
        b'{"step": 2}',
        b'{"step": "2", "values": {"loss": 1}}',
        b'{"step": -1, "values": {"loss": 1}}',
    ]
    lines += [b'{"step": 3, "values": {"loss": "low"}}', b'{"step": 4, "values": [1]}', b"\xff\xfe", b"[" * 100_000]
    lines += [b'{"step": true, "values": {"loss": 1}}', b'{"step": 5, "values": {"loss": 1' + b"0" * 400 + b"}}"]
    with (spool.folder / "metrics.jsonl").open("ab") as file:
        file.write(b"\n".join(lines) + b"\n")
    spool.append_metrics(6, {"loss": 1.5})
    assert spool.metrics() == [(1, "loss", 2.0), (6, "loss", 1.5)]


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
