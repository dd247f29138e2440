"""Any reward model or other text classifier of Hugging Face's AutoModelForSequenceClassification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsf_core import models
from rsf_core.domain import Prompt
from rsf_core.domain.errors import ModelError, PromptRefusedError
from rsf_core.model_scorers.classifier import Classifier
from rsf_core.model_scorers.located import Located
from rsf_core.model_scorers.texts import Row, Texts
from rsf_core.models.placement import Placement
from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.model_checks import RewardModelCheck
from rsf_core.scorers.preparing import Workplace

_PROBES = [("Say a word.", "A."), ("What is a kettle for?", "It boils water, and it whistles."), ("Two?", "")]


@dataclass(frozen=True, slots=True)
class _Loaded:
    texts: Texts
    classifier: Classifier


class RewardModel(RewardModelCheck):
    name = "reward_model"
    description = (
        "Score of a reward model for the completion as an answer to its prompt: any sequence classifier, by its folder "
        "or Hugging Face id. Higher is better if the model has one output; if it has several, label names the one that "
        "counts. scale: logit has no bounds, probability is 0 to 1. A text longer than max_tokens or than the model's "
        "context has no score"
    )
    bounds = (float("-inf"), float("inf"))
    check = "rsf_core.scorers.model_checks:RewardModelCheck"
    opinion = True
    most_at_once = 32  # more would not finish in time with a large model on a processor

    def __init__(
        self, model: str, label: str = "", scale: str = "logit", max_tokens: int = 4096, weights: str = ""
    ) -> None:
        super().__init__(model, label, scale, max_tokens, weights)
        self._located = Located(self.name, self.model, self.weights, self._load)

    def prepare(self, workplace: Workplace) -> None:
        """Raises ModelError, see Located; also if the model has no such label."""
        self._located.ready(workplace)

    def score(self, batch: Sequence[Scored]) -> list[float | NoScore]:
        loaded = self._located.loaded
        rows = [self._row(loaded, scored) for scored in batch]
        read = [row for row in rows if isinstance(row, Row)]
        values = iter(self._values(loaded.classifier, loaded.classifier.logits(read)).tolist())
        return [row if isinstance(row, NoScore) else next(values) for row in rows]

    def _load(self, folder: Path, placement: Placement) -> _Loaded:
        model, tokenizer = models.load_classifier(folder, placement)
        texts = Texts(model, tokenizer)
        loaded = _Loaded(texts, Classifier(model, [texts.row(Prompt(0, text), reply) for text, reply in _PROBES]))
        self._label(loaded.classifier)
        return loaded

    def _row(self, loaded: _Loaded, scored: Scored) -> Row | NoScore:
        try:
            row = loaded.texts.row(scored.prompt, scored.completion)
        except PromptRefusedError as error:
            return NoScore(str(error))
        most = min(self.max_tokens, loaded.classifier.limit or self.max_tokens)
        if len(row.tokens) > most:
            return NoScore(f"it has {len(row.tokens):,} tokens with its prompt, and the model reads {most:,}")
        return row

    def _label(self, classifier: Classifier) -> int:
        """The output that counts. Raises ModelError if the label is missing or unknown."""
        labels = classifier.labels
        if not self.label and len(labels) == 1:
            return 0
        places = [i for i, label in enumerate(labels) if label.casefold() == self.label.casefold()]
        if len(places) == 1:
            return places[0]
        wrong = f"has no label {self.label!r}" if self.label else "has several labels"
        raise ModelError(
            f"the model {self.model} of the scorer {self.name!r} {wrong}: write label= with one of {', '.join(labels)}"
        )

    def _values(self, classifier: Classifier, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """The score of each row, from logits (N, labels)."""
        label = self._label(classifier)
        odds = logits[:, label]
        if logits.shape[1] > 1 and not classifier.independent:
            odds = odds - np.logaddexp.reduce(np.delete(logits, label, axis=1), axis=1)
        if self.scale == "logit":
            return odds
        probability: NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -odds))
        return probability
