"""Strict JSON: numbers of any length, names and texts in one Unicode form, and nothing that is not JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from rsf_core.domain.text import composed


class _Long(int):
    """A number too long for Python to convert to text by default, which a validator does for its messages."""

    def __repr__(self) -> str:
        return f"a number of {self.bit_length():,} bits"


def loads(text: str) -> Any:
    """The value of a JSON text. NaN and Infinity are not valid. Raises ValueError, or RecursionError if it is nested too
    deeply."""
    return json.loads(composed(text), parse_constant=_refuse, parse_int=_whole)


def one_form(value: Any) -> Any:
    """A value with its names and texts in the Unicode form that `loads` returns."""
    if isinstance(value, str):
        return composed(value)
    if isinstance(value, dict):
        return {composed(str(name)): one_form(inside) for name, inside in value.items()}
    return [one_form(inside) for inside in value] if isinstance(value, list) else value


def _whole(digits: str) -> int:
    """An integer, even with more digits than Python converts by default."""
    return int(digits) if len(digits) < 4_000 else _Long(Decimal(digits))


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
