"""How the rows of a file are to be read, where one row alone does not tell: learnt from the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rsf_core.prompts import formats
from rsf_core.prompts.records import Record


@dataclass(frozen=True, slots=True)
class Manner:
    """`answered`: the answers stand in a column of their own, so that one within a text would be lost; `marked`: the turns
    that its texts mark, in another way than ChatML, are turns."""

    answered: bool = False
    marked: bool = False


def learn(records: Sequence[Record], text: str, answers: str | None) -> Manner:
    """From the first rows, with the column of the prompts and that of the answers; None where answers are not asked for."""
    answered = answers not in (None, text)
    return Manner(answered, formats.are_marked(text, values_of(records, text), answered))


def values_of(records: Sequence[Record], column: str) -> list[object]:
    return [record.fields[column] for record in records if record.fields.get(column) is not None]
