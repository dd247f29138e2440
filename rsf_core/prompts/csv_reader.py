"""A reader of CSV rows that is strict, and reads blanks between a closing quote and the next delimiter: `"a" ,b`."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

_QUOTED = re.compile(r'(?:[^"]++|"")*+"')  # the rest of a quoted text, with its closing quote
_ENDS = "\r\n"


class StrayQuoteError(csv.Error):
    """What is wrong with a quote, and in which field, by its number from 1."""

    def __init__(self, wrong: str, field: int) -> None:
        super().__init__(f"{wrong} of field {field}")
        self.wrong, self.field = wrong, field


class Reader:
    """The rows of `lines` as `csv.reader(strict=True)` reads them, but for blanks (spaces, tabs) behind a closing quote: they
    are no part of the text. A row with such blanks is read only if it can be read in one way: not if an unquoted field of it
    holds a quote. Raises csv.Error for a row that is not CSV, and goes on with the next line."""

    def __init__(self, lines: Iterator[str], sign: str, spaced: bool) -> None:
        """`sign` is the delimiter; `spaced`: spaces after it belong to it."""
        self._lines, self._sign, self._spaced = lines, sign, spaced
        self._row: list[str] = []  # the lines of the row that is being read
        self._rows = self._read(self._remembered())

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        self._row.clear()
        try:
            return next(self._rows)
        except csv.Error as error:
            if "expected after" not in str(error):
                raise
        (row,) = self._read(self._tidied())
        return row

    def _read(self, lines: Iterable[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self._sign, skipinitialspace=self._spaced, strict=True)

    def _remembered(self) -> Iterator[str]:
        for line in self._lines:
            self._row.append(line)
            yield line

    def _tidied(self) -> Iterator[str]:
        """The lines of the current row without the blanks behind its closing quotes."""
        row = _Row(self._sign, self._spaced)
        for line in tuple(self._row):
            yield row.tidied(line)
        while row.is_open:
            more = next(self._lines, None)
            if more is None:
                return  # csv reports the open quote
            yield row.tidied(more)


class _Row:
    """What one row has so far, line by line."""

    def __init__(self, sign: str, spaced: bool) -> None:
        self.is_open = False  # whether a quote is open
        self._number = 1
        blanks, sign = re.escape("".join(b for b in " \t" if b != sign)), re.escape(sign)
        self._opening = re.compile(' *"' if spaced else '"')
        self._behind = re.compile(f"[{blanks}]*(?=[{sign}{_ENDS}]|$)")
        self._plain = re.compile(f"[^{sign}{_ENDS}]*")

    def tidied(self, line: str) -> str:
        """Raises StrayQuoteError."""
        parts, at = [], 0
        while True:
            if not self.is_open and (opening := self._opening.match(line, at)) is not None:
                parts.append(opening[0])
                at, self.is_open = opening.end(), True
            if self.is_open:
                quoted = _QUOTED.match(line, at)
                if quoted is None:
                    return "".join([*parts, line[at:]])
                parts.append(quoted[0])
                behind = self._behind.match(line, quoted.end())
                if behind is None:
                    raise StrayQuoteError("text follows the closing quote", self._number)
                at, self.is_open = behind.end(), False
            else:
                plain = self._plain.match(line, at)
                assert plain is not None, "it may be empty"
                if '"' in plain[0]:
                    raise StrayQuoteError("a quote stands in the unquoted text", self._number)
                parts.append(plain[0])
                at = plain.end()
            if at >= len(line) or line[at] in _ENDS:
                return "".join([*parts, line[at:]])
            parts.append(line[at])
            at, self._number = at + 1, self._number + 1
