"""A prompt file: its kind, recognised by its name and its content, and its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import annotated, csv_rows, encodings, excel_rows, foreign, json_rows, parquet_rows
from rsf_core.prompts import rows as limits
from rsf_core.prompts.encodings import ENCODINGS, Encoding
from rsf_core.prompts.records import Record
from rsf_core.prompts.rows import Problem

_SAMPLED_CHARACTERS = 16 << 20
SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt", ".parquet", *excel_rows.SUFFIXES)
PACKED = (".parquet", *excel_rows.SUFFIXES)
"""Files whose content can be many times their size: they are read in a process with limited memory."""
_KINDS = {".parquet": "table"} | dict.fromkeys(excel_rows.SUFFIXES, "sheet")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a person wants a file to be read: the encoding of a text file (one of ENCODINGS), the delimiter of a CSV file (one
    character) and the sheet of a spreadsheet; None: as detected. Raises PromptFileError if one is not valid."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.encoding is not None and self.encoding not in ENCODINGS:
            raise PromptFileError(
                f"{self.encoding!r:.60} is not an encoding to choose: take one of {', '.join(ENCODINGS)}"
            )
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '\r\n"\0'):
            raise PromptFileError(
                f"{self.delimiter!r:.60} cannot stand between columns: give one character, and no quote or line end"
            )


AS_RECOGNISED = Reading()


@dataclass(frozen=True, slots=True)
class Layout:
    """`kind` is CSV, JSONL, JSON, Parquet or Excel. A text file has an encoding, a CSV file also a delimiter; `sheet` is the
    one of a spreadsheet's `sheets` that is read."""

    kind: str
    encoding: Encoding | None = None
    delimiter: str | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()

    def describe(self) -> str:
        """For a person: "CSV with semicolons between the columns, Windows-1252 (guessed)"."""
        description = self.kind
        if self.delimiter is not None:
            sign = csv_rows.DELIMITERS.get(self.delimiter, repr(self.delimiter))
            description += f" with {sign} between the columns"
        if len(self.sheets) > 1:
            description += f", sheet {self.sheet!r} of {len(self.sheets)}"
        if self.encoding is not None:
            description += (
                f", {self.encoding.label}{' (guessed: look at the accents)' if self.encoding.guessed else ''}"
            )
        return description


def look(path: Path, reading: Reading = AS_RECOGNISED) -> Layout:
    """The layout of a file, with what a person has chosen in `reading`. Raises PromptFileError if it can't be read at all."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise PromptFileError(f"{path.name}: prompts are read from .jsonl, .json, .csv, .tsv, .parquet or .xlsx files")
    try:
        if path.stat().st_size > limits.LARGEST_FILE:
            raise PromptFileError(f"{path.name} is larger than {limits.LARGEST_FILE >> 20} MiB: split it")
        with path.open("rb") as file:
            head = file.read(1024)
        foreign.refuse(path.name, head, _KINDS.get(suffix, "text"))
        if suffix == ".parquet":
            return Layout("Parquet")
        if suffix in excel_rows.SUFFIXES:
            names = excel_rows.sheets(path)
            return Layout("Excel", sheet=reading.sheet or next(iter(names), None), sheets=names)
        if reading.encoding is None:
            encoding = encodings.find(path)
        else:
            encoding = Encoding(reading.encoding.partition(" (")[0], ENCODINGS[reading.encoding])
        if suffix in (".csv", ".tsv", ".txt"):
            return Layout("CSV", encoding, reading.delimiter or csv_rows.delimiter(path, encoding)[0])
        return Layout("JSON" if json_rows.is_list(path, encoding) else "JSONL", encoding)
    except OSError as error:
        raise PromptFileError(f"{path} cannot be read: {error.strerror}") from error


def records(path: Path, layout: Layout | None = None) -> Iterator[Record | Problem]:
    """Every row, or what is wrong with it, in order. Raises PromptFileError if the file can't be read at all."""
    layout = layout or look(path)
    try:
        if layout.kind == "Excel":
            rows = excel_rows.records(path, layout.sheet)
        elif layout.encoding is None:
            rows = parquet_rows.records(path)
        elif layout.kind == "CSV":
            rows = csv_rows.records(path, layout.encoding, layout.delimiter)
        elif layout.kind == "JSON":
            rows = json_rows.elements(path, layout.encoding)
        else:
            rows = json_rows.lines(path, layout.encoding)
        for record in rows:
            yield annotated.plain(record) if isinstance(record, Record) else record
    except OSError as error:
        raise PromptFileError(f"{path} cannot be read: {error.strerror}") from error


def sample(path: Path, layout: Layout, count: int) -> tuple[list[Record], Problem | None]:
    """The first `count` good rows, fewer if they are long, and what is wrong with the first bad row before their end."""
    records_read: list[Record] = []
    wrong: Problem | None = None
    held = 0
    for record in records(path, layout):
        if isinstance(record, Problem):
            wrong = wrong or (None if record.kept else record)
        else:
            records_read.append(record)
            held += sum(len(str(value)) for value in record.fields.values())
            if len(records_read) == count or held > _SAMPLED_CHARACTERS:
                break
    return records_read, wrong
