"""The scorer that returns the mean of people's answers to a question of a project."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.checks import AnswerCheck

NOBODY = "nobody has answered it"


class Answer(AnswerCheck):
    name = "answer"
    description = "Mean of people's answers to a question of this project; no score without an answer"
    bounds = (-math.inf, math.inf)
    partial = True
    check = "rsf_core.scorers.checks:AnswerCheck"

    def __init__(self, question: str, version: str) -> None:
        super().__init__(question, version)

    def score(self, batch: Sequence[Scored]) -> list[float | NoScore]:
        means = self.answered.means
        return [means.get(str(scored.candidate_id), NoScore(NOBODY)) for scored in batch]
