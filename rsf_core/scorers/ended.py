"""Whether a completion came to an end, and whether it is one sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rsf_core.domain import Finish
from rsf_core.scorers.base import Scored

_SENTENCE = re.compile(r"[^.!?\n]*\w[^.!?\n]*[.!?]+[\"'”’)]*")


class Ended:
    name = "ended"
    description = "1 where the model ended the completion itself, 0 where it ran into the token limit"
    bounds = (0.0, 1.0)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(scored.finish is Finish.EOS) for scored in batch]


class OneSentence:
    name = "one_sentence"
    description = "1 where the completion is a single sentence on one line with its full stop, else 0"
    bounds = (0.0, 1.0)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(_SENTENCE.fullmatch(scored.completion.strip().strip('"“')) is not None) for scored in batch]
