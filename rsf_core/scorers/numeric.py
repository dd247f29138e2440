"""Whether a completion states the right number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rsf_core.domain import Prompt
from rsf_core.scorers.answers import reference_number, stated_number
from rsf_core.scorers.base import Scored, instead, unreadable
from rsf_core.scorers.number import Number


class NumericMatch:
    """Equal is exactly equal: 1/3 is not 0.333, 0.50 is 1/2. A unit, a currency and a percent sign are left aside: 50% is 50
    and not 0.5, 12 cm^2 is 12. Words ("eighteen"), NaN and infinity are no numbers."""

    name = "numeric_match"
    description = "1 where the number the completion gives as its answer equals the prompt's reference, else 0"
    bounds = (0.0, 1.0)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(stated_number(scored.completion) == _reference(scored.prompt)) for scored in batch]

    def reference_problem(self, reference: str | None) -> str | None:
        if _read(reference) is not None:
            return None
        return f"needs a number as the reference, {instead(reference)}"


def _reference(prompt: Prompt) -> Number:
    number = _read(prompt.reference)
    if number is None:
        raise unreadable(NumericMatch.name, prompt, f"needs a number as the reference, {instead(prompt.reference)}")
    return number


@lru_cache(maxsize=4096)
def _read(reference: str | None) -> Number | None:
    """Cached: a prompt's candidates share it."""
    return reference_number(reference)
