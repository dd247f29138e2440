"""A data set of the hub as one Parquet file, read by `datasets`, an optional extra; no script of a data set is ever run.

`python -m rsf_core.prompts.hub ID CONFIG SPLIT FILE BYTES` writes FILE and prints {} or {"problem": …}; "" stands for no
CONFIG, BYTES limits its memory. Rows are streamed, so that no more is downloaded than is kept.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import rows as limits

PREFIX = "hub:"
_ID = re.compile(r"(?:[\w.-]{1,96}/)?[\w.-]{1,96}")
_NAME = re.compile(r"[\w .-]{1,96}")
_BATCH = 1000


def checked(name: str, config: str | None, split: str) -> tuple[str, str, str]:
    """The id of a data set, without the `hub:` that may stand before it, its configuration ("" for the default) and its split.
    Raises PromptFileError if one of them is not valid."""
    plain = name.strip().removeprefix(PREFIX).strip()
    if not _ID.fullmatch(plain) or ".." in plain:
        raise PromptFileError(f"{plain!r:.120} is not an id of a data set: it is written org/name, e.g. hub:org/name")
    for what, value in (("configuration", config or "default"), ("split", split)):
        if not _NAME.fullmatch(value):
            raise PromptFileError(f"{value!r:.120} is no {what} of a data set: give its name, e.g. train")
    return plain, config or "", split


def fetch(source: str, config: str | None, split: str, out: Path, most: int = limits.MOST_ROWS) -> int:
    """Write the rows of a split to `out`, at most `most` of them, and return their number. `source` is an id, or a folder that
    `datasets` can load. Raises PromptFileError without `datasets`, offline, if the data set, its configuration or its split
    does not exist, and if it has no row."""
    if os.environ.get("HF_HUB_OFFLINE") == "1" and not Path(source).is_dir():
        raise PromptFileError(
            f"{source} cannot be fetched: HF_HUB_OFFLINE is set, so nothing is fetched. Unset it, or read a folder of the "
            "data set on this machine"
        )
    try:
        import datasets
    except ImportError as error:
        raise PromptFileError(
            "data sets of the hub need `datasets`, which is not installed: pip install 'rsf-studio[datasets]'. A folder of "
            "Parquet files is read without"
        ) from error
    try:
        # never with trust_remote_code: a data set is files that are read
        rows = datasets.load_dataset(source, config or None, split=split, streaming=True)
        return _written(rows.with_format("arrow").iter(_BATCH), out, most)
    except (PromptFileError, MemoryError):
        raise
    except Exception as error:  # network, hub and formats: each library below raises errors of its own
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise PromptFileError(
            f"{source} ({config or 'the usual configuration'}, split {split}) cannot be fetched: {' '.join(lines)[:400]}"
        ) from error


def _written(batches: Any, out: Path, most: int) -> int:
    writer: pq.ParquetWriter | None = None
    count = 0
    try:
        for batch in batches:
            part: pa.Table = (batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])).slice(
                0, most - count
            )
            writer = writer or pq.ParquetWriter(out, part.schema)
            writer.write_table(part.cast(writer.schema))
            count += part.num_rows
            if count >= most:
                break
    finally:
        if writer is not None:
            writer.close()
    if not count:
        raise PromptFileError("the data set holds no row")
    return count


def main() -> None:
    name, config, split, file, size = sys.argv[1:6]
    resource.setrlimit(resource.RLIMIT_DATA, (int(size), int(size)))
    answer: dict[str, Any] = {}
    try:
        fetch(name, config, split, Path(file))
    except PromptFileError as error:
        answer = {"problem": str(error)}
    except MemoryError:
        answer = {"problem": f"{name} takes more memory to be read than an import may have: import a smaller split"}
    print(json.dumps(answer))
    sys.stdout.flush()
    os._exit(0)  # without waiting for threads that prefetch rows


if __name__ == "__main__":
    main()
