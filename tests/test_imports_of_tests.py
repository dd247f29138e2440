"""Helpers are in tests/support: no test imports another test or a conftest, whose fixtures pytest provides by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PROGRAMS = ("benchmarks", "measurements", "measurements_learned", "simulations")  # run by `make`; tests use their parts


def imported(text: str) -> Iterator[str]:
    """The modules of tests/ that a module imports, anywhere in it; in `from package import name` both may be modules."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "tests")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports of tests are absolute"
            if node.module and node.module.split(".")[0] == "tests":
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_module(name: str) -> bool:
    path = TESTS.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def outside(text: str, own: str) -> list[str]:
    """The modules that a module of the folder `own` in tests/ (or the file there) imports and should not."""
    allowed = ("support", own) if own in PROGRAMS else ("support", *PROGRAMS)
    wrong = []
    for name in imported(text):
        parts = (name if is_module(name) else name.rpartition(".")[0]).split(".")
        helper = len(parts) == 1 or parts[1] in allowed
        if not helper or parts[-1] == "conftest" or parts[-1].startswith("test_"):
            wrong.append(".".join(parts))
    return wrong


def test_what_tests_share_lies_in_support() -> None:
    wrong = {}
    for path in TESTS.rglob("*.py"):
        own = path.relative_to(TESTS).parts[0].removesuffix(".py")
        wrong[str(path.relative_to(TESTS))] = outside(path.read_text(encoding="utf-8"), own)
    assert len(wrong) > 100
    assert {name: modules for name, modules in wrong.items() if modules} == {}


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("from tests.support.seeding import candidates", []),
        ("from tests.support import seeding", []),
        ("from tests import measurements", []),
        ("from tests.project.test_recovery import JOB", ["tests.project.test_recovery"]),
        ("from tests.project import test_recovery", ["tests.project.test_recovery"]),
        ("import tests.project.test_recovery", ["tests.project.test_recovery"]),
        ("def late():\n    from tests.conftest import project", ["tests.conftest"]),
        ("from tests.support.test_seeding import x", ["tests.support.test_seeding"]),
        ("from tests.project.rows import ROWS", ["tests.project.rows"]),
    ],
)
def test_an_import_of_a_test_is_noticed(line: str, wrong: list[str]) -> None:
    assert outside(line, "project") == wrong
