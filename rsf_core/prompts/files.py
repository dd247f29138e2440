"""A prompt file: what kind it is, told by its name and its content, and its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import csv_rows, encodings, json_rows, parquet_rows
from rsf_core.prompts import rows as limits
from rsf_core.prompts.encodings import Encoding
from rsf_core.prompts.records import Record
from rsf_core.prompts.rows import Problem

_SAMPLED_CHARACTERS = 16 << 20
SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt", ".parquet")


@dataclass(frozen=True, slots=True)
class Layout:
    """`kind` is CSV, JSONL, JSON or Parquet; the encoding of a text file, the delimiter of a CSV file."""

    kind: str
    encoding: Encoding | None = None
    delimiter: str | None = None

    def describe(self) -> str:
        """For a person: "CSV with semicolons between the columns, Windows-1252 (guessed)"."""
        found = self.kind
        if self.delimiter is not None:
            sign = csv_rows.DELIMITERS.get(self.delimiter, repr(self.delimiter))
            found += f" with {sign} between the columns"
        if self.encoding is not None:
            found += f", {self.encoding.label}{' (guessed: look at the accents)' if self.encoding.guessed else ''}"
        return found


def look(path: Path) -> Layout:
    """What kind of file it is. Raises PromptFileError when it can't be read at all."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise PromptFileError(f"{path.name}: prompts are read from .jsonl, .json, .csv, .tsv or .parquet files")
    try:
        if path.stat().st_size > limits.LARGEST_FILE:
            raise PromptFileError(f"{path.name} is larger than {limits.LARGEST_FILE >> 20} MiB: split it")
        if suffix == ".parquet":
            return Layout("Parquet")
        encoding = encodings.find(path)
        if suffix in (".csv", ".tsv", ".txt"):
            return Layout("CSV", encoding, csv_rows.delimiter(path, encoding)[0])
        return Layout("JSON" if json_rows.is_list(path, encoding) else "JSONL", encoding)
    except OSError as error:
        raise PromptFileError(f"{path} cannot be read: {error.strerror}") from error


def records(path: Path, layout: Layout | None = None) -> Iterator[Record | Problem]:
    """Every row, or what is wrong with it, in order. Raises PromptFileError when the file can't be read at all."""
    layout = layout or look(path)
    try:
        if layout.encoding is None:
            yield from parquet_rows.records(path)
        elif layout.kind == "CSV":
            yield from csv_rows.records(path, layout.encoding)
        elif layout.kind == "JSON":
            yield from json_rows.elements(path, layout.encoding)
        else:
            yield from json_rows.lines(path, layout.encoding)
    except OSError as error:
        raise PromptFileError(f"{path} cannot be read: {error.strerror}") from error


def sample(path: Path, layout: Layout, count: int) -> list[Record]:
    """The first `count` good rows, fewer where they are long."""
    found: list[Record] = []
    held = 0
    for record in records(path, layout):
        if isinstance(record, Record):
            found.append(record)
            held += sum(len(str(value)) for value in record.fields.values())
            if len(found) == count or held > _SAMPLED_CHARACTERS:
                break
    return found
