"""What pydantic finds wrong with the fields of a form, in the words of who filled it in: the name that the form gives a field,
and what it may hold. Settings in a file are named by their path instead (`settings.describe`). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rsf_core.domain.words import plural

LONGEST_SHOWN = 60  # characters of what was given


def in_words(error: ValidationError, names: Mapping[str, str], patterns: Mapping[str, str] | None = None) -> str:
    """All that is wrong, in a line. `names` has what the form calls each field, `patterns` what the text of some must look
    like."""
    sentences = [_of(one, names, patterns or {}) for one in error.errors()]
    return "; ".join(dict.fromkeys(sentences))


def own_words(details: ErrorDetails) -> str | None:
    """What a rule of our own says, without what pydantic writes before it; None where the rule is pydantic's."""
    cause = details.get("ctx", {}).get("error")
    return str(cause) if details["type"] == "value_error" and cause is not None else None


def _of(details: ErrorDetails, names: Mapping[str, str], patterns: Mapping[str, str]) -> str:
    path = [part for part in details["loc"] if part != "[key]"]
    field = str(path[0]) if path else ""
    own = own_words(details)
    if own is not None:
        return own if not path else f"{names.get(field, field)}: {own}"
    name = names.get(field, field or "what is given")
    at = next((part for part in path[1:] if isinstance(part, int)), None)
    if at is not None:
        name += f", number {at + 1}"
    limits, value = details.get("ctx", {}), _shown(details["input"])
    if details["type"] == "string_pattern_mismatch" and field in patterns:
        return f"{name}: {patterns[field]}, not {value}"
    problem = _problem(details["type"], limits)
    return f"{name} {problem}" + ("" if details["type"] in ("missing", "extra_forbidden") else f", not {value}")


def _problem(kind: str, limits: Mapping[str, Any]) -> str:
    """What a value must be, after the name of its field."""
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _NUMBERS:
        return _NUMBERS[kind].format(next(iter(limits.values()), ""))
    if kind == "string_too_short":
        least = limits["min_length"]
        return "cannot be empty" if least == 1 else f"must have at least {plural(least, 'character')}"
    if kind == "string_too_long":
        return f"may have at most {plural(limits['max_length'], 'character')}"
    if kind in ("too_short", "too_long"):
        end, count = ("least", limits["min_length"]) if kind == "too_short" else ("most", limits["max_length"])
        return f"must have at {end} {plural(count, 'part')}"
    if kind in ("enum", "literal_error"):
        return f"must be {limits['expected']}"
    return "cannot be what is given"


_FIXED = {
    "missing": "is missing",
    "extra_forbidden": "is not a known field",
    "string_type": "must be a text",
    "string_unicode": "must be a text",
    "string_pattern_mismatch": "has a character that it cannot have, such as a line break",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be yes or no",
    "bool_parsing": "must be yes or no",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
}
_NUMBERS = {
    "greater_than": "must be above {}",
    "greater_than_equal": "must be at least {}",
    "less_than": "must be below {}",
    "less_than_equal": "must be at most {}",
}


def _shown(value: Any) -> str:
    text = f"“{value}”" if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
