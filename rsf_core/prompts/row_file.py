"""Prompts on their way into a project, in a file rather than in memory: written as they are read, then processed in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core.domain import Split
from rsf_core.prompts.rows import PromptRow

SCHEMA = pa.schema(
    [(name, pa.large_string()) for name in ("text", "reference", "system", "split")]
    + [("line", pa.int64()), ("earlier", pa.list_(pa.large_string()))]
)
PART_ROWS = 10_000


class RowFile:
    """Writes rows to a new file; a context manager that closes the file on exit."""

    def __init__(self, path: Path, part_rows: int = PART_ROWS) -> None:
        self._writer, self._part_rows = pq.ParquetWriter(path, SCHEMA, compression="lz4"), part_rows
        self._waiting: list[PromptRow] = []
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._writer:
            if kind is None:
                self._write()

    def extend(self, rows: Sequence[PromptRow]) -> None:
        self.count += len(rows)
        self._waiting += rows
        if len(self._waiting) >= self._part_rows:
            self._write()

    def _write(self) -> None:
        if self._waiting:
            columns = {name: [getattr(row, name) for row in self._waiting] for name in SCHEMA.names}
            self._writer.write_table(pa.table(columns, schema=SCHEMA))
        self._waiting = []


def parts(path: Path) -> Iterator[pa.Table]:
    """The rows of a file, in the parts in which they were written."""
    with pq.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group)


def rows_of(part: pa.Table) -> list[PromptRow]:
    return [PromptRow(**_fields(row)) for row in part.to_pylist()]


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"split": None if row["split"] is None else Split(row["split"]), "earlier": row["earlier"] or ()}
