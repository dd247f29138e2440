"""Encoder-decoders with their cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rsf_core.models.context_window import decoder_prefix, window_of
from rsf_core.models.forward.base import Decoding, Pairs, Tokens
from rsf_core.models.forward.batches import distinct_rows, right_pad
from rsf_core.models.forward.caches import select


class EncoderDecoder:
    """Implements Forward: the prompt is encoded, and the completion is the decoder's sequence. It begins after `prefix`, which
    is given, not drawn: the start token and, if the model has one, the token it forces first (NLLB's target language)."""

    def __init__(self, model: Any, pad: int) -> None:
        self.model, self.pad = model, pad
        self.prefix = decoder_prefix(model)

    def begin(self, prompts: Sequence[Tokens]) -> tuple[Tensor, Decoding]:
        encoded = self.encode(prompts)
        prefix = torch.tensor([self.prefix] * len(prompts), device=self.model.device)
        result = self._result(encoded, prefix, use_cache=True)
        return result.logits[:, -1], EncoderDecoderDecoding(self, result.past_key_values, encoded)

    def completion_logits(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        targets, real = right_pad([completion for _, completion in pairs], self.pad, self.model.device)
        prefix = targets.new_tensor([self.prefix] * len(pairs))
        logits = self.decode(self.encode([prompt for prompt, _ in pairs]), torch.cat([prefix, targets[:, :-1]], dim=1))
        return logits[:, len(self.prefix) - 1 :], targets, real.bool()

    def encode(self, prompts: Sequence[Tokens]) -> Encoded:
        """The encoded prompts; equal prompts are encoded once."""
        distinct, which = distinct_rows(prompts, self.model.device)
        ids, mask = right_pad(distinct, self.pad, self.model.device)
        result = self.model.get_encoder()(input_ids=ids, attention_mask=mask)
        return Encoded(type(result), result.last_hidden_state, mask, ids).select(which)

    def decode(self, encoded: Encoded, ids: Tensor) -> Tensor:
        """The logits (B, C, V) of decoder tokens `ids` (B, C), all computed at once."""
        logits: Tensor = self._result(encoded, ids, use_cache=False).logits
        return logits

    def after(self, cache: Any, encoded: Encoded, tokens: Tensor) -> Tensor:
        """The logits (B, V) of `tokens` (B,), which follow the tokens in the cache."""
        logits: Tensor = self._result(encoded, tokens[:, None], use_cache=True, past_key_values=cache).logits[:, -1]
        return logits

    def _result(self, encoded: Encoded, decoder_input_ids: Tensor, **more: Any) -> Any:
        # the prompt is encoded already; only FSMT uses its tokens, and omits its causal mask without them
        return self.model(
            input_ids=encoded.ids,
            encoder_outputs=encoded.kind(last_hidden_state=encoded.states),
            attention_mask=encoded.mask,
            decoder_input_ids=decoder_input_ids,
            **more,
        )

    def fits(self, prompt: int, completion: int) -> bool:
        return window_of(self.model).fits(prompt, completion)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Encoded prompts: `states` (B, T, D), their `mask` and `ids` (B, T); `kind` is transformers' class for encoder
    outputs."""

    kind: type[Any]
    states: Tensor
    mask: Tensor
    ids: Tensor

    def select(self, rows: Tensor) -> Encoded:
        return Encoded(self.kind, self.states[rows], self.mask[rows], self.ids[rows])


class EncoderDecoderDecoding:
    """Implements Decoding."""

    def __init__(self, way: EncoderDecoder, cache: Any, encoded: Encoded) -> None:
        self._way, self._cache, self._encoded = way, cache, encoded

    def keep(self, rows: Tensor) -> None:
        select(self._cache, rows)
        self._encoded = self._encoded.select(rows)

    def step(self, tokens: Tensor) -> Tensor:
        return self._way.after(self._cache, self._encoded, tokens)
