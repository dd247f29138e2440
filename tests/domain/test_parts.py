"""A class offers the methods of its parts, with their signatures and docstrings."""

from __future__ import annotations

import inspect

import pytest

from rsf_core.domain.parts import of_part


class Part:
    def times(self, number: int, *, factor: int = 2) -> int:
        """`number` times `factor`."""
        return number * factor


class Whole:
    def __init__(self) -> None:
        self.part = Part()

    times = of_part("part", Part.times)


def test_it_is_the_parts_answer_under_the_parts_description() -> None:
    assert Whole().times(3) == 6 and Whole().times(3, factor=5) == 15
    assert inspect.signature(Whole.times) == inspect.signature(Part.times)
    assert Whole.times.__doc__ == Part.times.__doc__
    assert inspect.isfunction(inspect.getattr_static(Whole, "times"))  # a plain function, so calls are guarded


def test_what_replaces_the_part_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Whole()
    monkeypatch.setattr(whole.part, "times", lambda number: -number)
    assert whole.times(3) == -3
