"""Pydantic's errors about the fields of a form, in words for the person who filled it in: the form's name of the field, and
what it may hold. Settings in a file are named by their path instead (`settings_reading.describe`). Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rsf_core.domain.words import plural

LONGEST_SHOWN = 60  # characters of a value in a message


def in_words(error: ValidationError, names: Mapping[str, str], patterns: Mapping[str, str] | None = None) -> str:
    """All errors in one line. `names` has the form's name of each field, `patterns` a description of what the text of a field
    must look like."""
    sentences = [_of(one, names, patterns or {}) for one in error.errors()]
    return "; ".join(dict.fromkeys(sentences))


def own_words(details: ErrorDetails) -> str | None:
    """The message of one of our own rules, without pydantic's prefix; None if the rule is pydantic's."""
    cause = details.get("ctx", {}).get("error")
    return str(cause) if details["type"] == "value_error" and cause is not None else None


def in_file(details: ErrorDetails) -> str:
    """What a value in a file must be, to follow its path: in TOML's terms where a form's differ, in pydantic's words where we
    have none of our own."""
    kind = details["type"]
    words = own_words(details) or _IN_A_FILE.get(kind)
    if words is None:
        words = _problem(kind, details.get("ctx", {}))
    return details["msg"] if words == _ANY else words


def nearest(path: Sequence[str], model: type[BaseModel]) -> str | None:
    """The dotted name of the field of `model` that was probably meant by `path`, which does not exist; None if none is
    near."""
    section, names = ".".join(path[:-1]), _dotted(model)
    for among in ([name for name in names if name.rpartition(".")[0] == section], names):
        last = {name.rpartition(".")[2]: name for name in reversed(among)}
        near = difflib.get_close_matches(path[-1], last, n=1, cutoff=0.7)
        if near:
            return last[near[0]]
    return None


def _dotted(model: type[BaseModel], before: str = "") -> list[str]:
    names = []
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        names += _dotted(type(default), f"{before}{name}.") if isinstance(default, BaseModel) else [before + name]
    return names


def no_truth_value(value: Any) -> Any:
    """Refuses a truth value before a number is read: pydantic takes true for 1. Raises ValueError."""
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


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
    """What a value must be, to follow the name of its field."""
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _NUMBERS:
        limit = next(iter(limits.values()))
        return _NUMBERS[kind].format(f"{limit:,.0f}" if float(limit).is_integer() else f"{limit:g}")
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
    return _ANY


_ANY = "cannot be what is given"
_IN_A_FILE = {
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "extra_forbidden": "there is no such name here",
    "model_type": "must be a table",
}
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
