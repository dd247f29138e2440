"""How close in meaning a completion is to its prompt's reference, and how far from its prompt's earlier draws."""

from __future__ import annotations

from collections.abc import Sequence

from rsf_core.scorers.base import Scored, unreadable
from rsf_core.scorers.embedding import cosine, largest_cosine
from rsf_core.scorers.model_checks import SimilarityCheck
from rsf_core.scorers.thoughts import answer_of


class Similarity(SimilarityCheck):
    name = "similarity"
    description = (
        "Cosine similarity of the completion and the prompt's reference in the meaning of their words, −1 to 1: 1 for "
        "the same, 0 for an empty one. Ignores word order (static embeddings, WordLlama)"
    )
    bounds = (-1.0, 1.0)
    needs = ("wordllama",)
    extra = "text"
    check = "rsf_core.scorers.model_checks:SimilarityCheck"
    version = "2"
    reference = True

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [self._score(scored) for scored in batch]

    def _score(self, scored: Scored) -> float:
        problem = self.reference_problem(scored.prompt.reference)
        if problem is not None or scored.prompt.reference is None:
            raise unreadable(self.name, scored.prompt, str(problem))
        return cosine(answer_of(scored.completion), scored.prompt.reference)


class Novelty:
    name = "novelty"
    description = (
        "1 minus the largest cosine similarity, if positive, between the completion and the earlier ones of its prompt "
        "in its round, 0 to 1: 1 for the first, 0 for a repeated one. Later draws change no score (WordLlama)"
    )
    bounds = (0.0, 1.0)
    needs = ("wordllama",)
    extra = "text"
    siblings = True
    of_draw = True  # a completion made elsewhere has no place in the order of draws

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [
            1.0 - max(0.0, largest_cosine(scored.completion, scored.earlier)) if scored.earlier else 1.0
            for scored in batch
        ]
