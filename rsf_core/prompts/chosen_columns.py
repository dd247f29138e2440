"""Which column of a prompt file holds what, if a person names some of them; and which columns are not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import TypeVar

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts.completions import CompletionColumns
from rsf_core.prompts.formats import Format, companions
from rsf_core.prompts.parsing import Columns

PROMPT = "prompt"  # what people call the field `text`
Chosen = TypeVar("Chosen", Columns, CompletionColumns)


def prompt_columns(file_format: Format, named: Mapping[str, str]) -> Columns | None:
    """The recognised columns of prompts, overridden by those that are `named`; None if no column holds prompts. Raises
    PromptFileError if a named column does not exist."""
    text = named.get(PROMPT, file_format.text)
    if text is None:
        return None
    recognised = Columns(text, file_format.reference, file_format.system, file_format.split)
    if text != file_format.text:
        recognised = _without(recognised, text)
    return _with(recognised, named, file_format.columns)


def completion_columns(
    file_format: Format, recognised: CompletionColumns | None, named: Mapping[str, str]
) -> CompletionColumns | None:
    """The same for completions; None if no column holds completions."""
    text = named.get(PROMPT, file_format.text)
    if recognised is None and text is not None and "completion" in named:
        recognised = CompletionColumns(text, named["completion"])
    return None if recognised is None else _with(recognised, named, file_format.columns)


def unread(file_format: Format, columns: Columns) -> list[str]:
    """The columns from which no part of a prompt is taken."""
    read = {*columns.chosen, *companions(columns.text, file_format.columns)}
    return [name for name in file_format.columns if name not in read]


def _with(columns: Chosen, named: Mapping[str, str], there: Sequence[str]) -> Chosen:
    parts = {PROMPT if field.name == "text" else field.name: field.name for field in fields(columns)}
    for part, name in named.items():
        if part not in parts:
            raise PromptFileError(f"no column holds {part!r} here: name those of {', '.join(parts)}")
        if name not in there:
            raise PromptFileError(f"there is no column {name!r}; the columns are {', '.join(there)}")
    return replace(columns, **{parts[part]: name for part, name in named.items()})


def _without(columns: Columns, text: str) -> Columns:
    """The columns with `text` as that of the prompt, and in no other role."""
    return Columns(text, *(None if name == text else name for name in columns.chosen[1:]))
