"""A user's own prompts: reading a file, and placing rows on either side of the held-out split.

Broken rows are reported by line, never raised and never guessed at; the good ones are kept. Pure but for reading the file.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, AnyStr

from rsf_core.domain import Split
from rsf_core.errors import PromptFileError
from rsf_core.near_duplicates import near_duplicate_pairs, normalise

MOST_ROWS = 1_000_000
LONGEST_TEXT = 100_000
LONGEST_LINE = 4 << 20  # three fields of the longest text, every character escaped
LARGEST_FILE = 1 << 30
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class PromptRow:
    """A prompt as given, not stored yet. `line` is where it begins in its file (from 1)."""

    text: str
    reference: str | None = None
    system: str | None = None
    split: Split | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row: its line, the field where one is to blame, and what to do."""

    line: int | None
    field: str | None
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.line is not None else "this prompt"
        return f"{where}{f', {self.field}' if self.field else ''}: {self.message}"


@dataclass(frozen=True, slots=True)
class Parsed:
    rows: tuple[PromptRow, ...]
    problems: tuple[Problem, ...]


Record = tuple[int, dict[str, Any]]


def columns(path: Path, sample: int = 200) -> list[str]:
    """The names a column chooser offers: of the first `sample` good rows, in order of appearance."""
    names: dict[str, None] = {}
    for record in _some(path, sample):
        names.update(dict.fromkeys(record[1]))
    return list(names)


def preview(path: Path, count: int = 5) -> list[dict[str, Any]]:
    """The first `count` good rows as they are in the file."""
    return [fields for _, fields in _some(path, count)]


def parse(
    path: Path,
    text_column: str,
    reference_column: str | None = None,
    system_column: str | None = None,
    split_column: str | None = None,
) -> Parsed:
    """Read .jsonl or .csv rows. Raises PromptFileError when the file can't be read at all."""
    rows: list[PromptRow] = []
    problems: list[Problem] = []
    for count, record in enumerate(_records(path)):
        if count == MOST_ROWS:  # broken rows count as well: they are kept as problems
            line = record.line or 0 if isinstance(record, Problem) else record[0]
            problems.append(Problem(line, None, f"the file has more than {MOST_ROWS:,} rows; the rest is left out"))
            break
        if isinstance(record, Problem):
            problems.append(record)
            continue
        line, fields = record
        found = _row(line, fields, text_column, reference_column, system_column, split_column)
        (problems if isinstance(found, Problem) else rows).append(found)  # type: ignore[arg-type]
    return Parsed(tuple(rows), tuple(problems))


def place(
    existing: Sequence[tuple[str, Split]], rows: Sequence[PromptRow], held_out_share: float, seed: int
) -> tuple[list[tuple[PromptRow, Split]], list[Problem]]:
    """A split for each row that can be added, and what is wrong with the others.

    A near-duplicate goes where the prompt it resembles is. Otherwise the row's own wish counts, else a hash of its text
    against `held_out_share`, so the split stays what it is when prompts are added. Exact duplicates are left out, and so
    are rows whose wish would put near-duplicates on both sides."""
    texts = [text for text, _ in existing] + [row.text for row in rows]
    keys = [normalise(text) for text in texts]
    resembling = _resembling(texts, keys)
    first = len(existing)
    sides: dict[str, dict[Split, int]] = {}  # of each text: where it stands first on either side
    for i, (_, split) in enumerate(existing):
        sides.setdefault(keys[i], {}).setdefault(split, i)
    placed: list[tuple[PromptRow, Split]] = []
    problems: list[Problem] = []
    for i, row in enumerate(rows, start=first):
        key = keys[i]
        if key in sides:
            same = min(sides[key].values())
            problems.append(Problem(row.line, None, f"is the same as {_name(same, first, rows)}; left out"))
            continue
        like: dict[Split, int] = {}
        for other in resembling.get(key, []):
            for split, j in sides.get(other, {}).items():
                like[split] = min(j, like.get(split, j))
        wish = row.split or min(like, key=like.__getitem__, default=None) or by_hash(key, held_out_share, seed)
        across = next((split for split in like if split is not wish), None)
        if across is not None:
            resembled = _name(like[across], first, rows)
            problems.append(Problem(row.line, "split", f"nearly the same as {resembled}, which is {across}; left out"))
            continue
        sides[key] = {wish: i}
        placed.append((replace(row, split=wish), wish))
    return placed, problems


def by_hash(key: str, held_out_share: float, seed: int) -> Split:
    """held_out for the share `held_out_share` of all keys, by a hash of (seed, key)."""
    digest = blake2b(f"{seed}:{key}".encode(), digest_size=8).digest()
    return Split.HELD_OUT if int.from_bytes(digest, "big") / 2**64 < held_out_share else Split.TRAIN


def check_disjoint(train: Sequence[str], held_out: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs (index in `train`, index in `held_out`) that are the same or nearly the same, ascending: every row of `train`
    with each text of `held_out` it resembles, of whose copies the first is named."""
    keys = [normalise(text) for text in (*train, *held_out)]
    resembling = _resembling([*train, *held_out], keys)
    first: dict[str, int] = {}
    for j, key in enumerate(keys[len(train) :]):
        first.setdefault(key, j)
    return sorted(
        (i, first[other])
        for i, key in enumerate(keys[: len(train)])
        for other in resembling.get(key, ())
        if other in first
    )


def _resembling(texts: Sequence[str], keys: Sequence[str]) -> dict[str, set[str]]:
    """Which normalised texts resemble which, themselves included where they stand more than once."""
    found: dict[str, set[str]] = {}
    for a, b in near_duplicate_pairs(texts):
        found.setdefault(keys[a], set()).add(keys[b])
        found.setdefault(keys[b], set()).add(keys[a])
    return found


def _name(index: int, first: int, rows: Sequence[PromptRow]) -> str:
    if index < first:
        return "a prompt of the project"
    line = rows[index - first].line
    return f"line {line}" if line is not None else "an earlier row"


def _row(
    line: int, fields: dict[str, Any], text: str, reference: str | None, system: str | None, split: str | None
) -> PromptRow | Problem:
    values: dict[str, str | None] = {}
    for role, column in (("text", text), ("reference", reference), ("system", system), ("split", split)):
        value = fields.get(column) if column is not None else None
        if isinstance(value, int | float) and not isinstance(value, bool) and role == "reference":
            value = str(value)
        if value is not None and not isinstance(value, str):
            return Problem(line, column, f"must be text, not {type(value).__name__}")
        if value is not None and len(value) > LONGEST_TEXT:
            return Problem(line, column, f"is {len(value):,} characters long; at most {LONGEST_TEXT:,} are read")
        if value is not None and _SURROGATE.search(value):
            return Problem(line, column, "holds half a surrogate pair (\\ud800 to \\udfff), which is no character")
        values[role] = value or None
    if not (values["text"] or "").strip():
        return Problem(line, text, "is missing or empty")
    if values["split"] is not None and values["split"] not in list(Split):
        return Problem(line, split, f"is {values['split']!r}; it must be {' or '.join(Split)}")
    return PromptRow(
        text=values["text"] or "",
        reference=values["reference"],
        system=values["system"],
        split=Split(values["split"]) if values["split"] else None,
        line=line,
    )


def _some(path: Path, count: int) -> Iterable[Record]:
    found = 0
    for record in _records(path):
        if not isinstance(record, Problem):
            yield record
            found += 1
            if found == count:
                return


def _records(path: Path) -> Iterator[Record | Problem]:
    readers = {".jsonl": _jsonl, ".csv": _csv}
    if path.suffix.lower() not in readers:
        raise PromptFileError(f"{path.name}: prompts are read from .jsonl or .csv files")
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise PromptFileError(f"{path.name} is larger than {LARGEST_FILE >> 20} MiB: split it")
        yield from readers[path.suffix.lower()](path)
    except OSError as error:
        raise PromptFileError(f"{path} cannot be read: {error.strerror}") from error


def _jsonl(path: Path) -> Iterator[Record | Problem]:
    with path.open("rb") as file:
        line = 0
        while raw := file.readline(LONGEST_LINE + 1):
            line += 1
            if line == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if len(raw) > LONGEST_LINE:
                _skip_line(file, raw)
                yield Problem(line, None, f"is longer than {LONGEST_LINE:,} bytes")
                continue
            if not raw.strip():
                continue
            try:
                value = json.loads(raw.decode("utf-8"))
            except UnicodeDecodeError as error:
                yield Problem(line, None, f"is not UTF-8 (byte {error.start + 1})")
            except (ValueError, RecursionError) as error:  # JSONDecodeError is one; so is a number of 5,000 digits
                yield Problem(line, None, f"is not JSON: {error}")
            else:
                yield (line, value) if isinstance(value, dict) else Problem(line, None, "is not a JSON object")


def _csv(path: Path) -> Iterator[Record | Problem]:
    csv.field_size_limit(2 * LONGEST_TEXT)
    # bytes that are not UTF-8 become lone surrogates here and are reported row by row
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        lines = _CsvLines(file)
        reader = csv.reader(lines, strict=True)
        names: list[str] | None = None
        while True:
            line = lines.count + 1
            fields: list[str] | None = []
            wrong, lost = "", False
            try:
                fields = next(reader, None)
            except csv.Error as error:
                # a quote left open for so long: where the next row begins can only be guessed at
                lost = "field limit" in str(error) and lines.count > line
                wrong = f"is not CSV: {'a quote is not closed' if lost else error}"
            if fields is None:
                return
            if any("\udc80" <= c <= "\udcff" for field in fields for c in field):
                wrong = "is not UTF-8"
            elif fields and names is not None and len(fields) != len(names):
                wrong = f"has {len(fields)} fields where the header has {len(names)}"
            if wrong and (names is None or lost):
                yield Problem(
                    line, None, f"{wrong}; {'the rest of' if lost else 'without its header'} the file is left out"
                )
                return
            if wrong:
                yield Problem(line, None, wrong)
            elif fields and names is None:
                names = fields
                twice = next((name for name in names if names.count(name) > 1), None)
                if twice is not None:
                    raise PromptFileError(
                        f"{path.name}, line {line}: the header names the column {twice!r} {names.count(twice)} times, so "
                        "which of them is meant cannot be said: rename or remove all but one"
                    )
            elif fields and names is not None:
                yield line, dict(zip(names, fields, strict=True))


class _CsvLines:
    """The lines of a CSV file and how many were read so far; one that is too long is an error of its row."""

    def __init__(self, file: IO[str]) -> None:
        self.file, self.count = file, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = self.file.readline(LONGEST_LINE + 1)
        if not raw:
            raise StopIteration
        self.count += 1
        if len(raw) > LONGEST_LINE:
            _skip_line(self.file, raw)
            raise csv.Error(f"a line is longer than {LONGEST_LINE:,} characters")
        return raw


def _skip_line(file: IO[AnyStr], raw: AnyStr) -> None:
    """Read on to the end of the line that `raw` begins, a piece at a time, so that it is never held as a whole."""
    while raw and raw[-1:] not in ("\n", "\r", b"\n"):
        raw = file.readline(LONGEST_LINE)
