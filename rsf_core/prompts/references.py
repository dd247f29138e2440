"""The reference that a value holds: one text, or the only text of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rsf_core.prompts import conversations


def only_one(value: Any) -> Any:
    """The text of a list that holds only one, or the first of SQuAD's {"text": […]}, which is as right as the others; None if
    that list is empty. Any other value as it is."""
    if isinstance(value, dict) and value.get("text") == []:
        return None
    if isinstance(value, dict) and conversations.are_turns(value.get("text")):
        return value["text"][0]
    return value[0] if conversations.are_turns(value) and len(value) == 1 else value


def is_single(value: Any) -> bool:
    return value in ([], {}) or conversations.is_one(value) or isinstance(only_one(value), str | bool | None)


def are_single(values: Sequence[Any]) -> bool:
    """Whether most of the values that are not empty hold a single reference."""
    held = [value for value in values if value not in ([], {}) and only_one(value) is not None]
    return sum(map(is_single, held)) * 2 > len(held)
