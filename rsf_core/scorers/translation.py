"""How close a completion is to a reference translation."""

from __future__ import annotations

from collections.abc import Sequence

from sacrebleu.metrics.chrf import CHRF

from rsf_core.domain import Prompt
from rsf_core.domain.text import composed
from rsf_core.scorers.base import Scored, unreadable
from rsf_core.scorers.checks import TranslationCheck
from rsf_core.scorers.thoughts import answer_of


class ChrF(TranslationCheck):
    name = "chrf"
    description = "chrF of the completion against the prompt's reference (Popović 2015, by sacrebleu), 0 to 1"
    bounds = (0.0, 1.0)
    needs = ("sacrebleu",)
    version = "2"
    check = "rsf_core.scorers.checks:TranslationCheck"
    reference = True

    def __init__(self) -> None:
        self._chrf = CHRF()

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [
            self._chrf.sentence_score(
                composed(answer_of(scored.completion)), [composed(_reference(scored.prompt))]
            ).score
            / 100.0
            for scored in batch
        ]


def _reference(prompt: Prompt) -> str:
    if not prompt.reference or not prompt.reference.strip():
        raise unreadable(ChrF.name, prompt, "needs a text as the reference, and there is none")
    return prompt.reference
