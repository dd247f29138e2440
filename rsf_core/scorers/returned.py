"""Checks of a scorer's results: one number per candidate, finite and within the stated bounds, or no score. A scorer is
foreign code; its results and bounds are checked here before anything is computed from them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set, Sized
from itertools import islice

from rsf_core.domain.errors import ScorerError
from rsf_core.scorers.base import NoScore


class NoListError(ScorerError):
    """The result is not a list with one entry per candidate, so scores cannot be assigned to candidates."""


UNORDERED = (Mapping, Set, str, bytes)  # iterable, but their items cannot be assigned to candidates


def listed(name: str, returned: object, length: int) -> list[object]:
    """The result as a list of `length` entries; it may be an array or a generator, even an endless one. Raises NoListError,
    and whatever a generator raises."""
    if isinstance(returned, UNORDERED) or not isinstance(returned, Iterable):
        raise NoListError(
            f"the scorer {name!r} returned {_shown(returned)}: it must be a list of numbers, one a completion"
        )
    values = list(islice(returned, length + 1))
    if len(values) != length:
        more = f"more than {length}" if len(values) > length else len(values)
        count = len(returned) if isinstance(returned, Sized) else more
        raise NoListError(f"the scorer {name!r} returned {count} scores for {length} completions")
    return values


def checked(bounds: tuple[float, float], values: Sequence[object]) -> list[float | NoScore]:
    """The scores as floats, or NoScore with the reason for a value that is missing or not valid."""
    return [_score(value, *bounds) for value in values]


def _score(value: object, low: float, high: float) -> float | NoScore:
    if isinstance(value, NoScore):
        return value
    if value is None:
        return NoScore("it gave none")
    score = number(value)
    if score is None or not math.isfinite(score):
        return NoScore(f"it returned {_shown(value)}: a score must be a finite number")
    if not low <= score <= high:
        return NoScore(f"it returned {score!r}, outside its bounds [{low:g}, {high:g}]")
    return score


def bounds_problem(bounds: object) -> str | None:
    """The problem with a scorer's `bounds`, as the rest of a sentence; None if they are a closed range, in which an unknown
    end is ±inf."""
    if isinstance(bounds, UNORDERED) or not isinstance(bounds, Iterable):
        return f"bounds must be a pair (low, high) of numbers, not {_shown(bounds)}"
    ends = [number(end) for end in islice(bounds, 3)]
    if len(ends) != 2 or any(end is None or math.isnan(end) for end in ends):
        return f"bounds must be a pair (low, high) of numbers, not {_shown(bounds)}"
    low, high = ends
    assert low is not None and high is not None
    if low > high or low == math.inf or high == -math.inf:
        return f"bounds are from low to high, and no score lies in {_shown(bounds)}"
    return None


def number(value: object) -> float | None:
    """`value` as a float; None if it is not a number, or too large for a float. True and False are 1 and 0. A text that looks
    like a number does not count as one, nor does an array, even with one entry."""
    if isinstance(value, str | bytes | bytearray) or getattr(value, "ndim", False):
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except Exception:  # foreign code may raise anything; the value is then not a number
        return None


def _shown(value: object) -> str:
    """A short text for any value."""
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 80 else text[:79] + "…"
