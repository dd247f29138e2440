"""`make check` leaves out the listed tests and nothing else; the list of slow tests names only tests that exist."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.support import quick

ROOT = Path(__file__).parents[1]


def names(path: Path) -> set[str]:
    """The names that a test file defines at the top level."""
    targets = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            targets.add(node.name)
        elif isinstance(node, ast.Assign):  # the TestCase of a state machine
            targets |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return targets


def test_every_slow_test_is_there_and_named_once() -> None:
    listed = quick.slow()
    assert listed == sorted(set(listed))
    for file in {line.split("::")[0] for line in listed}:
        assert (ROOT / file).is_file(), f"{file} is gone: take it out of {quick.LIST.name}"
        missing = {line.split("::")[1] for line in listed if line.startswith(f"{file}::")} - names(ROOT / file)
        assert not missing, f"{file} has them no more, take them out of {quick.LIST.name}: {missing}"


class Item:
    """The part of a pytest item that `leave_out` reads."""

    def __init__(self, nodeid: str, mark: str = "") -> None:
        self.nodeid, self.mark = nodeid, mark

    def get_closest_marker(self, name: str) -> bool:
        return self.mark == name


def test_the_slow_and_the_real_are_left_out_and_nothing_else() -> None:
    listed, *_ = quick.slow()
    slow, fast = Item(f"{listed}[1-a::b]"), Item(f"{listed}_of_another_name")
    browser, real, other = Item("tests/a.py::b", "browser"), Item("tests/a.py::c", "real_model"), Item("tests/a.py::d")
    items, left_out = [slow, fast, browser, real, other], []
    config = SimpleNamespace(hook=SimpleNamespace(pytest_deselected=lambda items: left_out.extend(items)))
    quick.leave_out(cast(pytest.Config, config), cast(list[pytest.Item], items))
    assert items == [fast, other] and left_out == [slow, browser, real]
