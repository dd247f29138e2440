"""Whether a completion states the right number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from rsf_core.domain import Prompt
from rsf_core.scorers.base import Scored, instead, unreadable

# a sign counts only where no digit or letter stands before it, so that "20-3" ends in 3, not in −3
# a comma belongs to the number only where the last three digits follow it: "1,234" and "1,00,000", not "4,5"
_DIGITS = r"(?:\d{1,3}(?:,\d{2,3})*,\d{3}(?!\d)|\d+)(?:\.\d+)?"
_NUMBER = re.compile(rf"(?<![\w.])[-−+]?(?:{_DIGITS}|\.\d+)|{_DIGITS}")
_BOXED = re.compile(r"\\boxed\{([^{}]*)\}")


def stated_number(text: str) -> Decimal | None:
    r"""The number a text gives as its answer: inside the last \boxed{…} where there is one, else the last number of the
    text. Thousands separators are understood; None where there is no number."""
    boxed = _BOXED.findall(text)
    found = _NUMBER.findall(boxed[-1] if boxed else text)
    return _decimal(found[-1]) if found else None


def _decimal(text: str) -> Decimal | None:
    if "," in text and not _NUMBER.fullmatch(text.strip()):
        return None  # "4,5" may be a decimal or a list; it is not 45
    try:
        return Decimal(text.replace(",", "").replace("−", "-").strip())
    except InvalidOperation:
        return None


class NumericMatch:
    name = "numeric_match"
    description = "1 where the number the completion gives as its answer equals the prompt's reference, else 0"
    bounds = (0.0, 1.0)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(stated_number(scored.completion) == _reference(scored.prompt)) for scored in batch]

    def reference_problem(self, reference: str | None) -> str | None:
        if reference_number(reference) is not None:
            return None
        return f"needs a number as the reference, {instead(reference)}"


def reference_number(reference: str | None) -> Decimal | None:
    """The number a reference is: all of it, or what stands behind the #### that ends a worked solution (GSM8K)."""
    text = (reference or "").rpartition("####")[2]
    number = _decimal(text)
    return number if number is not None and number.is_finite() else None


def _reference(prompt: Prompt) -> Decimal:
    number = reference_number(prompt.reference)
    if number is None:
        raise unreadable(NumericMatch.name, prompt, f"needs a number as the reference, {instead(prompt.reference)}")
    return number
