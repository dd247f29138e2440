"""Delegation: a class offers methods of its parts, one a line, with the part's own signature and docstring."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def of_part(part: str, method: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """A method of the whole that calls `method` of its attribute `part`; a subclass's own version is called if it has one."""
    name = method.__name__

    @wraps(method)
    def call(whole: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        answer: R = getattr(getattr(whole, part), name)(*args, **kwargs)
        return answer

    return call
