"""Whether a completion states the right number."""

from __future__ import annotations

from collections.abc import Sequence

from rsf_core.domain import Prompt
from rsf_core.scorers.answers import stated_number
from rsf_core.scorers.base import Scored, instead, unreadable
from rsf_core.scorers.checks import NumberCheck, read_number
from rsf_core.scorers.number import Number


class NumericMatch(NumberCheck):
    """Equality is exact: 1/3 is not 0.333, but 0.50 is 1/2. Units, currencies and percent signs are ignored: 50% is 50 and not
    0.5, 12 cm^2 is 12. Words for zeros count: 2.5 million is 2,500,000. Number words ("eighteen"), NaN and infinity are not
    numbers."""

    name = "numeric_match"
    description = "1 where the number the completion gives as its answer equals the prompt's reference, else 0"
    bounds = (0.0, 1.0)
    version = "2"
    check = "rsf_core.scorers.checks:NumberCheck"
    reference = True

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(stated_number(scored.completion) == _reference(scored.prompt)) for scored in batch]


def _reference(prompt: Prompt) -> Number:
    number = read_number(prompt.reference)
    if number is None:
        raise unreadable(NumericMatch.name, prompt, f"needs a number as the reference, {instead(prompt.reference)}")
    return number
