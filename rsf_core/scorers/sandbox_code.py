"""The code's side: it runs a completion and answers the requests of the tests (`sandbox_tests`). A plain result is sent as its
value; an object whose class inherits from a plain type is sent with that type's value; any other object stays here and is
identified by a number."""

from __future__ import annotations

import builtins
import io
import operator
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from rsf_core.scorers.sandbox_values import GoneError, Pipes, base_of, changing, packed, unpacked

COMPLETION = "completion"  # the name of the code's module


class Code:
    """Runs a completion and answers the requests of the tests."""

    def __init__(self, pipes: Pipes) -> None:
        self._pipes = pipes
        # `if __name__ == "__main__"` is false here; dataclasses and the like look up their module in sys.modules
        module = sys.modules[COMPLETION] = ModuleType(COMPLETION)
        self._names = vars(module)
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}

    def serve(self) -> None:
        """Answer requests until the tests have ended."""
        try:
            while True:
                self._answer(self._pipes.receive())
        except GoneError:
            return

    def _answer(self, request: list[Any]) -> None:
        sys.stdout = printed = io.StringIO()
        try:
            self._pipes.send(["=", *self._done(*request), printed.getvalue()])
        except GoneError:
            raise
        except BaseException as error:  # the code may raise anything
            self._pipes.send(["!", *self._error(error), printed.getvalue()])

    def _done(self, what: str, *parts: Any) -> list[Any]:
        """The result, and the new values of the arguments that were changed in place."""
        if what == "run":  # the completion, or a class of the tests
            exec(compile(parts[0], COMPLETION, "exec"), self._names)
            return [None, []]
        if what == "name":
            return [self._pack(self._names[parts[0]]), []]
        if what == "get":
            return [self._pack(getattr(self._objects[parts[0]], parts[1])), []]
        if what == "next":
            return [self._pack(next(self._objects[parts[0]])), []]
        if what == "exit":
            error = self._unpack(parts[1])(*parts[2])
            return [bool(self._objects[parts[0]].__exit__(type(error), error, None)), []]
        if what == "base":
            return [self._pack(base_of(self._objects[parts[0]])), []]
        args, named = self._unpack(parts[1]), self._unpack(parts[2])
        given = [*args, *named.values()]
        before = [self._changing(argument) for argument in given]
        function = self._objects[parts[0]] if what == "call" else getattr(operator, parts[0], None)
        result = (function or getattr(builtins, parts[0]))(*args, **named)
        after = [self._changing(argument) for argument in given]
        changed = [[at, now] for at, (was, now) in enumerate(zip(before, after, strict=True)) if was != now]
        same = next((at for at, argument in enumerate(given) if argument is result and after[at] is not None), None)
        return [self._pack(result) if same is None else ["argument", same], changed]

    def _changing(self, value: Any) -> Any:
        return self._pack(value) if changing(value) else None

    def _pack(self, value: Any) -> Any:
        return packed(value, self._kept)

    def _kept(self, value: Any) -> list[Any]:
        """An object that stays here: its number, the name of its class, and its value if it inherits from a plain type."""
        if isinstance(value, type) and issubclass(value, BaseException):
            return ["error", self._lineage(value), self._number(value)]
        base = base_of(value)
        return ["object", self._number(value), type(value).__name__, base is not None, self._pack(base)]

    def _number(self, value: Any) -> int:
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return self._numbers[id(value)]

    def _error(self, error: BaseException) -> list[Any]:
        try:
            contents = self._pack([list(error.args), vars(error)])
        except BaseException:  # its contents cannot be packed
            contents = self._pack([[], {}])
        return [self._lineage(type(error)), contents]

    def _lineage(self, kind: type[BaseException]) -> list[Any]:
        """An exception class and its base classes: those of the standard library by module and name, the code's by number."""
        known = [one.__module__ in sys.stdlib_module_names for one in kind.__mro__]
        return [
            [one.__module__ if is_known else self._number(one), one.__name__]
            for one, is_known in zip(kind.__mro__, known, strict=True)
            if issubclass(one, BaseException)
        ]

    def _unpack(self, data: Any) -> Any:
        return unpacked(data, self._other)

    def _other(self, data: list[Any]) -> Any:
        kind, number = data
        if kind == "object":
            return self._objects[number]
        if kind == "error":
            return getattr(builtins, number)

        def function(*args: Any, **named: Any) -> Any:  # one of the tests
            self._pipes.send(["function", number, self._pack(args), self._pack(named)])
            while (answer := self._pipes.receive())[0] not in ("=", "!"):
                self._answer(answer)
            if answer[0] == "!":
                raise self._unpack(answer[1])(*answer[2])
            return self._unpack(answer[1])

        return function if kind == "function" else _items(function)


def _items(more: Callable[[], list[Any]]) -> Iterator[Any]:
    """The items of an iterator of the tests, which `more` requests one by one."""
    while item := more():
        yield item[0]
