"""How difficult a text is to read, by the length of its words and sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from rsf_core.domain.text import words
from rsf_core.scorers.base import NoScore, Scored

_STOPS = re.compile(r"[.!?…]+(?=[\s\"'”’)\]]|$)|[。！？]+|\n\s*\n")


class Readability:
    name = "readability"
    description = (
        "Automated readability index of the completion: the school year needed to read it (about 1 to 14, in English), "
        "from letters per word and words per sentence"
    )
    bounds = (-math.inf, math.inf)

    def score(self, batch: Sequence[Scored]) -> list[float | NoScore]:
        return [index(scored.completion) for scored in batch]


def index(text: str) -> float | NoScore:
    """4.71·letters/words + 0.5·words/sentences − 21.43 (Senter & Smith 1967, AMRL-TR-66-220); NoScore if there are no
    words."""
    text_words = words(text)
    if not text_words:
        return NoScore("it has no word")
    letters = sum(map(len, text_words))
    sentences = sum(bool(words(part)) for part in _STOPS.split(text))
    return 4.71 * letters / len(text_words) + 0.5 * len(text_words) / max(sentences, 1) - 21.43
