"""What a scorer may return: one number a candidate, finite and within its stated bounds, or that it has none. A scorer is
foreign code; what it says of itself is checked here, before anything is computed from it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set, Sized
from itertools import islice

from rsf_core.domain.errors import ScorerError
from rsf_core.scorers.base import NoScore


class NoListError(ScorerError):
    """What was returned is not a list with one entry for each candidate: which score is whose cannot be said."""


UNORDERED = (Mapping, Set, str, bytes)  # they can be gone through, but what belongs to which candidate is not said


def listed(name: str, returned: object, length: int) -> list[object]:
    """What was returned, as a list of `wanted` entries; also of an array or a generator, which may have no end. Raises
    NoListError, and whatever a generator raises."""
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
    """The scores as floats; why there is none where it gave none, or what none can be."""
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
    """What is wrong with a scorer's `bounds`, as the rest of a sentence; None where they are a closed range, in which an end
    that is not known is ±inf."""
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
    """`value` as a float; None where it is not a number, or beyond every float. True and False are 1 and 0; a text that looks
    like a number is none, nor is an array, even of one entry."""
    if isinstance(value, str | bytes | bytearray) or getattr(value, "ndim", False):
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except Exception:  # of foreign code: whatever it raises, it is no number
        return None


def _shown(value: object) -> str:
    """In a few words, whatever it is."""
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 80 else text[:79] + "…"
