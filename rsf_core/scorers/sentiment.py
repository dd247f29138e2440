"""Sentiment of English text by VADER (Hutto & Gilbert 2014): a lexicon and rules, no model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from rsf_core.domain.text import plain
from rsf_core.scorers.base import Scored

_BACKTICK = re.compile(r"(?<=[^\W\d_])`(?=[^\W\d_])")  # isn`t
_DASH = re.compile(r"\s?(?:[—―–]|-{2,3})\s?")


class Sentiment:
    name = "sentiment"
    description = "VADER compound sentiment of the completion, from −1 (negative) to 1 (positive)"
    bounds = (-1.0, 1.0)
    needs = ("vaderSentiment",)

    @cached_property
    def _analyzer(self) -> Any:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # reads its lexicon: only when needed

        return SentimentIntensityAnalyzer()

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [self._analyzer.polarity_scores(_readable(scored.completion))["compound"] for scored in batch]


def _readable(text: str) -> str:
    """`text` as the lexicon is written: it knows "isn't" and no ’, and takes "not—good" for one word."""
    return _DASH.sub(" - ", _BACKTICK.sub("'", plain(text)))
