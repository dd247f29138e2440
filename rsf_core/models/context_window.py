"""How many tokens of prompt and completion a model has room for: the same answer before its weights are loaded and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rsf_core.domain.errors import ModelError


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """`limit` tokens at most; None where the model names no limit. A prompt and its completion share them, but in an
    encoder-decoder, where each has as many and `prefix` tokens come before the completion (None: no encoder-decoder)."""

    limit: int | None
    prefix: int | None = None

    def fits(self, prompt: int, completion: int) -> bool:
        """Whether a prompt and a completion of so many tokens fit."""
        most = self.most(completion)
        return most is None or prompt <= most

    def most(self, completion: int) -> int | None:
        """The most tokens a prompt may have beside a completion of so many: below 0 where the completion alone is too long,
        None where nothing is."""
        if self.limit is None:
            return None
        if self.prefix is None:
            return max(self.limit - completion, -1)
        return self.limit if self.prefix + completion - 1 <= self.limit else -1


def window_of(model: Any) -> ContextWindow:
    """The room of a transformers model, with its weights or without. Raises ModelError, see decoder_prefix."""
    return ContextWindow(
        context_of(model.config), len(decoder_prefix(model)) if model.config.is_encoder_decoder else None
    )


def context_of(config: Any) -> int | None:
    """How many tokens a model takes by its config; None where it names no limit. One with longrope (Phi-3) takes as many as it
    was trained with at first: beyond them all positions are scaled in another way, by the longest row of a batch and by how
    far a completion is drawn, so that log q would hang on what is computed beside it."""
    limit = getattr(config, "max_position_embeddings", None)
    known = [limit] if isinstance(limit, int) and limit > 0 else []
    return min(known + _lengths_of_longrope(config), default=None)


def _lengths_of_longrope(config: Any) -> list[int]:
    """The length at which the scaling changes, of each kind of layer that has one."""
    rope = getattr(config, "rope_parameters", None)
    if not isinstance(rope, dict):
        return []
    parts = [rope, *(part for part in rope.values() if isinstance(part, dict))]
    lengths = [part.get("original_max_position_embeddings") for part in parts if part.get("rope_type") == "longrope"]
    own = getattr(config, "original_max_position_embeddings", None)
    return [length for length in (*lengths, own if lengths else None) if isinstance(length, int) and length > 0]


def decoder_prefix(model: Any) -> list[int]:
    """What the completions of an encoder-decoder begin after: the start token and, where the model has one, the token it
    forces first (NLLB's target language). Raises ModelError where it names no start token, or one it does not know."""
    start = _configured(model, "decoder_start_token_id")
    if start is None:
        raise ModelError(
            "this encoder-decoder model names no decoder_start_token_id: add it to its generation_config.json"
        )
    forced = _configured(model, "forced_bos_token_id")
    return [start] if forced is None else [start, forced]


def _configured(model: Any, name: str) -> int | None:
    """A token id from the generation config, or from the model's config, where older models keep it. Raises ModelError naming
    one that the model does not know."""
    value = getattr(model.generation_config, name, None)
    if value is None:
        value = getattr(model.config, name, None)
    known = model.get_input_embeddings().num_embeddings
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < known):
        raise ModelError(
            f"{name} of generation_config.json names the token {value!r}, and the model knows the tokens 0 to {known - 1}: "
            "correct it"
        )
    return value
