"""Multiple-choice questions, as in MMLU and ARC: the choices belong to the prompt, and the reference is the letter of the
right one."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from rsf_core.prompts.records import Number

COLUMNS = ("choices", "options")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LABELLED = re.compile(r"(?:^|[\s,;(])[A-Ha-h1-8]\s?[).:]")

Choices = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Counting:
    """How the answers of a file name choices: by their number from `start`, None if that is ambiguous; `by_text`: a number
    that is also the text of a choice means that choice."""

    start: int | None = 0
    by_text: bool = True


FROM_ZERO = Counting()


def read(value: Any) -> Choices | None:
    """The label and the text of each choice; None if a value holds no choices. It may be a list of texts, ARC's {"text": …,
    "label": …}, a list of such objects, or the texts by their letters; also any of these written as a text, as in a
    spreadsheet."""
    if _is_text(value) and value.lstrip().startswith(("[", "{")):
        value = _written(value)
    if isinstance(value, list) and len(value) > 1 and all(isinstance(one, Mapping) for one in value):
        value = {"text": [one.get("text") for one in value], "label": [one.get("label") for one in value]}
    if isinstance(value, Mapping):
        texts, labels = value.get("text"), value.get("label")
        if _are_texts(texts) and _are_texts(labels) and len(texts) == len(labels):
            return list(zip(labels, texts, strict=True))
        if value and all(name in _LETTERS and len(name) == 1 and _is_text(text) for name, text in value.items()):
            return list(value.items())
        return None
    return list(zip(_LETTERS, value, strict=False)) if _are_texts(value) and len(value) <= len(_LETTERS) else None


def in_words(choices: Sequence[tuple[str, str]]) -> str:
    """The choices as text, one a line: A. the first."""
    return "\n".join(f"{label}. {text}" for label, text in choices)


def are_labelled(text: str) -> bool:
    """Whether a text lists labelled choices itself: A) one B) two."""
    return len(_LABELLED.findall(text)) > 1


def counting(answers: Sequence[tuple[Any, Choices]]) -> Counting:
    """How answers are to be read, from the first of them with the choices of each."""
    numbers, other = [], 0  # answers that can only be numbers of choices; how many are the text of another choice
    for answer, offered in answers:
        if not _is_count(answer) or answer in dict(offered):
            continue
        texts = [text for _, text in offered]
        if answer not in texts:
            numbers.append((int(answer), len(offered)))
        elif texts.index(answer) != int(answer):
            other += 1
    from_one = any(number == count for number, count in numbers)
    from_zero = any(number == 0 for number, _ in numbers)
    within = sum(number <= count for number, count in numbers)
    return Counting(None if from_one and from_zero else int(from_one), other >= within)


def letter(answer: Any, choices: Choices, counting: Counting) -> str | None:
    """The label of the choice that a number names by its label, its text or its place; None if it names no choice."""
    if not isinstance(answer, Number):
        return None
    if answer in dict(choices):
        return str(answer)
    by_text = next((label for label, text in choices if text == answer), None)
    at = int(answer) - counting.start if counting.start is not None and _is_count(answer) else -1
    by_place = choices[at][0] if 0 <= at < len(choices) else None
    return (by_text or by_place) if counting.by_text else (by_place or by_text)


def _is_count(answer: Any) -> bool:
    return isinstance(answer, Number) and answer.isascii() and answer.isdigit() and len(answer) <= 3


def _written(text: str) -> Any:
    """The value that a text spells as JSON or as a Python literal; None if it is neither."""
    for load in (json.loads, ast.literal_eval):
        try:
            return load(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)


def _are_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and len(value) > 1 and all(map(_is_text, value))
