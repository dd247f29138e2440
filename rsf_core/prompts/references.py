"""What a value says as a reference: one text, or the only one of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rsf_core.prompts import conversations


def only_one(value: Any) -> Any:
    """The text of a list that holds one, or of SQuAD's {"text": […]}, whose first answer is as right as the others; None
    where that holds none. Any other value as it is."""
    if isinstance(value, dict) and value.get("text") == []:
        return None
    if isinstance(value, dict) and conversations.are_turns(value.get("text")):
        return value["text"][0]
    return value[0] if conversations.are_turns(value) and len(value) == 1 else value


def is_single(value: Any) -> bool:
    return value in ([], {}) or conversations.is_one(value) or isinstance(only_one(value), str | bool | None)


def are_single(values: Sequence[Any]) -> bool:
    """Whether most of those that say anything say one thing."""
    held = [value for value in values if value not in ([], {}) and only_one(value) is not None]
    return sum(map(is_single, held)) * 2 > len(held)
