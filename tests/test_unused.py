"""No function, method, class or constant of the product is there for tests alone."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Those that nothing in rsf_core or pages names, each with who calls it.
CALLED_FROM_OUTSIDE = {
    "InlineExecutor": "jobs as threads, for tests (docs/ARCHITECTURE.md)",
    "add_scorer": "Python code, as the README shows",
    "get_timestamp": "itsdangerous",
    "handle_data": "html.parser",
    "handle_endtag": "html.parser",
    "handle_exit": "uvicorn",
    "handle_starttag": "html.parser",
}
# Decorators that hand a function to somebody who calls it: commands of the owner and of rsf, and pydantic's.
REGISTERS = {"command", "callback", "field_validator", "model_validator", "model_serializer", "field_serializer"}


def trees() -> Iterator[ast.Module]:
    for path in (*(ROOT / "rsf_core").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"):
        yield ast.parse(path.read_text(encoding="utf-8"))


def is_registered(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    decorators = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
    return any(ast.unparse(decorator).split(".")[-1] in REGISTERS for decorator in decorators)


def defined() -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = [node for tree in trees() for node in ast.walk(tree) if isinstance(node, kinds)]
    names = {node.name for node in nodes if not is_registered(node)} | set(constants())
    return {name for name in names if not name.startswith("__")}


def constants() -> Iterator[str]:
    for tree in trees():
        for node in tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def used() -> Counter[str]:
    """How often each name is read in the product, or named by an entry point."""
    names = Counter(re.findall(r"\w+", (ROOT / "pyproject.toml").read_text(encoding="utf-8")))
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                names[node.id] += 1
            elif isinstance(node, ast.Attribute):
                names[node.attr] += 1
    return names


def test_nothing_is_there_for_tests_alone() -> None:
    reads, names = used(), defined()
    unused = {name for name in names if not reads[name]} - {"run"}  # `run` of each job is called by its kind
    assert len(names) > 1000 and unused == CALLED_FROM_OUTSIDE.keys(), (
        "delete these, or move what only tests need into tests/support: "
        f"{sorted(unused - CALLED_FROM_OUTSIDE.keys())}; used again: {sorted(CALLED_FROM_OUTSIDE.keys() - unused)}"
    )
