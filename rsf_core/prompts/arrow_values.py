"""The values of an Arrow column as JSON would give them, at any depth: numbers and times by their spelling, lists as lists,
structs and maps as objects."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rsf_core.prompts.records import Number, Unreadable

_NO_FRACTION = r"\.0+($|[Z+-])"  # of a second
_MIDNIGHT = " 00:00:00$"
_BEYOND = "<value out of range"  # how Arrow writes a time that its calendar does not reach
_NOWHERE = Unreadable("is a time that no calendar reaches: leave it empty, or correct it")


def values(column: pa.Array) -> list[Any]:
    """One value a row. A time beyond the calendar is Unreadable. Raises ArrowException if a time zone is not known."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return values(column.storage)
    if pa.types.is_dictionary(kind):
        return values(column.dictionary_decode())
    if pa.types.is_map(kind):
        return _maps(column)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _lists(column)
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return _lists(column)
    if pa.types.is_struct(kind):
        return _structs(column)
    if pa.types.is_duration(kind):
        return _plain(column.cast(pa.int64()))
    if pa.types.is_time(kind) or pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _times(column)
    if pa.types.is_float32(kind):  # with the digits that identify it: 0.1 and not 0.10000000149011612
        return _each(column.cast(pa.string()), Number)
    if pa.types.is_float16(kind):
        return _each(column, lambda value: Number(np.float16(value)))
    return _plain(column)


def two_of_a_name(kind: pa.DataType) -> str | None:
    """A name that two fields of one struct in `kind` share; None if there is no such name."""
    fields = [kind.field(at) for at in range(kind.num_fields)]
    names = [field.name for field in fields]
    twice = next((name for name in names if names.count(name) > 1), None) if pa.types.is_struct(kind) else None
    return next((double for field in fields if (double := two_of_a_name(field.type)) is not None), twice)


def _lists(column: pa.Array) -> list[Any]:
    entries = iter(values(column.flatten()))
    lengths = column.value_lengths().to_pylist()
    return [None if length is None else list(islice(entries, length)) for length in lengths]


def _maps(column: pa.Array) -> list[Any]:
    """As objects, whose names are texts; if two entries share a name, the last one counts, as in JSON."""
    names, entries = [str(name) for name in values(column.keys)], values(column.items)
    spans = zip(pairwise(column.offsets.to_pylist()), column.is_valid().to_pylist(), strict=True)
    return [
        dict(zip(names[start:end], entries[start:end], strict=True)) if valid else None for (start, end), valid in spans
    ]


def _structs(column: pa.Array) -> list[Any]:
    names = [field.name for field in column.type]
    fields = [values(field) for field in column.flatten()]
    rows = zip(*fields, strict=True) if fields else ((),) * len(column)
    return [
        dict(zip(names, row, strict=True)) if valid else None
        for row, valid in zip(rows, column.is_valid().to_pylist(), strict=True)
    ]


def _times(column: pa.Array) -> list[Any]:
    """Times as Arrow writes them, because Python's own types hold no year beyond 9999. A timestamp at midnight, without a
    zone, is a date."""
    kind = column.type
    zoned = pa.types.is_timestamp(kind) and kind.tz is not None
    plain = (column.cast(pa.timestamp(kind.unit)) if zoned else column).cast(pa.string())
    beyond = pc.starts_with(plain, _BEYOND)  # with a zone Arrow writes every time, and a wrong one
    texts = pc.replace_substring_regex(column.cast(pa.string()) if zoned else plain, _NO_FRACTION, r"\1")
    if pa.types.is_timestamp(kind) and not zoned:
        texts = pc.replace_substring_regex(texts, _MIDNIGHT, "")
    return [_NOWHERE if far else text for text, far in zip(texts.to_pylist(), beyond.to_pylist(), strict=True)]


def _each(column: pa.Array, make: Callable[[Any], Any]) -> list[Any]:
    return [None if value is None else make(value) for value in column.to_pylist()]


def _plain(column: pa.Array) -> list[Any]:
    return _each(column, _spelled)


def _spelled(value: Any) -> Any:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, bytes):  # a text written without the type of one
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    if isinstance(value, float):
        return Number(repr(value)) if math.isfinite(value) else Number("NaN")
    return Number(str(value)) if isinstance(value, int | Decimal) else value
