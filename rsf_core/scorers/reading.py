"""Cards from source code, which is read and never run: the plain values of a class's attributes and the parameters of its
`__init__` are data.

    class Politeness:
        name = "politeness"
        description = "Share of polite words, 0 to 1"
        bounds = (0.0, 1.0)

If a class computes any of these, or inherits them from another module, its card cannot be read and it must be loaded.
"""

from __future__ import annotations

import ast
import importlib.util
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rsf_core.scorers.card import REQUIRED, Option, ScorerCard
from rsf_core.scorers.returned import bounds_problem

LARGEST_BYTES = 1 << 20  # of a source file
# modules with the checks from which scorers inherit
LIGHT = ("rsf_core.scorers.checks", "rsf_core.scorers.judge_check", "rsf_core.scorers.model_checks")
_ENDS = {"math.inf": math.inf, "inf": math.inf, "np.inf": math.inf}


class Unreadable(Exception):
    """The source does not state it in plain values, or is not valid Python."""


def card_of(name: str, module: str, attribute: str) -> ScorerCard | None:
    """The card of the class `attribute` of `module` under the scorer's `name`; None if the class must be loaded for it.
    Imports the packages that contain the module, but not the module itself."""
    try:
        tree = _tree(module)
        return None if tree is None else _read(name, tree, attribute)
    except Unreadable:
        return None


def _tree(module: str) -> ast.Module | None:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    path = Path(spec.origin)
    try:
        return parsed(path.read_bytes()) if path.stat().st_size <= LARGEST_BYTES else None
    except (OSError, Unreadable):
        return None


def parsed(source: bytes | str) -> ast.Module:
    """The syntax tree of a source. Raises Unreadable if it is not Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, UnicodeDecodeError) as error:
        if isinstance(error, SyntaxError) and error.lineno is not None:
            raise Unreadable(f"line {error.lineno}: {error.msg}") from error
        raise Unreadable(str(error)) from error


def _read(name: str, tree: ast.Module, attribute: str) -> ScorerCard | None:
    assigned: dict[str, ast.expr] = {}
    parameters: ast.arguments | None = None
    reads_reference = False
    for body in _bodies(tree, attribute):
        assigned = {name: value for line in body for name, value in _assigned(line)} | assigned
        for line in body:
            if isinstance(line, ast.FunctionDef):
                reads_reference |= line.name == "reference_problem"
                if line.name == "__init__" and parameters is None:
                    parameters = line.args
    if not {"description", "bounds"} <= assigned.keys():
        return None
    bounds = literal(assigned["bounds"])
    if bounds_problem(bounds) is not None:
        return None  # loading it reports the problem
    extra, check = text(assigned.get("extra")), text(assigned.get("check"))
    return ScorerCard(
        name=name,
        description=text(assigned["description"]),
        bounds=(float(bounds[0]), float(bounds[1])),
        options=() if parameters is None else tuple(_options(parameters)),
        needs=tuple(literal(assigned["needs"])) if "needs" in assigned else (),
        extra=extra,
        version=str(literal(assigned["version"])) if "version" in assigned else "1",
        reference=reads_reference or bool(literal(assigned["reference"]) if "reference" in assigned else False),
        check=check,
        takes_any=parameters is not None and parameters.kwarg is not None,
        opinion=bool(literal(assigned["opinion"]) if "opinion" in assigned else False),
        sends=bool(literal(assigned["sends"]) if "sends" in assigned else False),
        of_draw=bool(literal(assigned["of_draw"])) if "of_draw" in assigned else False,
        siblings=bool(literal(assigned["siblings"]) if "siblings" in assigned else False),
        partial=bool(literal(assigned["partial"]) if "partial" in assigned else False),
    )


def _bodies(tree: ast.Module, attribute: str) -> Iterator[list[ast.stmt]]:
    """The body of a class, then those of its base classes in the module, then those of its check. Raises Unreadable if there
    is no such class, or it is decorated or inherits from elsewhere."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    if attribute not in classes:
        raise Unreadable(attribute)
    left, seen = [attribute], set()
    checks: list[tuple[str, str]] = []
    while left:
        node = classes[left.pop(0)]
        if node.name in seen:
            raise Unreadable(node.name)
        seen.add(node.name)
        if node.decorator_list or node.keywords:
            raise Unreadable(node.name)
        yield node.body
        for base in node.bases:
            if not isinstance(base, ast.Name):
                raise Unreadable(ast.dump(base))
            if base.id in classes:
                left.append(base.id)
            else:
                checks.append(_light(tree, base.id))
    for module, check in checks:
        light = _tree(module)
        if light is None:
            raise Unreadable(module)
        yield from _bodies(light, check)


def _light(tree: ast.Module, name: str) -> tuple[str, str]:
    """The module of checks that a base class comes from, and its name there. Raises Unreadable if it comes from elsewhere."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module in LIGHT:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return node.module, alias.name
    raise Unreadable(name)


def _assigned(line: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(line, ast.Assign) and len(line.targets) == 1 and isinstance(line.targets[0], ast.Name):
        yield line.targets[0].id, line.value
    elif isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value is not None:
        yield line.target.id, line.value


def _options(parameters: ast.arguments) -> Iterator[Option]:
    if parameters.vararg is not None:
        raise Unreadable("*args")
    positional = [*parameters.posonlyargs, *parameters.args]
    defaults = [REQUIRED] * (len(positional) - len(parameters.defaults)) + [literal(d) for d in parameters.defaults]
    for parameter, default in [*zip(positional, defaults, strict=True)][1:]:  # self
        yield Option(parameter.arg, default)
    for parameter, value in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
        yield Option(parameter.arg, REQUIRED if value is None else literal(value))


def text(node: ast.expr | None) -> str:
    """The value of a string literal, "" for None. Raises Unreadable for anything else."""
    value = "" if node is None else literal(node)
    if not isinstance(value, str):
        raise Unreadable(repr(value))
    return value


def literal(node: ast.expr) -> Any:
    """The plain value of an expression, including inf and −inf in Python's notations, for bounds. Raises Unreadable for
    anything else."""
    if isinstance(node, ast.Tuple | ast.List):
        items = [literal(item) for item in node.elts]
        return tuple(items) if isinstance(node, ast.Tuple) else items
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = literal(node.operand)
        if isinstance(value, int | float):
            return -value
        raise Unreadable(ast.dump(node))
    if isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node) in _ENDS:
        return _ENDS[ast.unparse(node)]
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "float"
        and len(node.args) == 1
        and isinstance(node.args[0], ast.Constant)
        and str(node.args[0].value).strip().lower().lstrip("+-") in ("inf", "infinity")
    ):
        return float(str(node.args[0].value))
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise Unreadable(str(error)) from error
