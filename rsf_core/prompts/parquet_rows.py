"""Rows of a Parquet file, few at a time: a small file can hold a value that is large many times over."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import rows as limits
from rsf_core.prompts.records import Number, Record
from rsf_core.prompts.rows import Problem

_NO_FRACTION = r"\.0+($|[Z+-])"  # of a second
_HELD = 256 << 20  # bytes of one batch, were each of its values as large as all of its column


def records(path: Path, names: frozenset[str] | None = None) -> Iterator[Record | Problem]:
    """Every row, numbered from 1; only the columns `names` where given. Raises PromptFileError where it is no Parquet."""
    try:
        with pq.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            found = file.schema_arrow.names
            if len(found) > limits.MOST_COLUMNS:
                raise PromptFileError(
                    f"{path.name} has {len(found):,} columns; at most {limits.MOST_COLUMNS:,} are read"
                )
            twice = next((name for name in found if found.count(name) > 1), None)
            if twice is not None:
                raise PromptFileError(f"{path.name} has two columns of the name {twice!r}: rename or remove one")
            short = [field.name for field in file.schema_arrow if pa.types.is_float32(field.type)]
            short = short if names is None else [name for name in short if name in names]
            line = 0
            for group in range(file.num_row_groups):
                wanted = None if names is None else [name for name in found if name in names]
                for batch in file.iter_batches(
                    batch_size=_batch_rows(file.metadata.row_group(group)), row_groups=[group], columns=wanted
                ):
                    for fields in _spelled(batch).to_pylist():
                        line += 1
                        numbers = {name: Number(fields[name]) for name in short if fields[name] is not None}
                        yield Record(line, {name: _plain(value) for name, value in fields.items()} | numbers)
    except MemoryError:  # Arrow's is one of its own exceptions too
        raise
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's; pyarrow's own have no number
            raise
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise PromptFileError(f"{path.name} cannot be read as Parquet: {said}") from error


def _spelled(batch: pa.RecordBatch) -> pa.Table:
    """With times as the text that they are written as, within lists and objects too (what Python has for them holds no year
    beyond 9999), and columns of 32-bit numbers with the digits that tell them: 0.1 and not 0.10000000149011612."""
    table = pa.Table.from_batches([batch])
    for at, field in enumerate(table.schema):
        told = pa.string() if pa.types.is_float32(field.type) else _told(field.type)
        if told == field.type:
            continue
        column = table.column(at).cast(told)
        if pa.types.is_temporal(field.type) and told == pa.string():
            column = pc.replace_substring_regex(column, _NO_FRACTION, r"\1")
        if pa.types.is_timestamp(field.type) and field.type.tz is None:
            column = pc.replace_substring_regex(column, " 00:00:00$", "")
        table = table.set_column(at, field.name, column)
    return table


def _told(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_duration(kind):
        return pa.int64()
    if pa.types.is_temporal(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_told(kind.value_type))
    if pa.types.is_large_list(kind):
        return pa.large_list(_told(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_told(field.type)) for field in kind])
    return kind


def _batch_rows(group: Any) -> int:
    largest = max((group.column(i).total_uncompressed_size for i in range(group.num_columns)), default=1)
    return int(min(1024, max(1, _HELD // max(1, largest))))


def _plain(value: Any) -> Any:
    """The value as JSON would give it: numbers by their spelling, lists and objects of such."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        return Number(repr(value)) if math.isfinite(value) else Number("NaN")
    if isinstance(value, int | Decimal):
        return Number(str(value))
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    return value
