"""A data set's folder as one Parquet file, without the library that wrote it.

Two kinds of folders are read: those that `datasets` saves (save_to_disk: Arrow files named in state.json, with a folder for
each of several splits) and folders of Parquet files, such as a clone of a data set from the hub. Their splits become a column:
RSF Studio's own names stay as they are, any other name becomes held_out. Labels stored as numbers get their names.

`python -m rsf_core.prompts.dataset_folder FOLDER FILE BYTES` writes FILE and prints {} or {"problem": …}; BYTES limits its
memory.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core.domain import Split
from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import rows as limits
from rsf_core.prompts.class_labels import labels_of, with_names

_SHARD = re.compile(r"([A-Za-z_]+)-\d+-of-\d+")
_BATCH = 1024
_SPLIT = "split"

Part = tuple[str | None, Path]


def gather(folder: Path, out: Path) -> None:
    """Write all rows of the data set in `folder` to `out`. Raises PromptFileError if it is not a data set or cannot be
    read."""
    shards = parts(folder)
    splits = {split for split, _ in shards if split is not None}
    writer: pq.ParquetWriter | None = None
    count = 0
    try:
        for split, file in shards:
            for batch in _batches(file):
                made = _with_split(_plain(batch), split if splits else None)
                if writer is None:
                    writer = pq.ParquetWriter(out, made.schema)
                if not made.schema.equals(writer.schema):
                    raise PromptFileError(f"{file}: has other columns than the files before it")
                writer.write_table(made)
                count += made.num_rows
                if count > limits.MOST_ROWS:
                    raise PromptFileError(f"{folder} holds more than {limits.MOST_ROWS:,} rows: import a part of it")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, MemoryError):
            raise
        message = (str(error) or type(error).__name__).splitlines()[0]
        raise PromptFileError(f"{folder} cannot be read: {message[:200]}") from error
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        raise PromptFileError(f"{folder} holds no row")


def parts(folder: Path) -> list[Part]:
    """The files of a data set, each with its split, None if the folder names none. Raises PromptFileError if it is not a data
    set."""
    if not os.path.isdir(folder):
        raise PromptFileError(f"there is no folder {folder}")
    try:
        if (folder / "dataset_dict.json").is_file():
            names = json.loads((folder / "dataset_dict.json").read_text(encoding="utf-8"))["splits"]
            return [(str(name), file) for name in names for file in _saved(folder, folder / str(name))]
        if (folder / "state.json").is_file():
            return [(None, file) for file in _saved(folder, folder)]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise PromptFileError(f"{folder} is a damaged data set: {type(error).__name__}: {str(error)[:200]}") from error
    files = sorted(file for where in (folder, folder / "data") for file in where.glob("*.parquet"))
    if not files:
        raise PromptFileError(
            f"{folder} is not a data set: a folder that `datasets` saved (save_to_disk) or one with .parquet files is read"
        )
    return [(match[1] if (match := _SHARD.match(file.name)) else None, file) for file in files]


def _saved(root: Path, folder: Path) -> list[Path]:
    state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    files = [folder / str(one["filename"]) for one in state["_data_files"]]
    outside = next((file for file in files if not file.resolve().is_relative_to(root.resolve())), None)
    if outside is not None:
        raise PromptFileError(f"{root}: names a file outside of itself, {outside}")
    return files


def _batches(file: Path) -> Iterator[pa.Table]:
    if file.suffix == ".parquet":
        with pq.ParquetFile(file, memory_map=False, pre_buffer=False) as parquet:
            for batch in parquet.iter_batches(_BATCH):
                yield pa.Table.from_batches([batch], parquet.schema_arrow)
        return
    with pa.memory_map(str(file)) as mapped, pa.ipc.open_stream(mapped) as stream:
        for batch in stream:
            for start in range(0, batch.num_rows, _BATCH):
                yield pa.Table.from_batches([batch.slice(start, _BATCH)], stream.schema)


def _plain(table: pa.Table) -> pa.Table:
    for name, labels in labels_of(table.schema).items():
        table = table.set_column(table.schema.get_field_index(name), name, with_names(table[name], labels))
    return table.replace_schema_metadata(None)


def _with_split(table: pa.Table, split: str | None) -> pa.Table:
    if split is None or _SPLIT in table.column_names:
        return table
    side = Split(split) if split in list(Split) else Split.HELD_OUT
    return table.append_column(_SPLIT, pa.array([str(side)] * table.num_rows, pa.string()))


def main() -> None:
    folder, out, size = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    try:
        gather(folder, out)
        answer = {}
    except PromptFileError as error:
        answer = {"problem": str(error)}
    except MemoryError:
        answer = {"problem": f"{folder} takes more memory to be read than an import may have: import a part of it"}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
