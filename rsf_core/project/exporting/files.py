"""Rows as files, written as they come: the same rows give the same bytes.

CSV is for spreadsheets: text that they would take for a formula is guarded (rsf_core/prompts/spreadsheet.py), texts are in
quotes, numbers are not, and the file begins with a byte-order mark, by which Excel recognises UTF-8.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core.project.exporting.request import Format
from rsf_core.prompts.spreadsheet import guarded

ROW_GROUP = 5_000
SHARD_ROWS = 250_000  # in each file of a folder for `datasets`
_LINE_ENDS = {
    "\x85": "\\u0085",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}  # these end a line for some readers, though not in JSON
_SURROGATE = re.compile("[\ud800-\udfff]")
Row = Mapping[str, Any]


def write(folder: Path, kind: Format, schema: pa.Schema, rows: Iterable[Row]) -> list[tuple[str, int]]:
    """Write the rows below `folder`; returns each file's path from there and its number of rows. The names of shards for
    `datasets` contain their number, so they are renamed when all are written."""
    if kind is Format.JSONL:
        return [("train.jsonl", _write_lines(folder / "train.jsonl", (json_line(_of(schema, row)) for row in rows)))]
    if kind is Format.CSV:
        header = ",".join(_cell(name) for name in schema.names)
        with (folder / "train.csv").open("wb") as file:
            file.write(b"\xef\xbb\xbf" + header.encode() + b"\r\n")
            return [("train.csv", _append(file, (csv_line(schema, row) for row in rows)))]
    if kind is Format.PARQUET:
        return [("train.parquet", _write_parquet(folder / "train.parquet", schema, iter(rows), None)[0])]
    (folder / "data").mkdir()
    counts: list[int] = []
    left = True
    source = iter(rows)
    while left:
        count, left = _write_parquet(folder / f"shard-{len(counts)}", schema, source, SHARD_ROWS)
        counts.append(count)
    if len(counts) > 1 and counts[-1] == 0:
        (folder / f"shard-{len(counts) - 1}").unlink()
        counts.pop()
    names = [f"data/train-{at:05d}-of-{len(counts):05d}.parquet" for at in range(len(counts))]
    for at, name in enumerate(names):
        (folder / f"shard-{at}").rename(folder / name)
    return list(zip(names, counts, strict=True))


def json_line(row: Row) -> bytes:
    """One JSON object on one line for every reader of lines, in UTF-8."""
    text = json.dumps(row, ensure_ascii=False, allow_nan=False)
    for character, escaped in _LINE_ENDS.items():
        text = text.replace(character, escaped)
    # Half a surrogate pair has no UTF-8, but JSON can escape it.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def csv_line(schema: pa.Schema, row: Row) -> bytes:
    """The cells of a row: texts in quotes, numbers as they are, lists as JSON, nothing for None."""
    return (",".join(_cell(row.get(name)) for name in schema.names) + "\r\n").encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = guarded(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
    return '"' + _characters(text).replace('"', '""') + '"'


def _of(schema: pa.Schema, row: Row) -> Row:
    return {name: row.get(name) for name in schema.names}


def _write_lines(path: Path, lines: Iterable[bytes]) -> int:
    with path.open("wb") as file:
        return _append(file, lines)


def _append(file: BinaryIO, lines: Iterable[bytes]) -> int:
    count = 0
    for line in lines:
        file.write(line)
        count += 1
    return count


def _write_parquet(path: Path, schema: pa.Schema, rows: Iterator[Row], most: int | None) -> tuple[int, bool]:
    """Write at most `most` rows, in groups of the same size; returns how many, and whether there may be more."""
    count, group = 0, ROW_GROUP
    with pq.ParquetWriter(path, schema) as writer:
        while group and (most is None or count < most):
            part = [_characters_in(row) for row in itertools.islice(rows, ROW_GROUP)]
            group = len(part)
            if part:
                writer.write_table(pa.Table.from_pylist(part, schema=schema), row_group_size=ROW_GROUP)
            count += group
    return count, group > 0


def _characters_in(value: Any) -> Any:
    """`value` without halves of surrogate pairs, which Parquet cannot hold."""
    if isinstance(value, str):
        return _characters(value)
    if isinstance(value, Mapping):
        return {name: _characters_in(item) for name, item in value.items()}
    if isinstance(value, list) and value and not isinstance(value[0], int):
        return [_characters_in(one) for one in value]
    return value


def _characters(text: str) -> str:
    """`text` with U+FFFD in place of each half of a surrogate pair, which is not a character."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
