"""Whether a completion ended by itself, and whether it is one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from rsf_core.domain import Finish
from rsf_core.scorers.base import Scored
from rsf_core.scorers.sentences import is_one_sentence
from rsf_core.scorers.thoughts import answer_of


class Ended:
    name = "ended"
    description = "1 where the model ended the completion itself, 0 where it reached the token limit"
    bounds = (0.0, 1.0)
    of_draw = True

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(scored.finish is Finish.EOS) for scored in batch]


class OneSentence:
    name = "one_sentence"
    description = "1 where the completion is a single, closed sentence on one line, else 0"
    bounds = (0.0, 1.0)
    version = "2"

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(is_one_sentence(answer_of(scored.completion))) for scored in batch]
