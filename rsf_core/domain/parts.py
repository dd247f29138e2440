"""A class that offers what its parts do: one method a line, with the part's own signature and description."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def of_part(part: str, method: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """A method of the whole that calls the `method` of its attribute `part`, as that part has it."""
    name = method.__name__

    @wraps(method)
    def call(whole: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        answer: R = getattr(getattr(whole, part), name)(*args, **kwargs)
        return answer

    return call
