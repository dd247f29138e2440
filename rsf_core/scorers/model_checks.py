"""Checks of the options of model scorers without loading the models, as in `checks`. Nothing heavy is imported."""

from __future__ import annotations

import math
import re

from rsf_core.domain.errors import ScorerError

MOST_TOKENS = 1_000_000
_WEIGHTS = re.compile(r"[0-9a-f]{16}|")


class ModelCheck:
    """The shared options of model scorers. `weights` is the hash that the model's files must have ("" for any): settings that
    name a folder get its current hash, so that a changed folder is another scorer."""

    name = "a model"

    def __init__(self, model: str, max_tokens: int, weights: str) -> None:
        if not isinstance(model, str) or not model.strip():
            example = f'{self.name}(model="/models/judge")'
            raise ScorerError(
                f"the scorer {self.name!r} needs a model, a folder or a Hugging Face id, as in {example}, not {model!r:.80}"
            )
        if isinstance(max_tokens, float) or not 1 <= max_tokens <= MOST_TOKENS:
            raise ScorerError(
                f"the scorer {self.name!r} takes a whole max_tokens from 1 to {MOST_TOKENS:,}, not {max_tokens!r}"
            )
        if not _WEIGHTS.fullmatch(weights):
            raise ScorerError(
                f"the scorer {self.name!r} takes as weights 16 digits from 0 to f, which rsf writes, not {weights!r:.80}"
            )
        self.model, self.max_tokens, self.weights = model.strip(), max_tokens, weights


class RewardModelCheck(ModelCheck):
    name = "reward_model"

    def __init__(
        self, model: str, label: str = "", scale: str = "logit", max_tokens: int = 4096, weights: str = ""
    ) -> None:
        super().__init__(model, max_tokens, weights)
        if scale not in ("logit", "probability"):
            raise ScorerError(f"the scorer {self.name!r} takes logit or probability as its scale, not {scale!r:.80}")
        self.label, self.scale = label.strip(), scale
        self.bounds = (0.0, 1.0) if scale == "probability" else (-math.inf, math.inf)


class TeacherCheck(ModelCheck):
    name = "teacher_loglik"

    def __init__(self, model: str, per: str = "token", max_tokens: int = 4096, weights: str = "") -> None:
        super().__init__(model, max_tokens, weights)
        if per not in ("token", "byte", "total"):
            raise ScorerError(f"the scorer {self.name!r} takes token, byte or total as per, not {per!r:.80}")
        self.per = per


class SimilarityCheck:
    name = "similarity"

    def reference_problem(self, reference: str | None) -> str | None:
        return None if reference and reference.strip() else "needs a text as the reference, and there is none"
