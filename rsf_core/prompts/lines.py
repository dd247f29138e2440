"""Lines of a text file, none of them longer than can be held, with bytes that are no text marked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from rsf_core.prompts.encodings import DAMAGED, ERRORS, Encoding


class LineTooLongError(Exception):
    """A line is longer than `Lines` gives out; the next one is read from its beginning."""


class Lines:
    """The lines of a text file with their line ends; `count` is how many were read so far, `raw` the last of them."""

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
        self.raw = line.lstrip("\ufeff")  # also where files were put behind one another
        return self.raw


def open_text(path: Path, encoding: Encoding) -> TextIO:
    return path.open(encoding=encoding.codec, errors=ERRORS, newline="")


def damage(line: str, encoding: Encoding) -> str | None:
    """What is to be said of a line that holds bytes which are no text in `encoding`; None where there is none."""
    place = line.find(DAMAGED)
    if place < 0:
        return None
    if encoding.codec.startswith("utf-8"):
        return f"is not {encoding.label} (byte {len(line[:place].encode()) + 1})"
    return f"is not {encoding.label} (character {place + 1})"
