"""`@scorer`: marks a Python function as a scorer of the project. See Project.add_scorer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])


@overload
def scorer(function: F) -> F: ...
@overload
def scorer(*, bounds: tuple[float, float] = ..., description: str = ...) -> Callable[[F], F]: ...
def scorer(function: Any = None, *, bounds: Any = None, description: str = "") -> Any:
    """Mark `function(completion, prompt, reference)` as the scorer of its file. `bounds` is the closed range of its results,
    which gives the analytic bound on M; `description` is what it measures, by default its docstring. Both are read from the
    source and must be plain values. The function is returned unchanged."""
    return function if function is not None else lambda decorated: decorated
