"""A JSON Schema as a validator of the draft that its `$schema` names, with exact `multipleOf` and fast `uniqueItems`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import unquote

from rsf_core.domain.errors import ScorerError
from rsf_core.scorers.json_values import one_form

DEEPEST = 60  # levels of a value: a validator recurses several times for each
_SAME_VALUE = ("allOf", "anyOf", "oneOf")  # lists of schemas for the value itself, not for its parts
_ALSO = ("not", "if", "then", "else")
_ENDLESS = (
    "the schema of the scorer 'json_schema' refers to itself without an end: it must go into a property or an item "
    "before it does"
)


def validator(schema: Mapping[str, Any]) -> Any:
    """A jsonschema validator for `schema`; a $ref to another document is never fetched. Raises ScorerError if it is not a
    valid schema."""
    import jsonschema  # loaded when needed
    import referencing

    plain = one_form(dict(schema))
    latest = jsonschema.Draft202012Validator
    draft = plain.get("$schema")
    dialect = _of_draft(draft) if isinstance(draft, str) else latest
    if dialect is None:
        raise ScorerError(
            f"the schema of the scorer 'json_schema' uses {draft!r:.120}, which is unknown: name a draft of JSON Schema in "
            "$schema, or leave it out for 2020-12"
        )
    if "$schema" in plain:
        plain["$schema"] = dialect.META_SCHEMA["$schema"]
    try:
        dialect.check_schema(plain)
    except jsonschema.SchemaError as error:
        raise ScorerError(f"the schema of the scorer 'json_schema' is not valid: {error.message:.200}") from error
    except RecursionError as error:
        raise ScorerError("the schema of the scorer 'json_schema' is nested too deeply") from error
    if _is_endless(plain):
        raise ScorerError(_ENDLESS)
    extended = jsonschema.validators.extend(dialect, {"multipleOf": _multiple_of, "uniqueItems": _unique_items})
    return extended(plain, registry=referencing.Registry())


def _of_draft(named: str) -> Any:
    """The jsonschema validator class for the draft that $schema names, with http or https and with or without "#"; None if the
    draft is unknown."""
    import jsonschema

    bare = named.removesuffix("#").removeprefix("https://").removeprefix("http://")
    if bare == "json-schema.org/schema":
        return jsonschema.Draft202012Validator
    for written in (f"{start}://{bare}{end}" for start in ("http", "https") for end in ("#", "")):
        dialect = jsonschema.validators.validator_for({"$schema": written}, default=None)
        if dialect is not None:
            return dialect
    return None


def is_valid(checked: Any, value: Any) -> bool:
    """Whether the schema of a validator allows `value`. Raises ScorerError if that cannot be determined."""
    import referencing

    if is_deep(value):
        raise ScorerError(f"the completion is nested deeper than {DEEPEST} levels, which no schema is checked for")
    try:
        return bool(checked.is_valid(value))
    except referencing.exceptions.Unresolvable as error:
        raise ScorerError(
            f"the schema of the scorer 'json_schema' refers to {error.ref!r:.120}, which it does not hold: write it into "
            "the schema's $defs"
        ) from error
    except BaseException as error:  # the Rust library below may panic, which is not an Exception
        if not isinstance(error, RecursionError) and type(error).__name__ != "PanicException":
            raise
        raise ScorerError(
            "the schema of the scorer 'json_schema' calls itself too often for this completion"
        ) from error


def is_deep(value: Any) -> bool:
    """Whether lists and objects are nested deeper than `DEEPEST`."""
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        level = [
            inside
            for one in level
            if isinstance(one, dict | list)
            for inside in (one.values() if isinstance(one, dict) else one)
        ]
        depth += 1
    return depth > DEEPEST


def _is_endless(schema: dict[str, Any]) -> bool:
    """Whether checking a value against some schema in it leads back to the same schema for the same value."""
    done: dict[int, bool] = {}  # by identity: False while its references are being followed
    for start in _all_schemas(schema):
        ways = [(start, iter([start]))] if id(start) not in done else []
        while ways:
            above, left = ways[-1]
            one = next(left, None)
            if one is None:
                done[id(above)] = True
                ways.pop()
            elif isinstance(one, dict) and id(one) not in done:
                done[id(one)] = False
                ways.append((one, iter(list(_of_same_value(one, schema)))))
            elif isinstance(one, dict) and not done[id(one)]:
                return True
    return False


def _all_schemas(value: Any) -> list[Any]:
    schemas, left = [], [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            schemas.append(one)
            left += one.values()
        elif isinstance(one, list):
            left += one
    return schemas


def _of_same_value(one: dict[str, Any], whole: dict[str, Any]) -> Iterator[Any]:
    for name in _SAME_VALUE:
        yield from one[name] if isinstance(one.get(name), list) else ()
    yield from (one[name] for name in _ALSO if name in one)
    if isinstance(one.get("dependentSchemas"), dict):
        yield from one["dependentSchemas"].values()
    reference = one.get("$ref", one.get("$dynamicRef"))
    if isinstance(reference, str) and (reference == "#" or reference.startswith("#/")):
        yield _at(whole, reference[2:])


def _at(whole: Any, pointer: str) -> Any:
    """The value at a JSON pointer; None if there is nothing."""
    for name in filter(None, pointer.split("/")):
        name = unquote(name).replace("~1", "/").replace("~0", "~")
        if isinstance(whole, list) and name.isdigit():
            whole = whole[int(name)] if int(name) < len(whole) else None
        else:
            whole = whole.get(name) if isinstance(whole, dict) else None
    return whole


def _multiple_of(_validator: Any, step: Any, value: Any, _schema: Any) -> Iterator[Any]:
    """`multipleOf` by the decimal notation of numbers: 0.3 is a multiple of 0.1, which is not true in binary."""
    from jsonschema import ValidationError

    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if (isinstance(value, float) and not math.isfinite(value)) or (_exact(value) / _exact(step)).denominator != 1:
        yield ValidationError("is not a multiple")


def _exact(number: float) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(Decimal(repr(number)))


def _unique_items(_validator: Any, unique: Any, value: Any, _schema: Any) -> Iterator[Any]:
    """`uniqueItems` in linear instead of quadratic time."""
    from jsonschema import ValidationError

    if unique and isinstance(value, list) and len({_key(one) for one in value}) < len(value):
        yield ValidationError("has an item twice")


def _key(value: Any) -> Any:
    """A key that is equal for equal JSON values: 1 equals 1.0 but not true."""
    if isinstance(value, dict):
        return frozenset((name, _key(inside)) for name, inside in value.items())
    if isinstance(value, list):
        return tuple(_key(inside) for inside in value)
    return (type(value) is bool, value)
