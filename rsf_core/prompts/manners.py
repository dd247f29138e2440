"""How the rows of a file are to be read, where one row alone does not tell: learnt from the first of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rsf_core.prompts import formats
from rsf_core.prompts.choices import COLUMNS, FROM_ZERO, Choices, Counting, counting, read
from rsf_core.prompts.column_names import is_plural
from rsf_core.prompts.records import Record
from rsf_core.prompts.references import are_single


@dataclass(frozen=True, slots=True)
class Manner:
    """`answered`: the answers stand in a column of their own, so that one within a text would be lost; `marked`: the turns
    that its texts mark, in another way than ChatML, are turns; `single`: the references hold one text each, of which there
    may be several; `counting`: how they name choices."""

    answered: bool = False
    marked: bool = False
    single: bool = False
    counting: Counting = FROM_ZERO


def learn(records: Sequence[Record], text: str, reference: str | None, answers: str | None) -> Manner:
    """From the first rows, with the columns of the prompts, of the references and of the answers: references or
    completions."""
    answered = answers not in (None, text)
    marked = formats.are_marked(text, values_of(records, text), answered)
    if reference is None or reference == text:
        return Manner(answered, marked)
    single = is_plural(reference) and are_single(values_of(records, reference))
    chosen = [(record.fields.get(reference), offered(record.fields, text, (reference,))) for record in records]
    return Manner(
        answered, marked, single, counting([(answer, choices) for answer, choices in chosen if choices is not None])
    )


def offered(fields: Mapping[str, Any], text: str, taken: Sequence[str | None]) -> Choices | None:
    """The choices that belong to the prompt in the column `text`; columns `taken` hold something else."""
    names = [name for name in formats.companions(text, list(fields)) if name.strip().lower() in COLUMNS]
    return read(fields[names[0]]) if names and names[0] not in taken else None


def values_of(records: Sequence[Record], column: str) -> list[object]:
    return [record.fields[column] for record in records if record.fields.get(column) is not None]
