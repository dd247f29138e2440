"""A row of a file as its reader returns it, before it is interpreted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of a row by their names; `line` is where it begins (for Parquet, the number of the row). If an annotation
    `tool` wrote the row, the columns `annotated` hold people's answers, and `refused` says that its annotator did not accept
    it."""

    line: int
    fields: dict[str, Any]
    tool: str | None = None
    annotated: tuple[str, ...] = ()
    refused: bool = False


class Number(str):
    """A number as it is spelled in the file: 0.10 stays 0.10, and no digit of a long one is lost."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        """A name for messages: int or float; NaN and Infinity by their own spelling."""
        if self.lstrip("-").lower() in ("nan", "inf", "infinity"):
            return str(self)
        return "float" if any(sign in self for sign in ".eE") else "int"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Takes the place of a value of the file that cannot be read; `why` says what is wrong with it."""

    why: str
