"""How long a completion is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rsf_core.domain.text import words
from rsf_core.scorers.base import NoScore, Scored


class Length:
    name = "length"
    description = "Number of tokens of the completion, the end-of-sequence token included"
    bounds = (0.0, math.inf)
    of_draw = True

    def score(self, batch: Sequence[Scored]) -> list[float | NoScore]:
        return [
            NoScore("nobody has counted its tokens") if one.token_count is None else float(one.token_count)
            for one in batch
        ]


class Words:
    name = "words"
    description = "Number of words of the completion (characters in Chinese, Japanese and Thai)"
    bounds = (0.0, math.inf)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(len(words(scored.completion))) for scored in batch]
