"""The tests' side: the tests of a completion run here, where nothing that the code defines runs, and get plain data from it.

Any other object stays with the code (`sandbox_code`), and the tests hold a `Remote` of it. The code answers for a Remote, but
gives no verdict against plain data: a Remote does not equal plain data and cannot be ordered against it. If its class inherits
from a plain type, the value of that type is compared here instead.
"""

from __future__ import annotations

import ast
import builtins
import operator
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from rsf_core.scorers.sandbox_values import GoneError, Pipes, base_of, packed, unpacked

_TYPES = (str, bytes, list, tuple, dict, set, frozenset, int, float, complex)
_VERDICTS = {name for kind in _TYPES for name in dir(kind) if name.startswith(("is", "startswith", "endswith"))}
_ARITHMETIC = (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
    "matmul",
)


class Tests(dict[str, Any]):
    """The namespace of the tests: their own names, and the names of the code that they use."""

    def __init__(self, pipes: Pipes, statements: Sequence[ast.AST]) -> None:
        super().__init__(__name__="tests", __builtins__=builtins)
        self._pipes = pipes
        self._functions: list[Callable[..., Any]] = []
        self._remotes: dict[int, Remote] = {}
        self._errors: dict[int, type[BaseException]] = {}
        nodes = [node for statement in statements for node in ast.walk(statement)]
        self.named = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        of_modules = [node.value for node in nodes if isinstance(node, ast.Attribute)]
        bare = {node.id for node in nodes if isinstance(node, ast.Name) and node not in of_modules}
        self._modules = {name for name in self.named - bare if name in sys.stdlib_module_names}
        own = self.named - self._modules - set(dir(builtins))
        # a builtin's name is taken from the code only if the tests use no other name that the code could define
        self._bound = _bound(nodes)
        self._tests_builtins = not own - self._bound
        self._of_code = self.named - self._modules if self._tests_builtins else own

    def __missing__(self, name: str) -> Any:
        if name in self._modules:
            return __import__(name)
        if name not in self._of_code:
            raise KeyError(name)
        try:
            return self.ask("name", name)
        except KeyError:
            if self._tests_builtins and not any(self._is_of_the_code(other) for other in self._of_code):
                raise NameError(f"the code has none of {', '.join(sorted(self._of_code))}") from None
            raise KeyError(name) from None

    def _is_of_the_code(self, name: str) -> bool:
        try:
            self.ask("name", name)
        except KeyError:
            return False
        return True

    def run(self, source: str) -> None:
        """Run a statement. Raises whatever it raises."""
        (statement,) = ast.parse(source).body
        is_for_the_code = isinstance(statement, ast.ClassDef) and self._is_for_the_code(statement)
        if is_for_the_code or isinstance(statement, ast.Import | ast.ImportFrom):
            self.ask("run", source)
        if not is_for_the_code:
            exec(compile(source, "test", "exec"), self)

    def _is_for_the_code(self, made: ast.ClassDef) -> bool:
        """Whether the tests make objects of this class to pass to the code. A class that asserts, or that calls the code
        without inheriting from it, tests the code and stays here."""
        nodes = list(ast.walk(made))
        if any(
            isinstance(node, ast.Assert) or (isinstance(node, ast.Attribute) and node.attr.startswith("assert"))
            for node in nodes
        ):
            return False
        bases = {base.id for base in made.bases if isinstance(base, ast.Name)}
        calls = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        return bool((bases & self._of_code) - set(self)) or not calls & (self._of_code - self._bound)

    def ask(self, what: str, *parts: Any) -> Any:
        """The code's answer to a request. Raises whatever the code raises, and GoneError."""
        return self._unpack(self._exchange([what, *parts])[0])

    def call(self, what: str, of: Any, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """The result of a function of the code ("call", by its number) or of an operator ("op", by name); arguments that it
        changes in place are changed here too. Raises as `ask`."""
        try:
            result, changed = self._exchange([what, of, self._pack(list(args)), self._pack(dict(named))])
        except StopIteration as error:  # it would silently end a loop of the tests
            raise RuntimeError("the code raised StopIteration") from error
        given = [*args, *named.values()]
        for place, now in changed:
            _become(given[place], self._unpack(now))
        if isinstance(result, list) and result[0] == "argument":
            return given[result[1]]
        return self._unpack(result)

    def _exchange(self, message: list[Any]) -> tuple[Any, list[Any]]:
        self._pipes.send(message)
        while (answer := self._pipes.receive())[0] == "function":
            self._pipes.send(self._called(*answer[1:]))
        sys.stdout.write(str(answer[-1]))  # the code's output, where the tests capture it
        if answer[0] == "!":
            raise self._raised(answer[1], answer[2])
        return answer[1], answer[2]

    def _called(self, number: int, args: Any, named: Any) -> list[Any]:
        try:
            return ["=", self._pack(self._functions[number](*self._unpack(args), **self._unpack(named)))]
        except GoneError:
            raise
        except BaseException as error:
            return ["!", *self._error(error)]

    def leave(self, number: int, error: BaseException) -> bool:
        """Whether a context manager of the code suppresses an error raised inside it."""
        return _verdict(self.ask("exit", number, *self._error(error)))

    def _error(self, error: BaseException) -> list[Any]:
        """An error for the code: the first of its classes that the code has, and its arguments as texts."""
        kinds = type(error).__mro__
        kind = next(one for one in kinds if "_rsf_number" in vars(one) or one.__module__ == "builtins")
        is_of_the_code = "_rsf_number" in vars(kind)
        return [
            self._lent(kind) if is_of_the_code else ["error", kind.__name__],
            [str(arg)[:1000] for arg in error.args],
        ]

    def _pack(self, value: Any) -> Any:
        return packed(value, self._lent)

    def _lent(self, value: Any) -> Any:
        """A value that is not plain: an object of the code goes by its number; a function or an iterator of the tests stays
        here."""
        number = getattr(value, "_rsf_number", None)
        if number is not None:
            return ["object", number]
        if callable(value):
            return ["function", self._function(value)]
        if isinstance(value, Iterator):
            return ["iterator", self._function(lambda: list(islice(value, 1)))]
        base = base_of(value)
        if base is None:
            raise TypeError(f"the code cannot be given a {type(value).__name__}")
        return packed(base, self._lent)

    def _function(self, function: Callable[..., Any]) -> int:
        self._functions.append(function)
        return len(self._functions) - 1

    def _unpack(self, data: Any) -> Any:
        return unpacked(data, self._of_the_code)

    def _of_the_code(self, data: list[Any]) -> Any:
        if data[0] == "error":
            return self._error_class(data[1])
        number, name, base = int(data[1]), str(data[2]), self._unpack(data[4]) if data[3] else None
        if data[3] and not (name in self.named and isinstance(base, list | dict | set | bytearray)):
            return _with_object(self, base, number)
        if number not in self._remotes:
            self._remotes[number] = Remote(self, number, name in self.named, bool(data[3]))
        return self._remotes[number]

    def _error_class(self, lineage: Sequence[Any]) -> type[BaseException]:
        (place, name), above = lineage[0], lineage[1:]
        if isinstance(place, str):
            kind = getattr(sys.modules.get(place), str(name), None)
            if isinstance(kind, type) and issubclass(kind, BaseException):
                return kind
            return self._error_class(above)
        if place not in self._errors:
            self._errors[place] = type(str(name), (self._error_class(above),), {"_rsf_number": place})
        return self._errors[place]

    def _raised(self, lineage: Sequence[Any], contents: Any) -> BaseException:
        kind = self._error_class(lineage)
        args, attributes = self._unpack(contents)
        error = kind.__new__(kind, *args)
        error.args = tuple(args)
        error.__dict__.update(attributes)
        return error


def _bound(nodes: Sequence[ast.AST]) -> set[str]:
    """The names that statements assign, define or import."""
    names = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    names |= {
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler) and node.name
    }
    names |= {(node.asname or node.name).partition(".")[0] for node in nodes if isinstance(node, ast.alias)}
    return names | {node.arg for node in nodes if isinstance(node, ast.arg)}


def _become(value: Any, now: Any) -> None:
    if type(value) is not type(now):
        return
    if isinstance(value, list | bytearray):
        value[:] = now
    elif isinstance(value, dict | set):
        value.clear()
        value.update(now)
    elif isinstance(value, deque):
        value.clear()
        value.extend(now)


def _with_object(tests: Tests, base: Any, number: int) -> Any:
    """A plain value that also has the attributes of an object of the code."""
    kind = type(base)
    if kind in (type(None), bool):
        return base

    def attribute(self: Any, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return tests.ask("get", number, name)

    return type(kind.__name__, (kind,), {"__getattr__": attribute, "_rsf_number": number})(base)


class Remote:
    """An object that stays with the code; `_named`: the tests mention its class, `_plain`: it inherits from a plain type."""

    def __init__(self, tests: Tests, number: int, named: bool, plain: bool) -> None:
        self.__dict__.update(_rsf_tests=tests, _rsf_number=number, _named=named, _plain=plain)

    def __getattr__(self, name: str) -> Any:
        if not self._named and name in _VERDICTS:
            raise AttributeError(f"{name!r} is asked of plain data, and this is an object of the code")
        return self._rsf_tests.ask("get", self._rsf_number, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("setattr", self, name, value)

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._rsf_tests.call("call", self._rsf_number, args, named)

    def _ask(self, operation: str, *args: Any) -> Any:
        return self._rsf_tests.call("op", operation, args, {})

    def _base(self) -> Any:
        return self._rsf_tests.ask("base", self._rsf_number)

    def __iter__(self) -> Any:
        return self._ask("iter", self)

    def __next__(self) -> Any:
        return self._rsf_tests.ask("next", self._rsf_number)

    def __contains__(self, item: Any) -> bool:
        if self._named:
            return _verdict(self._ask("contains", self, item))
        return any(one is item or one == item for one in iter(self))

    def __bool__(self) -> bool:
        return _verdict(self._ask("truth", self))

    def __instancecheck__(self, one: Any) -> bool:
        return getattr(one, "_rsf_number", None) is not None and _verdict(self._ask("isinstance", one, self))

    def __enter__(self) -> Any:
        return self.__getattr__("__enter__")()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is not None and not isinstance(error, AssertionError | GoneError):
            return bool(self._rsf_tests.leave(self._rsf_number, error))
        self.__getattr__("__exit__")(None, None, None)
        return False  # the code must not suppress assertions of the tests


def _verdict(answer: Any) -> bool:
    if type(answer) is not bool:
        raise TypeError("a yes or a no is True or False")
    return answer


def _forwarded(operation: str) -> Callable[..., Any]:
    return lambda self, *args: self._ask(operation, self, *args)


def _compared(operation: str) -> Callable[[Any, Any], Any]:
    """Two objects of the code are compared there; an object and plain data are compared here, by its plain value if any."""

    def compare(self: Any, other: Any) -> Any:
        if isinstance(other, Remote):
            return _verdict(self._ask(operation, self, other))
        return getattr(operator, operation)(self._base(), other) if self._plain else NotImplemented

    return compare


def _computed(operation: str, turned: bool) -> Callable[[Any, Any], Any]:
    """As `_compared`, but an object whose class the tests mention may combine with plain data into another object."""

    def compute(self: Any, other: Any) -> Any:
        if self._plain and not isinstance(other, Remote):
            sides = (other, self._base()) if turned else (self._base(), other)
            return getattr(operator, operation)(*sides)
        if not (self._named or isinstance(other, Remote)):
            return NotImplemented
        result = self._ask(operation, *((other, self) if turned else (self, other)))
        if not (isinstance(other, Remote) or isinstance(result, Remote)):
            raise TypeError("an object of the code and plain data make an object, or nothing")
        return result

    return compute


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Remote, f"__{_name}__", _compared(_name))
for _name in _ARITHMETIC:
    _written = f"{_name}_" if _name in ("and", "or") else _name
    setattr(Remote, f"__{_name}__", _computed(_written, False))
    setattr(Remote, f"__r{_name}__", _computed(_written, True))
for _name in (
    "len",
    "hash",
    "str",
    "repr",
    "format",
    "int",
    "float",
    "complex",
    "index",
    "abs",
    "round",
    "reversed",
    "delattr",
):
    setattr(Remote, f"__{_name}__", _forwarded(_name))
for _name in ("neg", "pos", "invert", "getitem", "setitem", "delitem"):
    setattr(Remote, f"__{_name}__", _forwarded(_name))
