"""How to read the rows of a file, as far as one row alone does not show it: learnt from the first rows."""

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
    """`answered`: the answers have a column of their own, so that an answer within a text would be lost; `marked`: turns that
    are marked within texts, other than by ChatML, are read as turns; `single`: the column of references may hold several
    values a row, but most rows hold one text; `counting`: how the references name choices."""

    answered: bool = False
    marked: bool = False
    single: bool = False
    counting: Counting = FROM_ZERO


def learn(records: Sequence[Record], text: str, reference: str | None, answers: str | None) -> Manner:
    """The manner of a file, from its first rows and its columns of prompts, of references and of answers, which are references
    or completions."""
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
    """The choices that belong to the prompt in the column `text`, if their column is not `taken` for something else."""
    names = [name for name in formats.companions(text, list(fields)) if name.strip().lower() in COLUMNS]
    return read(fields[names[0]]) if names and names[0] not in taken else None


def values_of(records: Sequence[Record], column: str) -> list[object]:
    return [record.fields[column] for record in records if record.fields.get(column) is not None]
