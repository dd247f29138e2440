"""Plain data in JSON messages between a completion's code and its tests. Plain types are sent as they are, value types of the
standard library by their parts. Imports only the standard library, because `sandbox_child` has nothing else."""

from __future__ import annotations

import builtins
import json
import os
import struct
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

LARGEST = 1 << 26  # bytes of a message
_HEAD = struct.Struct("!I")
_SCALARS = (type(None), bool, float, str)
_CONTAINERS: Mapping[type, str] = {list: "list", tuple: "tuple", set: "set", frozenset: "frozenset"}
_BASES: tuple[type, ...] = (int, float, str, bytes, tuple, list, dict, set, frozenset, complex, bytearray)
_ISO = {("datetime", name) for name in ("date", "datetime", "time")}
_VALUES: Mapping[tuple[str, str], Callable[[Any], list[Any]]] = {
    ("fractions", "Fraction"): lambda one: [one.numerator, one.denominator],
    ("decimal", "Decimal"): lambda one: [str(one)],
    ("datetime", "timedelta"): lambda one: [one.days, one.seconds, one.microseconds],
    ("collections", "deque"): lambda one: [list(one), one.maxlen],
    ("collections", "defaultdict"): lambda one: [one.default_factory, dict(one)],
    ("collections", "Counter"): lambda one: [dict(one)],
    ("collections", "OrderedDict"): lambda one: [list(one.items())],
    **dict.fromkeys(_ISO, lambda one: [one.isoformat()]),
}


class GoneError(Exception):
    """The other side has ended, or has sent something unreadable."""


class Pipes:
    """JSON messages, each preceded by its length."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._in, self._out = os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb")
        self.gone = False

    def send(self, message: list[Any]) -> None:
        data = json.dumps(message).encode()
        if len(data) > LARGEST:
            raise OverflowError(f"a value has more than {LARGEST:,} bytes")
        try:
            self._out.write(_HEAD.pack(len(data)) + data)
            self._out.flush()
        except OSError as error:
            self._end(error)

    def receive(self) -> list[Any]:
        if self.gone:
            raise GoneError
        try:
            (size,) = _HEAD.unpack(self._in.read(_HEAD.size))
            message = json.loads(self._in.read(size)) if size <= LARGEST else None
        except (struct.error, ValueError, OSError, MemoryError, RecursionError) as error:
            self._end(error)
        if not isinstance(message, list) or not message:
            self._end(None)
        return message

    def _end(self, error: BaseException | None) -> NoReturn:
        self.gone = True
        raise GoneError from error


def packed(value: Any, other: Callable[[Any], Any]) -> Any:
    """A value as JSON data; `other` packs values that are neither of a plain type nor of a value type."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is int:
        return value if -(1 << 53) < value < 1 << 53 else ["int", hex(value)]
    if kind in _CONTAINERS:
        return [_CONTAINERS[kind], *(packed(one, other) for one in value)]
    if kind is dict:
        return ["dict", *([packed(key, other), packed(item, other)] for key, item in value.items())]
    if kind in (bytes, bytearray):
        return [kind.__name__, value.hex()]
    if kind is complex:
        return ["complex", value.real, value.imag]
    if kind in (range, slice):
        return [kind.__name__, *(packed(one, other) for one in (value.start, value.stop, value.step))]
    for (module, name), parts in _VALUES.items():
        if module in sys.modules and kind is getattr(sys.modules[module], name, None):
            return ["value", module, name, packed(parts(value), other)]
    return other(value)


def unpacked(data: Any, other: Callable[[list[Any]], Any]) -> Any:
    """The value that `packed` has packed; `other` unpacks what the `other` of `packed` has made."""
    if not isinstance(data, list):
        return data
    kind, *parts = data
    match kind:
        case "int":
            return int(parts[0], 16)
        case "list" | "tuple" | "set" | "frozenset":
            return getattr(builtins, kind)([unpacked(part, other) for part in parts])
        case "dict":
            return {unpacked(key, other): unpacked(part, other) for key, part in parts}
        case "bytes" | "bytearray":
            return getattr(builtins, kind).fromhex(parts[0])
        case "complex":
            return complex(*parts)
        case "range" | "slice":
            return getattr(builtins, kind)(*(unpacked(part, other) for part in parts))
        case "value" if (parts[0], parts[1]) in _VALUES:
            made = getattr(__import__(parts[0]), parts[1])
            made = made.fromisoformat if (parts[0], parts[1]) in _ISO else made
            return made(*unpacked(parts[2], other))
    return other(data)


def changing(value: Any) -> bool:
    """Whether a value can be changed in place and is sent with all its contents."""
    return type(value) in (list, dict, set, bytearray, deque, defaultdict, Counter, OrderedDict)


def base_of(value: Any) -> Any:
    """The value of an object as the plain type that it inherits from, by that type's own methods; None if it inherits from no
    plain type."""
    for base in _BASES:
        if issubclass(type(value), base):
            break
    else:
        return None
    if base in (int, float, complex):
        return base.__pos__(value)
    if base in (str, bytes, bytearray, tuple):
        return base.__getitem__(value, slice(None))
    if base in (list, set, frozenset):
        return base(base.__iter__(value))
    return dict(dict.items(value))
