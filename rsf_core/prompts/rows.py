"""A prompt as given, what may be wrong with it, and when two prompts are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rsf_core.domain import Split
from rsf_core.domain.text import composed
from rsf_core.domain.turns import Turns, checked, whole

MOST_ROWS = 1_000_000
MOST_COLUMNS = 1_000
LONGEST_TEXT = 100_000
LONGEST_LINE = 4 << 20  # three fields of the longest text, every character escaped
LARGEST_FILE = 1 << 30
MOST_CHARACTERS = 1 << 30  # of all rows together: a small Parquet file can hold far more


@dataclass(frozen=True, slots=True)
class PromptRow:
    """A prompt as given, not stored yet. `line` is where it begins in its file (from 1); `earlier` are the turns of a
    conversation before its text (domain/turns.py). Raises PromptError if they are not valid turns."""

    text: str
    reference: str | None = None
    system: str | None = None
    split: Split | None = None
    line: int | None = None
    earlier: Turns = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "earlier", checked(self.earlier))  # a list if it comes from JSON

    @property
    def whole(self) -> str:
        return whole(self.text, self.earlier)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row: its line, the field if one is to blame, and what to do. `kept`: the row is read all the
    same, and the message says which part of it is not."""

    line: int | None
    field: str | None
    message: str
    kept: bool = False

    def __str__(self) -> str:
        where = f"line {self.line}" if self.line is not None else "this prompt"
        return f"{where}{f', {self.field}' if self.field else ''}: {self.message}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """The rows that can be read, what is wrong with rows, and notes on what was done to many rows alike."""

    rows: tuple[PromptRow, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()


def identity(text: str, system: str | None, earlier: Sequence[str] = ()) -> str:
    """The key of a prompt: two prompts with the same identity are one prompt. It is what a model reads, earlier turns
    included. Case, signs, marks, line ends and indentation count, as in code. The Unicode form (NFC), empty lines and the
    amount of white space elsewhere do not."""
    return "\0".join(_plain(part) for part in (system or "", *earlier, text))


def _plain(text: str) -> str:
    text = composed(text).strip()
    return "\n".join(_indented(line) for line in text.splitlines() if line.strip()) if "\n" in text else _spaced(text)


def _indented(line: str) -> str:
    """A line with one space between its words, and its indentation unchanged."""
    return line[: len(line) - len(line.lstrip())] + _spaced(line)


def _spaced(line: str) -> str:
    return " ".join(line.split())
