"""How near a completion comes to a reference translation."""

from __future__ import annotations

from collections.abc import Sequence

from sacrebleu.metrics.chrf import CHRF

from rsf_core.errors import ScorerError
from rsf_core.scorers.base import Scored


class ChrF:
    name = "chrf"
    description = "chrF of the completion against the prompt's reference (Popović 2015, by sacrebleu), 0 to 1"
    bounds = (0.0, 1.0)

    def __init__(self) -> None:
        self._chrf = CHRF()

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [self._chrf.sentence_score(scored.completion, [_reference(scored)]).score / 100.0 for scored in batch]


def _reference(scored: Scored) -> str:
    if not scored.prompt.reference:
        raise ScorerError(
            f"the scorer 'chrf' needs a reference translation, and prompt {scored.prompt.prompt_id} has none: add one to "
            "the prompt file"
        )
    return scored.prompt.reference
