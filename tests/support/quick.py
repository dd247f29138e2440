"""The tests that `make check` leaves to `make test`: those with a browser, those with a real model, and those in slow.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

LIST = Path(__file__).with_name("slow.txt")
MARKS = ("browser", "real_model")


def slow() -> list[str]:
    """`FILE::FUNCTION` of each test in the list."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Remove these tests from `items`."""
    listed = set(slow())
    left = [item for item in items if _name(item) in listed or any(map(item.get_closest_marker, MARKS))]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


def _name(item: pytest.Item) -> str:
    file, function, *_ = item.nodeid.split("[")[0].split("::")
    return f"{file}::{function}"
