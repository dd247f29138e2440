"""Whether a completion labels the sentiment of a sentence in the fixed format, and whether it gives the gold label.

The format is one line, "The sentence is LABEL", then a full stop, a comma or "because", and a reason:
"The sentence is negative, as cold soup disappoints."
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rsf_core.domain import Prompt
from rsf_core.domain.text import plain
from rsf_core.scorers.base import Scored, unreadable
from rsf_core.scorers.checks import LABELS, LabelCheck
from rsf_core.scorers.thoughts import answer_of

_LABEL = "|".join(LABELS)
_OPENING = rf"The sentence is ({_LABEL})\b"
# "positive, negative or neutral" is not a label: a reason must follow the comma
_ANSWER = re.compile(rf"{_OPENING}(?:[.,]| because) (?!(?:and |or |but )?(?:{_LABEL})\b)\w[^\n]*\w[.!]?")
_ONE_LABEL = re.compile(rf"{_OPENING}(?!(?:,|/| and| or| but) ?(?:and |or |but )?(?:{_LABEL})\b)")


def stated_label(text: str) -> str | None:
    """The label at the start of a completion; None if it starts otherwise, or with several labels."""
    match = _ONE_LABEL.match(plain(text).strip())
    return match[1] if match else None


class LabelFormat:
    name = "label_format"
    description = 'Format of labels: 1 where it is "The sentence is LABEL" and a reason, on one line, else 0'
    bounds = (0.0, 1.0)
    version = "2"

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(_ANSWER.fullmatch(plain(answer_of(scored.completion)).strip()) is not None) for scored in batch]


class LabelMatch(LabelCheck):
    name = "label_match"
    description = "1 where the label the completion opens with is the prompt's reference, else 0"
    bounds = (0.0, 1.0)
    version = "2"
    check = "rsf_core.scorers.checks:LabelCheck"
    reference = True

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(stated_label(answer_of(scored.completion)) == _gold(scored.prompt)) for scored in batch]


def _gold(prompt: Prompt) -> str:
    if (problem := LabelMatch().reference_problem(prompt.reference)) is not None:
        raise unreadable(LabelMatch.name, prompt, problem)
    return str(prompt.reference)
