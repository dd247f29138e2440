"""A row of a file as its reader gives it, before anything is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of a row by their names; `line` is where it begins (of Parquet: the number of the row). Of an annotation
    `tool` the columns `annotated` are what people said, and where the row is `refused` nobody says that it is right."""

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
        """As a person calls it: NaN and Infinity are not numbers by their kind."""
        if self.lstrip("-").lower() in ("nan", "inf", "infinity"):
            return str(self)
        return "float" if any(sign in self for sign in ".eE") else "int"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What stands in place of a value that its file holds and nobody can read; `why` says what is wrong with it."""

    why: str
