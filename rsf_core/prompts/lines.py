"""Lines of a text file, with a limit on their length and a mark in place of bytes that are not valid text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from rsf_core.prompts.encodings import DAMAGED, ERRORS, Encoding


class LineTooLongError(Exception):
    """A line is longer than `Lines` returns; reading continues at the beginning of the next line."""


class Lines:
    """The lines of a text file with their line ends; `count` is the number of lines read so far, `raw` the last of them.
    Iterating raises LineTooLongError for a line of more than `longest` characters."""

    def __init__(self, file: TextIO, longest: int) -> None:
        self._file, self._longest = file, longest
        self.count, self.raw = 0, ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(self._longest + 1)
        if not line:
            raise StopIteration
        self.count += 1
        if len(line) > self._longest:
            while line and line[-1] not in "\r\n":
                line = self._file.readline(self._longest)
            raise LineTooLongError
        self.raw = line.lstrip("\ufeff")  # also where concatenated files meet
        return self.raw


def open_text(path: Path, encoding: Encoding) -> TextIO:
    return path.open(encoding=encoding.codec, errors=ERRORS, newline="")


def damage(line: str, encoding: Encoding) -> str | None:
    """Where a line holds bytes that are not valid in `encoding`, in words; None if all are valid."""
    place = line.find(DAMAGED)
    if place < 0:
        return None
    if encoding.codec.startswith("utf-8"):
        return f"is not {encoding.label} (byte {len(line[:place].encode()) + 1})"
    return f"is not {encoding.label} (character {place + 1})"
