"""Reading a file row by row: broken rows are reported by line, never raised and never guessed at, and what is too much is left
out, and said."""

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
    """What was read so far: the rows with how many they are, what is wrong with others, and what was done to how many of
    them."""

    read: list[Row] = field(default_factory=list)
    count: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def in_words(self) -> tuple[str, ...]:
        """The notes, with how many rows each is of."""
        return tuple(f"{count:,} {note}" for note, count in self.notes.items())


def read_rows(
    path: Path,
    reading: Reading,
    rows_from: Callable[[Sequence[Record]], Callable[[Record, Rows[Row]], tuple[Sequence[Row], int]]],
    on_row: Callable[[int], None],
    what: str = "rows",
    keep: Callable[[Sequence[Row]], object] | None = None,
) -> Rows[Row]:
    """Read a file. `rows_from` is given the first records and says by them how any is read: with what it holds and how many
    characters that is, raising WrongRow; `on_row` is told
    how many records were read before each. Rows are given to `keep` where there is one, else kept. Raises PromptFileError when
    the file can't be read at all."""
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
    """The first of them, fewer where they are long."""
    first: list[Record | Problem] = []
    held = 0
    for record in records:
        first.append(record)
        held += 0 if isinstance(record, Problem) else sum(len(str(value)) for value in record.fields.values())
        if len(first) == SAMPLE or held > _SAMPLED_CHARACTERS:
            break
    return first
