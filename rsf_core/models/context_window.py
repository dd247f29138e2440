"""How many tokens of prompt and completion fit into a model's context: the same before its weights are loaded and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rsf_core.domain.errors import ModelError


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """`limit` is the most tokens, None if the model names no limit. A prompt and its completion share them, except in an
    encoder-decoder: there each has as many, and `prefix` tokens come before the completion (None: not an encoder-decoder)."""

    limit: int | None
    prefix: int | None = None

    def fits(self, prompt: int, completion: int) -> bool:
        """Whether a prompt and a completion of these numbers of tokens fit."""
        most = self.most(completion)
        return most is None or prompt <= most

    def most(self, completion: int) -> int | None:
        """The most tokens a prompt may have beside a completion of `completion` tokens: below 0 if the completion alone is too
        long, None if there is no limit."""
        if self.limit is None:
            return None
        if self.prefix is None:
            return max(self.limit - completion, -1)
        return self.limit if self.prefix + completion - 1 <= self.limit else -1


def window_of(model: Any) -> ContextWindow:
    """The context window of a transformers model, with its weights or without. Raises ModelError, see decoder_prefix."""
    return ContextWindow(
        context_of(model.config), len(decoder_prefix(model)) if model.config.is_encoder_decoder else None
    )


def context_of(config: Any) -> int | None:
    """How many tokens a model takes according to its config; None if it names no limit. A model with longrope (Phi-3) takes
    only its original training length. Beyond it, all positions are scaled differently, depending on the longest row of a batch
    and on how far a completion is drawn, so that log q would depend on what is computed beside it."""
    limit = getattr(config, "max_position_embeddings", None)
    known = [limit] if isinstance(limit, int) and limit > 0 else []
    return min(known + _lengths_of_longrope(config), default=None)


def _lengths_of_longrope(config: Any) -> list[int]:
    """The lengths at which the scaling changes, one for each kind of layer that has one."""
    rope = getattr(config, "rope_parameters", None)
    if not isinstance(rope, dict):
        return []
    parts = [rope, *(part for part in rope.values() if isinstance(part, dict))]
    lengths = [part.get("original_max_position_embeddings") for part in parts if part.get("rope_type") == "longrope"]
    own = getattr(config, "original_max_position_embeddings", None)
    return [length for length in (*lengths, own if lengths else None) if isinstance(length, int) and length > 0]


def decoder_prefix(model: Any) -> list[int]:
    """The tokens before the completions of an encoder-decoder: the start token and, if the model has one, the token it forces
    first (NLLB's target language). Raises ModelError if it names no start token, or a token that it does not know."""
    start = _configured(model, "decoder_start_token_id")
    if start is None:
        raise ModelError(
            "this encoder-decoder model names no decoder_start_token_id: add it to its generation_config.json"
        )
    forced = _configured(model, "forced_bos_token_id")
    return [start] if forced is None else [start, forced]


def _configured(model: Any, name: str) -> int | None:
    """A token id from the generation config, or from the model's config, where older models keep it. Raises ModelError if the
    model does not know the token."""
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
