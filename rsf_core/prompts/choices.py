"""Questions with answers to choose from, as MMLU, ARC and the like hold them: the choices belong to the prompt, and the
reference is the letter of the right one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from rsf_core.prompts.records import Number

COLUMNS = ("choices", "options")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def read(value: Any) -> list[tuple[str, str]] | None:
    """The label and the text of each choice; None where a value holds none. A list of texts, ARC's {"text": …, "label": …}, or
    the texts by their letters."""
    if isinstance(value, Mapping):
        texts, labels = value.get("text"), value.get("label")
        if _are_texts(texts) and _are_texts(labels) and len(texts) == len(labels):
            return list(zip(labels, texts, strict=True))
        if value and all(name in _LETTERS and len(name) == 1 and _is_text(text) for name, text in value.items()):
            return list(value.items())
        return None
    return list(zip(_LETTERS, value, strict=False)) if _are_texts(value) and len(value) <= len(_LETTERS) else None


def in_words(choices: Sequence[tuple[str, str]]) -> str:
    """One choice a line: A. the first."""
    return "\n".join(f"{label}. {text}" for label, text in choices)


def letter(answer: Any, choices: Sequence[tuple[str, str]]) -> str | None:
    """The label of the choice that an answer names by its number from 0; None where it names none so."""
    if not isinstance(answer, Number) or not answer.isdigit() or len(answer) > 3:
        return None
    return choices[int(answer)][0] if int(answer) < len(choices) else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)


def _are_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and len(value) > 1 and all(map(_is_text, value))
