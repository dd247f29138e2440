"""Sentiment of English text by VADER (Hutto & Gilbert 2014): a lexicon and rules, not a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from rsf_core.domain.text import plain
from rsf_core.scorers.base import Scored

_BACKTICK = re.compile(r"(?<=[^\W\d_])`(?=[^\W\d_])")  # isn`t
_NEARBY = (
    4  # words: the rules look at three words before a word and two after it, and whether it is at least the fourth
)
_DASH = re.compile(r"\s?(?:[—―–]|-{2,3})\s?")


class Sentiment:
    name = "sentiment"
    description = "VADER compound sentiment of the completion, from −1 (negative) to 1 (positive)"
    bounds = (-1.0, 1.0)
    needs = ("vaderSentiment",)

    @cached_property
    def _analyzer(self) -> Any:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # reads its lexicon: only when needed

        class Nearby(SentimentIntensityAnalyzer):  # type: ignore[misc]  # it has no types
            """Passes on only the words around each word: VADER copies the list of all words for each word with a sentiment."""

            def sentiment_valence(self, valence: float, sentitext: Any, item: str, i: int, sentiments: Any) -> Any:
                begin = max(0, i - _NEARBY)
                words = sentitext.words_and_emoticons[begin : i + _NEARBY + 1]
                near = SimpleNamespace(is_cap_diff=sentitext.is_cap_diff, words_and_emoticons=words)
                return super().sentiment_valence(valence, near, item, i - begin, sentiments)

        return Nearby()

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [self._analyzer.polarity_scores(_readable(scored.completion))["compound"] for scored in batch]


def _readable(text: str) -> str:
    """`text` in the notation of the lexicon, which has "isn't" but no ’, and reads "not—good" as one word."""
    return _DASH.sub(" - ", _BACKTICK.sub("'", plain(text)))
