"""Rows of a JSONL file, with one object a line, and of a JSON file that is one list of objects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import rows as limits
from rsf_core.prompts.conversations import is_one
from rsf_core.prompts.encodings import DAMAGED, Encoding
from rsf_core.prompts.lines import Lines, LineTooLongError, damage, open_text
from rsf_core.prompts.records import Number, Record
from rsf_core.prompts.rows import Problem

_BLANK = " \t\r\n\ufeff"
_CHUNK = 1 << 20


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        name, count = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"an object names {name[:60]!r} {count} times")
    return values


# NaN and Infinity are common though not JSON: they are read as numbers with that spelling
_SPELLED: dict[str, Any] = {"parse_float": Number, "parse_int": Number, "parse_constant": Number}
_DECODER = json.JSONDecoder(object_pairs_hook=_object, **_SPELLED)
_PLAIN = json.JSONDecoder(**_SPELLED)


def is_list(path: Path, encoding: Encoding) -> bool:
    """Whether the file is one list instead of one object a line. Raises PromptFileError if a .json file is neither."""
    with open_text(path, encoding) as file:
        start = file.read(_CHUNK).lstrip(_BLANK)
        if path.suffix.lower() != ".json":
            return start[:1] == "[" and start[1:].lstrip(_BLANK)[:1] in ("{", "]", "")
        if not start or start[0] == "[":
            return bool(start)
        first = start.splitlines()[0]
        if len(first) == len(start) and len(start) > _CHUNK // 2:
            return False  # a long first line, not read to its end
        try:
            value = _PLAIN.decode(first)
        except (ValueError, RecursionError):
            value = None
        alone = len(first) == len(start.rstrip())
    if not isinstance(value, dict) or (alone and any(map(_are_rows, value.values()))):
        raise PromptFileError(
            f"{path.name} is neither a list of objects, [{{…}}, {{…}}], nor one object a line: save the list alone, without "
            "what stands around it"
        )
    return False


def _are_rows(value: Any) -> bool:
    """Whether a value is a list of objects that are not the turns of a conversation."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value) and not is_one(value)


def _broken(error: Exception) -> str:
    deep = isinstance(error, RecursionError)
    return "is not JSON that can be read: it is nested too deeply" if deep else f"is not JSON: {error}"


def lines(path: Path, encoding: Encoding) -> Iterator[Record | Problem]:
    """The rows of a JSONL file."""
    with open_text(path, encoding) as file:
        texts = Lines(file, limits.LONGEST_LINE)
        while True:
            try:
                text = next(texts, None)
            except LineTooLongError:
                yield Problem(texts.count, None, f"is longer than {limits.LONGEST_LINE:,} characters")
                continue
            if text is None:
                return
            if not text.strip():
                continue
            wrong = damage(text, encoding)
            if wrong is not None:
                yield Problem(texts.count, None, wrong)
                continue
            try:
                value = _DECODER.decode(text)
            except (ValueError, RecursionError) as error:
                yield Problem(texts.count, None, _broken(error))
            else:
                yield _record(texts.count, value)


def elements(path: Path, encoding: Encoding) -> Iterator[Record | Problem]:
    """The rows of a file that is one list. Reading stops at an element so broken that the next one cannot be located."""
    with open_text(path, encoding) as file:
        window = _Window(file)
        window.skip(_BLANK)
        window.at += 1  # the bracket
        first = True
        while True:
            window.skip(_BLANK)
            if window.next() == "]":
                window.at += 1
                window.skip(_BLANK)
                if window.next():
                    yield Problem(window.line, None, "stands behind the end of the list; it is left out")
                return
            if not first:
                if window.next() != ",":
                    yield Problem(window.line, None, "a comma is missing here; the rest of the file is left out")
                    return
                window.at += 1
                window.skip(_BLANK)
            first = False
            line = window.line
            try:
                value, raw = window.value()
            except (ValueError, RecursionError) as error:
                if not window.skip_value():
                    yield Problem(line, None, f"{_broken(error)}; the rest of the file is left out")
                    return
                yield Problem(line, None, _broken(error))
                continue
            yield Problem(line, None, f"is not {encoding.label}") if DAMAGED in raw else _record(line, value)


class _Window:
    """The part of a long list that is in memory: never much more than one element."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text, self._ended = "", False
        self.at = 0
        self._line, self._counted = 1, 0

    @property
    def line(self) -> int:
        """The line of the window's position, from 1."""
        self._line += self._text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def next(self) -> str:
        return self._text[self.at : self.at + 1]

    def skip(self, signs: str) -> None:
        while True:
            while self.at < len(self._text) and self._text[self.at] in signs:
                self.at += 1
            if self.at < len(self._text) or not self._more():
                return

    def value(self) -> tuple[Any, str]:
        """The next value and its spelling. Raises ValueError if it is broken, or longer than LONGEST_LINE."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self.at)
            except json.JSONDecodeError as error:
                if len(self._text) - self.at > limits.LONGEST_LINE:
                    raise ValueError(f"a value is broken or longer than {limits.LONGEST_LINE:,} characters") from error
                if not self._more():
                    raise ValueError(error.msg) from error
                continue
            if end == len(self._text) and self._more():
                continue  # a number may go on
            raw = self._text[self.at : end]
            self.at = end
            return value, raw

    def skip_value(self) -> bool:
        """Skip a value that is valid JSON but was refused, such as an object that repeats a name; False if it is not JSON."""
        try:
            _, self.at = _PLAIN.raw_decode(self._text, self.at)
        except (ValueError, RecursionError):
            return False
        return True

    def _more(self) -> bool:
        if self._ended:
            return False
        _ = self.line  # counts the lines of the text that is dropped
        added = self._file.read(max(_CHUNK, len(self._text) - self.at))
        self._ended = not added
        self._text = self._text[self.at :] + added
        self.at = self._counted = 0
        return bool(added)


def _record(line: int, value: Any) -> Record | Problem:
    if not isinstance(value, dict):
        return Problem(line, None, "is not a JSON object")
    if len(value) > limits.MOST_COLUMNS:
        return Problem(line, None, f"has {len(value):,} fields; at most {limits.MOST_COLUMNS:,} are read")
    return Record(line, value)
