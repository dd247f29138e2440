"""Rows of a Parquet file, a few at a time: a small file can hold many copies of a large value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import rows as limits
from rsf_core.prompts.arrow_values import two_of_a_name, values
from rsf_core.prompts.class_labels import labels_of, with_names
from rsf_core.prompts.records import Record
from rsf_core.prompts.rows import Problem

_HELD = 256 << 20  # bytes of one batch if each of its values were as large as its whole column


def records(path: Path) -> Iterator[Record | Problem]:
    """Every row, numbered from 1, with labels by their names. Raises PromptFileError if the file is not Parquet."""
    try:
        with pq.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            names = file.schema_arrow.names
            if len(names) > limits.MOST_COLUMNS:
                raise PromptFileError(
                    f"{path.name} has {len(names):,} columns; at most {limits.MOST_COLUMNS:,} are read"
                )
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise PromptFileError(f"{path.name} has two columns of the name {twice!r}: rename or remove one")
            for field in file.schema_arrow:
                inside = two_of_a_name(field.type)
                if inside is not None:
                    raise PromptFileError(
                        f"{path.name}, column {field.name!r}, has two fields of the name {inside!r}: rename or remove one"
                    )
            labels = labels_of(file.schema_arrow)
            line = 0
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(
                    batch_size=_batch_rows(file.metadata.row_group(group)), row_groups=[group]
                ):
                    columns = (
                        with_names(column, labels[name]) if name in labels else column
                        for name, column in zip(names, batch.columns, strict=True)
                    )
                    for row in zip(*map(values, columns), strict=True):
                        line += 1
                        yield Record(line, dict(zip(names, row, strict=True)))
    except MemoryError:  # Arrow's own is an ArrowException too
        raise
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # an error of the disk; pyarrow's own have no number
            raise
        message = (str(error) or type(error).__name__).splitlines()[0]
        raise PromptFileError(f"{path.name} cannot be read as Parquet: {message}") from error


def _batch_rows(group: Any) -> int:
    largest = max((group.column(i).total_uncompressed_size for i in range(group.num_columns)), default=1)
    return int(min(1024, max(1, _HELD // max(1, largest))))
