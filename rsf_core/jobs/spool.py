"""The file protocol between a job process and the owner: one folder a job.

    spec.json            what to do (owner)             status.json     state, done/total, heartbeat, message (process)
    inputs/NAME.parquet  the rows to work on (owner)    NNNN.parquet    segment of unit NNNN, whole or absent (process)
    cancel               asks the process to stop       metrics.jsonl   one {"step", "values"} a line (process)
    process.json         its pid                       result.json     what a finished job leaves besides rows (process)
    log.txt              stdout and stderr              NNNN.damaged    a segment that could not be read (owner)

A unit is a fixed part of the job's work; its number is the segment's, so that a job that is started again does only the
units without a segment. Nothing in the folder is trusted: other files are ignored, and a file that is damaged or does not
match its name raises a JobError that names it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core.domain import JobState, results, specs
from rsf_core.domain.errors import JobError
from rsf_core.domain.files import read_json, writable, write_json, write_whole
from rsf_core.domain.results import JobResult
from rsf_core.domain.specs import JobSpec
from rsf_core.jobs.schemas import ADDED


@dataclass(frozen=True, slots=True)
class Status:
    """`done` and `total` count `unit_name`s; `before` of them were done when this process started, at `started`;
    `heartbeat` and `started` are seconds by the process's own monotonic clock, and compare with nothing else. `units` is the
    number of segments it has written. `note` and `cancelling` are set by the owner: what it has noticed about the process."""

    state: JobState
    message: str = ""
    done: int = 0
    total: int = 0
    unit_name: str = ""
    before: int = 0
    started: float = 0.0
    heartbeat: float = 0.0
    units: int = 0
    note: str = ""
    cancelling: bool = False

    @property
    def fraction(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0

    def remaining_seconds(self) -> float | None:
        """Seconds left at the pace of this process so far; None before anything is done."""
        if self.done <= self.before:
            return None
        pace = (self.heartbeat - self.started) / (self.done - self.before)
        return max(0.0, pace * (self.total - self.done))


SEGMENT = re.compile(r"[0-9]{4,9}\.parquet")
OWNERS = ("note", "cancelling")
LARGEST = 2**53  # a larger count is not valid
LONGEST_MESSAGE = 2000


class Spool:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def create(folder: Path, spec: JobSpec, inputs: Mapping[str, pa.Table]) -> Spool:
        """Make the folder with its spec and inputs; it appears whole or not at all."""
        temporary = folder.with_name(folder.name + ".tmp")
        with writable(folder.parent):
            (temporary / "inputs").mkdir(parents=True, exist_ok=True)
        for name, table in inputs.items():
            write_whole(temporary / "inputs" / f"{name}.parquet", partial(pq.write_table, table))
        Spool(temporary).write_spec(spec)
        os.replace(temporary, folder)
        return Spool(folder)

    # -- written by the owner --------------------------------------------------------------------------------------

    def spec(self) -> JobSpec:
        """Raises JobError if spec.json is not a spec."""
        data = self._object("spec.json")
        if data is None:
            raise JobError(f"{self.folder} has no spec.json: it is not a job folder")
        return specs.parse(data, str(self.folder / "spec.json"))

    def write_spec(self, spec: JobSpec) -> None:
        write_json(self.folder / "spec.json", specs.dump(spec))

    def input(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of an input, with those of `columns` that it has. Raises JobError if it cannot be read."""
        path = self.folder / "inputs" / f"{name}.parquet"
        try:
            if columns is not None:
                columns = [name for name in pq.read_schema(path).names if name in columns]
            return pq.read_table(path, columns=columns)
        except (pa.ArrowException, FileNotFoundError, IsADirectoryError, ValueError) as error:
            raise JobError(f"{path} is damaged: {error}") from error

    def request_cancel(self) -> None:
        (self.folder / "cancel").touch()

    def clear_cancel(self) -> None:
        (self.folder / "cancel").unlink(missing_ok=True)

    @property
    def cancel_requested(self) -> bool:
        return (self.folder / "cancel").exists()

    # -- written by the process ------------------------------------------------------------------------------------

    def write_status(self, status: Status) -> None:
        values = {name: value for name, value in asdict(status).items() if name not in OWNERS}
        write_json(self.folder / "status.json", values)

    def status(self) -> Status:
        """Raises JobError if status.json is not a status."""
        data = self._object("status.json")
        try:
            return Status(JobState.QUEUED) if data is None else _status(data)
        except ValueError as error:
            raise JobError(f"{self.folder / 'status.json'} is damaged: {error}") from error

    def write_segment(self, unit: int, table: pa.Table, left_out: Sequence[int] = ()) -> None:
        """Write `table` with the names of its job and unit in its metadata: they identify it, and equal rows of two jobs are
        not taken for a replay. `left_out` are the prompts of the unit that it has no rows for, on purpose."""
        metadata = {"job": self.folder.name, "unit": str(unit)}
        if left_out:
            metadata["left_out"] = json.dumps(list(left_out))
        named = table.replace_schema_metadata(metadata)
        write_whole(self.folder / segment_name(unit), lambda path: pq.write_table(named, path))

    def segments(self) -> Iterator[tuple[int, Path]]:
        """`(unit, path)` of every file with the name of a segment, by unit. Links, folders and other names are ignored."""
        segments = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if SEGMENT.fullmatch(entry.name):
                    unit = int(entry.name.partition(".")[0])
                    if entry.name == segment_name(unit) and entry.is_file(follow_symlinks=False):
                        segments.append((unit, self.folder / entry.name))
        yield from sorted(segments)

    def read_segment(self, path: Path, schema: pa.Schema) -> tuple[str, pa.Table]:
        """SHA-256 and rows of a segment, with its metadata. Raises JobError if it can't be read, has other columns than
        `schema`, or was written for another job or unit."""
        try:
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            table = pq.read_table(path)
            table.validate(full=True)  # also texts that are not UTF-8
        except (pa.ArrowException, OSError, ValueError) as error:
            raise JobError(f"{path} is damaged: {error}") from error
        for field in schema:
            if field.name in ADDED and field.name not in table.schema.names:
                table = table.append_column(field, pa.nulls(table.num_rows, field.type))
        if not table.schema.equals(schema):
            raise JobError(f"{path} is damaged: it has the columns {table.schema.names}, not {schema.names}")
        job, unit = (_metadata(table, name) for name in ("job", "unit"))
        if (job, unit) != (self.folder.name, str(int(path.stem))):
            raise JobError(f"{path} is another segment: it was written for unit {unit} of {job}")
        return sha256, table

    def set_aside(self, path: Path) -> Path:
        """Rename a damaged segment so that its unit is done again; the file is kept for inspection."""
        aside = path.with_suffix(".damaged")
        if aside.is_dir():
            aside = path.with_suffix(".damaged-too")
        os.replace(path, aside)
        return aside

    def append_metrics(self, step: int, values: Mapping[str, float]) -> None:
        with (self.folder / "metrics.jsonl").open("ab+") as file:
            line = json.dumps({"step": step, "values": dict(values)}) + "\n"
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # a full disk has cut off the line before
                    line = "\n" + line
            file.write(line.encode())

    def metrics(self) -> list[tuple[int, str, float]]:
        """`(step, name, value)` so far. A line that is still being written is left for the next look; one that a full disk
        cut off is left out: its step is done again from the checkpoint."""
        rows: dict[tuple[int, str], float] = {}
        try:
            text = (self.folder / "metrics.jsonl").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, IsADirectoryError):
            return []
        for line in text[: text.rfind("\n") + 1].splitlines():
            step, values = _metrics(line)
            rows.update({(step, name): value for name, value in values.items()})
        return [(step, name, value) for (step, name), value in rows.items()]

    def write_result(self, result: JobResult) -> None:
        write_json(self.folder / "result.json", result.model_dump(mode="json", exclude_unset=True))

    def result(self) -> JobResult:
        """The result so far. Raises JobError if it is damaged."""
        return results.parse(self._object("result.json") or {}, str(self.folder / "result.json"))

    def log_tail(self, characters: int = 600) -> str:
        try:
            return (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")[-characters:].strip()
        except (FileNotFoundError, IsADirectoryError):
            return ""

    def _object(self, name: str) -> dict[str, Any] | None:
        path = self.folder / name
        try:
            data = read_json(path)
        except (ValueError, RecursionError, IsADirectoryError) as error:
            raise JobError(f"{path} is damaged: {error}") from error
        if data is not None and not isinstance(data, dict):
            raise JobError(f"{path} is damaged: it contains not an object but a {type(data).__name__}")
        return data


def segment_name(unit: int) -> str:
    return f"{unit:04d}.parquet"


def left_out(segment: pa.Table) -> list[int]:
    """The prompts that a segment names as left out. Raises JobError if they are not a list of numbers."""
    text = _metadata(segment, "left_out")
    try:
        named = json.loads(text) if text else []
    except (ValueError, RecursionError) as error:
        raise JobError(f"what it leaves out cannot be read: {error}") from error
    if not isinstance(named, list) or not all(isinstance(prompt, int) for prompt in named):
        raise JobError(f"what it leaves out is not a list of prompts: {text}")
    return named


def now() -> float:
    """Seconds of the monotonic clock. They have a meaning only in the process that reads them."""
    return time.monotonic()


def _metadata(table: pa.Table, name: str) -> str | None:
    value = (table.schema.metadata or {}).get(name.encode())
    return None if value is None else value.decode("utf-8", "replace")


def _status(data: Mapping[str, Any]) -> Status:
    """Raises ValueError naming the field that is not valid. Names of later versions are ignored."""
    try:
        values: dict[str, Any] = {"state": JobState(str(data.get("state")))}
    except ValueError as error:
        raise ValueError(f"{str(data.get('state'))[:80]!r} is not a state") from error
    for name in ("message", "unit_name"):
        text = data.get(name, "")
        if not isinstance(text, str):
            raise ValueError(f"{name} is not text")
        values[name] = text.encode("utf-8", "replace").decode()[:LONGEST_MESSAGE]
    for name in ("done", "total", "before", "units", "started", "heartbeat"):
        number = data.get(name, 0)
        whole = isinstance(number, int) and not isinstance(number, bool)
        counted = whole or (isinstance(number, float) and name in ("started", "heartbeat"))
        if not counted or not 0 <= number < LARGEST:  # a NaN fails both comparisons
            raise ValueError(f"{name} is not a number that it can be")
        values[name] = number
    return Status(**values)


def _metrics(line: str) -> tuple[int, dict[str, float]]:
    """Step and values of a line of metrics; (0, {}) if it is not valid."""
    try:
        entry = json.loads(line)
        step, values = entry["step"], entry["values"]
        if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step < 1 << 31:
            return 0, {}
        numbers = {name: value for name, value in values.items() if isinstance(value, int | float)}
        return step, {name.encode("utf-8", "replace").decode(): float(value) for name, value in numbers.items()}
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
        return 0, {}
