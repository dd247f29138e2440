"""Rows of a CSV file, whatever its delimiter."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rsf_core.domain.errors import PromptFileError
from rsf_core.domain.words import plural
from rsf_core.prompts import rows as limits
from rsf_core.prompts.column_names import is_known, is_known_alone
from rsf_core.prompts.csv_reader import Reader, StrayQuoteError
from rsf_core.prompts.encodings import DAMAGED, Encoding
from rsf_core.prompts.lines import Lines, LineTooLongError, damage, open_text
from rsf_core.prompts.records import Record
from rsf_core.prompts.rows import Problem
from rsf_core.prompts.spreadsheet import is_own_export, unguarded

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_SEP_LINE = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)
_QUOTE_BEHIND_SPACE = re.compile(r' +"')
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u00a0"
_NAMES = re.compile(r"[\"']?\w+(?:[ -]\w+)?[\"']?")
_RARER = re.compile(r"[:^~§#\x01-\x08\x1c-\x1f](?!\s)")
_ENDS = (".", "?", "!", "。", "？", "！", "…")  # of a sentence
_WORDS_OF_A_NAME = 3
_SAMPLED_ROWS = 50
_SAMPLED_CHARACTERS = 256 << 10


def delimiter(path: Path, encoding: Encoding) -> tuple[str, bool]:
    """The delimiter, and whether a first line `sep=` names it. Without that line it is the sign that gives the most rows as
    many fields as the header has; the comma if the header has one column."""
    with open_text(path, encoding) as file:
        sample = file.read(_SAMPLED_CHARACTERS).removeprefix("\ufeff")
    sep_line = _SEP_LINE.match(sample)
    if sep_line:
        return sep_line[1], True
    best, of_best = ",", (0.0, 0)
    for sign in DELIMITERS:
        rows = _sampled(sample, sign)
        widths = [len(row) for row in rows]
        if not widths or widths[0] < 2:
            continue
        fits = _fitting(rows), widths[0]
        if fits > of_best:
            best, of_best = sign, fits
    return (best if of_best[1] else _rarer(sample) or best), False


def _rarer(sample: str) -> str | None:
    """A rarer delimiter (: ^ ~ § # or a control character): it stands between names in the header, at least one of them usual
    for prompts or references, and as often in every row. A first field that is the same in all rows is not a name:
    `Task:add`."""
    header = sample.lstrip().split("\n", 1)[0].strip()
    for sign in dict.fromkeys(_RARER.findall(header)):
        names = header.split(sign)
        if all(_NAMES.fullmatch(name.strip()) for name in names) and any(
            is_known(name.strip("\"' ")) for name in names
        ):
            rows = _sampled(sample, sign)
            repeated = all(row[0] == rows[0][0] for row in rows)
            if len(rows) > 1 and _fitting(rows) == 1.0 and not repeated:
                return str(sign)
    return None


def spaced(path: Path, encoding: Encoding, sign: str) -> bool:
    """Whether a space after `sign` belongs to the delimiter, as in `a, "b, c"`: some fields begin with a space and a quote,
    and reading the space as part of the delimiter gives at least as many rows the right number of fields."""
    with open_text(path, encoding) as file:
        sample = file.read(_SAMPLED_CHARACTERS)
    if f'{sign} "' not in sample or sign == " ":
        return False
    try:
        rows = _sampled(sample, sign, spaced=True)
    except csv.Error:
        return False
    as_it_is = _sampled(sample, sign)
    quoted = any(_QUOTE_BEHIND_SPACE.match(cell) for row in as_it_is for cell in row)
    return quoted and _fitting(rows) >= _fitting(as_it_is)


def _fitting(rows: list[list[str]]) -> float:
    """The share of rows that have as many fields as the first row."""
    return sum(len(row) == len(rows[0]) for row in rows) / len(rows) if rows else 0.0


def _sampled(sample: str, sign: str, spaced: bool = False) -> list[list[str]]:
    """The first rows of a sample, without the empty cells at their ends and without a last row that may be cut off. Raises
    csv.Error only if `spaced`, and only for a sample of the whole file."""
    csv.field_size_limit(_SAMPLED_CHARACTERS)
    rows: list[list[str]] = []
    lines, cut = iter(sample.splitlines(keepends=True)), len(sample) == _SAMPLED_CHARACTERS
    reader = Reader(lines, sign, spaced) if spaced else csv.reader(lines, delimiter=sign)
    while len(rows) <= _SAMPLED_ROWS:
        try:
            row = next(reader, None)
        except csv.Error:
            if spaced and not cut:
                raise
            continue
        if row is None:
            break
        while row and not row[-1].strip():
            row.pop()
        if row:
            rows.append(row)
    complete = rows[:-1] if cut or len(rows) > _SAMPLED_ROWS else rows
    return complete or rows


def records(path: Path, encoding: Encoding, sign: str | None = None) -> Iterator[Record | Problem]:
    """Every row below the header, by the line it begins on; `sign` is the delimiter, detected by default. Raises
    PromptFileError if the header can't be used."""
    guess, has_sep_line = delimiter(path, encoding)
    sign = sign or guess
    behind = spaced(path, encoding, sign)
    csv.field_size_limit(2 * limits.LONGEST_TEXT)
    with open_text(path, encoding) as file:
        lines = Lines(file, limits.LONGEST_LINE)
        if has_sep_line:
            next(lines, None)
        reader = Reader(lines, sign, behind)
        header: Header | None = None
        while True:
            line = lines.count + 1
            fields: list[str] | None = []
            wrong, lost = "", False
            try:
                fields = next(reader, None)
            except LineTooLongError:
                wrong = f"a line is longer than {limits.LONGEST_LINE:,} characters"
                # the reader's part of the row is dropped: the next line begins a new row
                reader = Reader(lines, sign, behind)
            except csv.Error as error:
                # a quote is left open for so long that the start of the next row can only be guessed
                long = "field limit" in str(error)
                lost = (long and lines.count > line) or "unexpected end" in str(error)
                wrong = f"is not CSV: {'a quote is not closed' if lost else _in_words(error, header)}"
                if long and not lost:
                    wrong = f"has a field of more than {2 * limits.LONGEST_TEXT:,} characters"
            if fields is None:
                return
            damaged = next((field for field in fields if DAMAGED in field), None)
            if damaged is not None:
                wrong = damage(damaged, encoding) or ""
                wrong = wrong.split(" (")[0]
            if wrong and (header is None or lost):
                rest = "the rest of" if lost else "without its header"
                yield Problem(line, None, f"{wrong}; {rest} the file is left out")
                return
            if wrong:
                yield Problem(line, None, wrong)
            elif header is None:
                if any(map(str.strip, fields)):
                    header = Header(fields, f"{path.name}, line {line}")
                    yield from header.doubts(line)
            elif header.is_repeated(fields):
                yield Problem(line, None, "names the columns once more; it is left out")
            elif any(map(str.strip, fields)):
                yield header.record(line, fields)


def _in_words(error: csv.Error, header: Header | None) -> str:
    """The fault of a row in plain words, with the field and what to do about a stray quote."""
    if not isinstance(error, StrayQuoteError):
        return str(error)
    names = [] if header is None else header.names
    field = repr(names[error.field - 1]) if error.field <= len(names) else f"field {error.field}"
    return f"{error.wrong} of {field}: put the whole text in quotes, and write each quote within it twice"


def _reads_like_a_row(name: str, alone: bool) -> bool:
    """Whether the name of a column reads like a row: several words that end like a sentence. The name of an only column
    (`alone`) also does if it is unusual or has more than three words: a file with one prompt a line has no header."""
    words = len(name.split(maxsplit=_WORDS_OF_A_NAME))
    strange = words > _WORDS_OF_A_NAME or not is_known_alone(name)
    return (alone and strange) or (words > 1 and name.rstrip().endswith(_ENDS))


class Header:
    """The names of the columns. Trailing columns without a name, as spreadsheets leave them, do not count."""

    def __init__(self, fields: Sequence[str], where: str) -> None:
        names = [name.strip().strip(_INVISIBLE).strip() for name in fields]
        if any("\0" in name for name in names):
            raise PromptFileError(f"{where}: the header holds zero bytes, which no text has: choose another encoding")
        while names and not names[-1]:
            names.pop()
        if len(names) > limits.MOST_COLUMNS:
            raise PromptFileError(
                f"{where}: the header has {len(names):,} columns; at most {limits.MOST_COLUMNS:,} are read. Keep those of "
                "the prompt, its reference and its system prompt"
            )
        self.names = [name or f"column {number}" for number, name in enumerate(names, start=1)]
        twice = next((name for name, count in Counter(self.names).items() if count > 1), None)
        if twice is not None:
            raise PromptFileError(
                f"{where}: the header names the column {twice!r} {self.names.count(twice)} times, so which of them is meant "
                "cannot be said: rename or remove all but one"
            )
        self._width = len(fields)
        self._own = is_own_export(self.names)

    def is_repeated(self, fields: Sequence[str]) -> bool:
        """Whether a row of several columns repeats the header, as in files that were concatenated."""
        return (
            len(self.names) > 1 and [name.strip().strip(_INVISIBLE) for name in fields[: len(self.names)]] == self.names
        )

    def doubts(self, line: int) -> Iterator[Problem]:
        """The warning about a name that reads like a row, if there is one."""
        row = next((name for name in self.names if _reads_like_a_row(name, len(self.names) == 1)), None)
        if row is not None:
            message = (
                f"is taken for the names of the columns ({row[:40]!r}): if it is a row, put a line with names above it"
            )
            yield Problem(line, None, message, kept=True)

    def record(self, line: int, fields: Sequence[str]) -> Record | Problem:
        named, beyond = fields[: len(self.names)], fields[len(self.names) :]
        if len(named) < len(self.names):
            return Problem(line, None, f"has {plural(len(fields), 'field')} where the header has {len(self.names):,}")
        if any(map(str.strip, beyond)):
            if len(fields) == self._width:
                place = next(i for i, field in enumerate(beyond, start=len(self.names) + 1) if field.strip())
                return Problem(line, None, f"has a value in column {place}, which the header does not name")
            return Problem(line, None, f"has {plural(len(fields), 'field')} where the header has {len(self.names):,}")
        values = [unguarded(field) for field in named] if self._own else named
        return Record(line, dict(zip(self.names, values, strict=True)))
