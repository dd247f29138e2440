"""A model's own forward pass, for drawing and for teacher forcing: causal models and encoder-decoders alike.

Equal prompts are computed once: what a prompt leaves behind (its keys and values, or its encoding) is repeated for its
completions, not its tokens, and the gradient goes through. The head, the dearest part of a small model, is computed on
completion positions only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from rsf_core.errors import ModelError

Tokens = Sequence[int]
Pairs = Sequence[tuple[Tokens, Tokens]]  # (prompt, completion)


class Decoding(Protocol):
    """Completions being drawn, one a row."""

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows only, by their indices."""

    def step(self, tokens: Tensor) -> Tensor:
        """Append one token (B,) to each row; the logits (B, V) of the next."""


class Forward(Protocol):
    """What drawing, scoring and training ask of a model."""

    def begin(self, prompts: Sequence[Tokens]) -> tuple[Tensor, Decoding]:
        """The logits (B, V) of the first completion token, and the rows to go on with."""

    def completion_logits(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        """`(logits, targets, mask)` over C positions, C the longest completion: logits (B, C, V) as the model gives
        them, targets (B, C) the completion tokens, mask (B, C) true on real completion tokens."""

    def fits(self, prompt: int, completion: int) -> bool:
        """Whether a prompt and a completion of so many tokens fit into the model's context."""


def of(model: Any, pad: int) -> Forward:
    """The forward pass of a transformers (or peft) model. Raises ModelError where the model does not say how its
    completions begin."""
    return EncoderDecoder(model, pad) if model.config.is_encoder_decoder else Causal(model, pad)


class Causal:
    """Implements Forward: the completion follows the prompt in one sequence."""

    def __init__(self, model: Any, pad: int) -> None:
        self.model, self.pad = model, pad

    def begin(self, prompts: Sequence[Tokens]) -> tuple[Tensor, CausalDecoding]:
        distinct, which = _distinct(prompts)
        ids, mask = left_pad(distinct, self.pad)
        result = self.model(
            input_ids=ids, attention_mask=mask, position_ids=positions(mask), use_cache=True, logits_to_keep=1
        )
        cache = result.past_key_values
        cache.batch_select_indices(which)
        return result.logits[which, -1], CausalDecoding(self.model, cache, mask[which])

    def completion_logits(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        shares = 2 * len({tuple(prompt) for prompt, _ in pairs}) <= len(pairs)  # then once for each prompt pays
        return self.after_shared_prompts(pairs) if shares else self.in_one_sequence(pairs)

    def in_one_sequence(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        """Padded on the left, so that the completions end together."""
        ids, attention = left_pad([[*prompt, *completion] for prompt, completion in pairs], self.pad)
        longest, width = max(len(completion) for _, completion in pairs), ids.shape[1]
        logits = self.model(
            input_ids=ids,
            attention_mask=attention,
            position_ids=positions(attention),
            # by index, not by number: what a slice gives is not contiguous, and torch's head on it half as fast
            logits_to_keep=torch.arange(width - longest - 1, width - 1),
            use_cache=False,
        ).logits
        targets = ids[:, -longest:]
        lengths = torch.tensor([len(completion) for _, completion in pairs])
        mask = torch.arange(longest).flip(0)[None, :] < lengths[:, None]
        return logits, targets, mask

    def after_shared_prompts(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        """Equal prompts computed once; the completions begin together."""
        first, decoding = self.begin([prompt for prompt, _ in pairs])
        targets, real = right_pad([completion for _, completion in pairs], self.pad)
        mask = torch.cat([decoding.mask, real], dim=1)
        logits = first[:, None]
        if targets.shape[1] > 1:
            later = self.model(
                input_ids=targets[:, :-1],
                attention_mask=mask[:, :-1],
                position_ids=positions(mask)[:, -targets.shape[1] : -1],
                past_key_values=decoding.cache,
                use_cache=True,
            ).logits
            logits = torch.cat([logits, later], dim=1)
        return logits, targets, real.bool()

    def fits(self, prompt: int, completion: int) -> bool:
        limit = getattr(self.model.config, "max_position_embeddings", None)
        return limit is None or prompt + completion <= limit


class CausalDecoding:
    """Implements Decoding."""

    def __init__(self, model: Any, cache: Any, mask: Tensor) -> None:
        self.model, self.cache, self.mask = model, cache, mask

    def keep(self, rows: Tensor) -> None:
        self.cache.batch_select_indices(rows)
        self.mask = self.mask[rows]

    def step(self, tokens: Tensor) -> Tensor:
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], dim=1)
        logits: Tensor = self.model(
            input_ids=tokens[:, None],
            attention_mask=self.mask,
            position_ids=positions(self.mask)[:, -1:],
            past_key_values=self.cache,
            use_cache=True,
        ).logits[:, -1]
        return logits


class EncoderDecoder:
    """Implements Forward: the prompt is encoded, the completion is the decoder's own sequence. It begins after `prefix`,
    the start token and, where the model has one, the token it forces first (NLLB's target language): given, not drawn."""

    def __init__(self, model: Any, pad: int) -> None:
        self.model, self.pad = model, pad
        start = _configured(model, "decoder_start_token_id")
        if start is None:
            raise ModelError(
                "this encoder-decoder model names no decoder_start_token_id: add it to its generation_config.json"
            )
        forced = _configured(model, "forced_bos_token_id")
        self.prefix = [start] if forced is None else [start, forced]

    def begin(self, prompts: Sequence[Tokens]) -> tuple[Tensor, EncoderDecoderDecoding]:
        encoded, mask = self._encoded(prompts)
        result = self.model(
            encoder_outputs=(encoded,),
            attention_mask=mask,
            decoder_input_ids=torch.tensor([self.prefix] * len(prompts)),
            use_cache=True,
        )
        return result.logits[:, -1], EncoderDecoderDecoding(self.model, result.past_key_values, encoded, mask)

    def completion_logits(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        encoded, mask = self._encoded([prompt for prompt, _ in pairs])
        targets, real = right_pad([completion for _, completion in pairs], self.pad)
        prefix = targets.new_tensor([self.prefix] * len(pairs))
        logits = self.model(
            encoder_outputs=(encoded,),
            attention_mask=mask,
            decoder_input_ids=torch.cat([prefix, targets[:, :-1]], dim=1),
            use_cache=False,
        ).logits
        return logits[:, len(self.prefix) - 1 :], targets, real.bool()

    def fits(self, prompt: int, completion: int) -> bool:
        limit = getattr(self.model.config, "max_position_embeddings", None)
        return limit is None or max(prompt, len(self.prefix) + completion - 1) <= limit

    def _encoded(self, prompts: Sequence[Tokens]) -> tuple[Tensor, Tensor]:
        """The encoder's states (B, T, D) and mask (B, T); equal prompts encoded once."""
        distinct, which = _distinct(prompts)
        ids, mask = right_pad(distinct, self.pad)
        states = self.model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state
        return states[which], mask[which]


class EncoderDecoderDecoding:
    """Implements Decoding."""

    def __init__(self, model: Any, cache: Any, encoded: Tensor, mask: Tensor) -> None:
        self.model, self.cache, self.encoded, self.mask = model, cache, encoded, mask

    def keep(self, rows: Tensor) -> None:
        self.cache.batch_select_indices(rows)
        self.encoded, self.mask = self.encoded[rows], self.mask[rows]

    def step(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.model(
            encoder_outputs=(self.encoded,),
            attention_mask=self.mask,
            decoder_input_ids=tokens[:, None],
            past_key_values=self.cache,
            use_cache=True,
        ).logits[:, -1]
        return logits


def left_pad(rows: Sequence[Tokens], pad: int) -> tuple[Tensor, Tensor]:
    """`(input_ids, attention_mask)`, both (B, T)."""
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, width - len(row) :] = torch.as_tensor(row, dtype=torch.long)
        mask[i, width - len(row) :] = 1
    return ids, mask


def right_pad(rows: Sequence[Tokens], pad: int) -> tuple[Tensor, Tensor]:
    """`(input_ids, attention_mask)`, both (B, T)."""
    ids, mask = left_pad([row[::-1] for row in rows], pad)
    return ids.flip(1), mask.flip(1)


def positions(mask: Tensor) -> Tensor:
    """Position ids of left-padded rows, (B, T): 0 at the first real token (and on the padding, which nothing sees)."""
    return (mask.cumsum(1) - 1).clamp(min=0)


def by_length(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Indices in batches of `size`, like lengths together, so that little is padding."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    return [order[start : start + size] for start in range(0, len(order), size)]


def _distinct(prompts: Sequence[Tokens]) -> tuple[list[tuple[int, ...]], Tensor]:
    """The different prompts in order of appearance, and which of them each prompt is, (B,)."""
    rows = [tuple(prompt) for prompt in prompts]
    distinct = list(dict.fromkeys(rows))
    number = {prompt: i for i, prompt in enumerate(distinct)}
    return distinct, torch.tensor([number[prompt] for prompt in rows])


def _configured(model: Any, name: str) -> int | None:
    """A token id from the generation config, or from the model's config, where older models keep it."""
    value = getattr(model.generation_config, name, None)
    return getattr(model.config, name, None) if value is None else value
