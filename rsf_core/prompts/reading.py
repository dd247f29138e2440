"""Reading a file row by row: broken rows are reported by line, never raised and never guessed at; rows beyond the limits are
left out, and this is reported too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Generic, TypeVar

from rsf_core.prompts import files
from rsf_core.prompts import rows as limits
from rsf_core.prompts.files import Reading
from rsf_core.prompts.formats import SAMPLE
from rsf_core.prompts.records import Record
from rsf_core.prompts.rows import Problem

Row = TypeVar("Row")
_SAMPLED_CHARACTERS = 16 << 20


class WrongRow(Exception):
    """What is wrong with a row, and in which column."""

    def __init__(self, field: str | None, message: str) -> None:
        self.field, self.message = field, message


@dataclass(slots=True)
class Rows(Generic[Row]):
    """The result of reading so far: the rows and their number, what is wrong with other rows, and notes on what was done to
    rows, with how many each concerns. `read` stays empty if the rows are passed on as they come."""

    read: list[Row] = field(default_factory=list)
    count: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def in_words(self) -> tuple[str, ...]:
        """The notes, each with its number of rows."""
        return tuple(f"{count:,} {note}" for note, count in self.notes.items())


def read_rows(
    path: Path,
    reading: Reading,
    rows_from: Callable[[Sequence[Record]], Callable[[Record, Rows[Row]], tuple[Sequence[Row], int]]],
    on_row: Callable[[int], None],
    what: str = "rows",
    keep: Callable[[Sequence[Row]], object] | None = None,
) -> Rows[Row]:
    """Read a file. `rows_from` is given the first records and returns a function that reads one record: into its rows and
    their number of characters, raising WrongRow. Before each record, `on_row` is given the number of records read so far. Rows
    are passed to `keep` if there is one, else returned. Raises PromptFileError if the file can't be read at all."""
    rows: Rows[Row] = Rows()
    held = 0
    records = files.records(path, files.look(path, reading))
    first = _first(records)
    rows_of = rows_from([record for record in first if isinstance(record, Record)])
    for count, record in enumerate(chain(first, records)):
        if max(count, rows.count) >= limits.MOST_ROWS:  # broken rows count as well: they are kept as problems
            message = f"the file has more than {limits.MOST_ROWS:,} {what}; the rest is left out"
            rows.problems.append(Problem(record.line or 0, None, message))
            break
        on_row(count)
        if isinstance(record, Problem):
            rows.problems.append(record)
            continue
        try:
            made, characters = rows_of(record, rows)
        except WrongRow as wrong:
            rows.problems.append(Problem(record.line, wrong.field, wrong.message))
            continue
        held += characters
        if held > limits.MOST_CHARACTERS:
            message = f"the file holds more than {limits.MOST_CHARACTERS:,} characters; the rest is left out"
            rows.problems.append(Problem(record.line, None, message))
            break
        rows.count += len(made)
        (keep or rows.read.extend)(made)
    return rows


def _first(records: Iterator[Record | Problem]) -> list[Record | Problem]:
    """The first records, fewer if they are long."""
    first: list[Record | Problem] = []
    held = 0
    for record in records:
        first.append(record)
        held += 0 if isinstance(record, Problem) else sum(len(str(value)) for value in record.fields.values())
        if len(first) == SAMPLE or held > _SAMPLED_CHARACTERS:
            break
    return first
