"""The file protocol between a job process and the owner: one folder a job.

    spec.json            what to do (owner)             status.json     state, done/total, heartbeat, message (process)
    inputs/NAME.parquet  the rows to work on (owner)    NNNN.parquet    segment of unit NNNN, whole or absent (process)
    cancel               asks the process to stop       metrics.jsonl   one {"step", "values"} a line (process)
    process.json         its pid                       result.json     what a finished job leaves besides rows (process)
    log.txt              stdout and stderr              NNNN.damaged    a segment that could not be read (owner)

A unit is a fixed part of the job's work; its number is the segment's, so that a job that is started again does only the
units without a segment.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core.domain import JobState
from rsf_core.errors import JobError
from rsf_core.files import read_json, write_json, write_whole


@dataclass(frozen=True, slots=True)
class Status:
    """`done` and `total` count `unit_name`s; `before` of them were done when this process started, at `started`;
    `heartbeat` and `started` are Unix seconds. `units` is the number of segments of a job that is done."""

    state: JobState
    message: str = ""
    done: int = 0
    total: int = 0
    unit_name: str = ""
    before: int = 0
    started: float = 0.0
    heartbeat: float = 0.0
    units: int = 0

    @property
    def fraction(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0

    def remaining_seconds(self) -> float | None:
        """At the pace of this process so far; None before anything is done."""
        if self.done <= self.before:
            return None
        pace = (self.heartbeat - self.started) / (self.done - self.before)
        return max(0.0, pace * (self.total - self.done))


class Spool:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def create(folder: Path, spec: Mapping[str, Any], inputs: Mapping[str, pa.Table]) -> Spool:
        """Make the folder with its spec and inputs; it appears whole or not at all."""
        temporary = folder.with_name(folder.name + ".tmp")
        (temporary / "inputs").mkdir(parents=True, exist_ok=True)
        for name, table in inputs.items():
            write_whole(temporary / "inputs" / f"{name}.parquet", lambda path, t=table: pq.write_table(t, path))  # type: ignore[misc]
        write_json(temporary / "spec.json", dict(spec))
        os.replace(temporary, folder)
        return Spool(folder)

    # -- what the owner gives --------------------------------------------------------------------------------------

    def spec(self) -> dict[str, Any]:
        spec: dict[str, Any] | None = read_json(self.folder / "spec.json")
        if spec is None:
            raise JobError(f"{self.folder} has no spec.json: it is no job folder")
        return spec

    def input(self, name: str) -> pa.Table:
        return pq.read_table(self.folder / "inputs" / f"{name}.parquet")

    def request_cancel(self) -> None:
        (self.folder / "cancel").touch()

    def clear_cancel(self) -> None:
        (self.folder / "cancel").unlink(missing_ok=True)

    @property
    def cancel_requested(self) -> bool:
        return (self.folder / "cancel").exists()

    # -- what the process says -------------------------------------------------------------------------------------

    def write_status(self, status: Status) -> None:
        write_json(self.folder / "status.json", asdict(status))

    def status(self) -> Status:
        try:
            data = read_json(self.folder / "status.json")
        except json.JSONDecodeError as error:
            raise JobError(f"{self.folder / 'status.json'} is damaged: {error}") from error
        return Status(**data | {"state": JobState(data["state"])}) if data else Status(JobState.QUEUED)

    def write_segment(self, unit: int, table: pa.Table) -> None:
        """`table` with the job's name in its metadata, so that equal rows of two jobs are not taken for a replay."""
        named = table.replace_schema_metadata({"job": self.folder.name, "unit": str(unit)})
        write_whole(self.folder / f"{unit:04d}.parquet", lambda path: pq.write_table(named, path))

    def segments(self) -> Iterator[tuple[int, Path]]:
        """`(unit, path)` of every segment that is there, by unit."""
        for path in sorted(self.folder.glob("*.parquet"), key=lambda path: int(path.stem)):
            yield int(path.stem), path

    def read_segment(self, path: Path, schema: pa.Schema) -> tuple[str, pa.Table]:
        """SHA-256 and rows of a segment. Raises JobError when it can't be read or has other columns than `schema`."""
        try:
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            table = pq.read_table(path)
        except (pa.ArrowException, OSError) as error:
            raise JobError(f"{path} is damaged: {error}") from error
        if not table.schema.equals(schema):
            raise JobError(f"{path} is damaged: it has the columns {table.schema.names}, not {schema.names}")
        return sha256, table.replace_schema_metadata(None)

    def set_aside(self, path: Path) -> Path:
        """Rename a damaged segment so that its unit is done again; the file is kept for a look."""
        aside = path.with_suffix(".damaged")
        os.replace(path, aside)
        return aside

    def append_metrics(self, step: int, values: Mapping[str, float]) -> None:
        with (self.folder / "metrics.jsonl").open("ab+") as file:
            line = json.dumps({"step": step, "values": dict(values)}) + "\n"
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # a full disk has cut the line before
                    line = "\n" + line
            file.write(line.encode())

    def metrics(self) -> list[tuple[int, str, float]]:
        """`(step, name, value)` so far. A line that is still being written is left for the next look; one that a full disk
        cut off is left out: its step is done again from the checkpoint."""
        rows: dict[tuple[int, str], float] = {}
        try:
            text = (self.folder / "metrics.jsonl").read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        for line in text[: text.rfind("\n") + 1].splitlines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue
            rows.update({(entry["step"], name): value for name, value in entry["values"].items()})
        return [(step, name, value) for (step, name), value in rows.items()]

    def write_result(self, result: Mapping[str, Any]) -> None:
        write_json(self.folder / "result.json", dict(result))

    def result(self) -> dict[str, Any]:
        return read_json(self.folder / "result.json") or {}

    def log_tail(self, characters: int = 600) -> str:
        try:
            return (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")[-characters:].strip()
        except FileNotFoundError:
            return ""


def now() -> float:
    """Unix seconds: unlike a monotonic clock it means the same to the owner and to the process."""
    return time.time()
