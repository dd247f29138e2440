"""Causal models with their cache; prompts are padded on the left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rsf_core.models.context_window import window_of
from rsf_core.models.forward.base import Decoding, Pairs, Tokens
from rsf_core.models.forward.batches import distinct_rows, left_pad, positions, right_pad
from rsf_core.models.forward.caches import cache_name, select, takes


class Causal:
    """Implements Forward: the completion follows the prompt in one sequence. With `padded`, a batch may have prompts of
    unequal lengths. Without it, the model is given neither mask nor positions, which some models handle wrongly when
    decoding."""

    def __init__(self, model: Any, pad: int, padded: bool = True) -> None:
        self.model, self.pad, self._padded = model, pad, padded
        self._cache = cache_name(model)
        self._takes_positions = takes(model, "position_ids")
        self._keeps_some = takes(model, "logits_to_keep")

    def begin(self, prompts: Sequence[Tokens]) -> tuple[Tensor, Decoding]:
        return self._begun(prompts)

    def _begun(self, prompts: Sequence[Tokens]) -> tuple[Tensor, CausalDecoding]:
        distinct, which = distinct_rows(prompts, self.model.device)
        ids, mask = left_pad(distinct, self.pad, self.model.device)
        last = {"logits_to_keep": 1} if self._keeps_some else {}
        result = self.model(input_ids=ids, **self.where(mask, positions(mask)), use_cache=True, **last)
        cache = getattr(result, self._cache)
        select(cache, which)
        return result.logits[which, -1], CausalDecoding(self, cache, mask[which])

    def completion_logits(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        shares = 2 * len({tuple(prompt) for prompt, _ in pairs}) <= len(pairs)  # then computing each prompt once pays
        return self.after_shared_prompts(pairs) if shares else self.in_one_sequence(pairs)

    def in_one_sequence(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        """As `completion_logits`, with prompt and completion in one row, padded on the left, so that the completions end
        together."""
        device = self.model.device
        ids, attention = left_pad([[*prompt, *completion] for prompt, completion in pairs], self.pad, device)
        longest, width = max(len(completion) for _, completion in pairs), ids.shape[1]
        # indices, not a number: a slice is not contiguous, and torch computes the head on it half as fast
        kept = torch.arange(width - longest - 1, width - 1, device=device)
        some = {"logits_to_keep": kept} if self._keeps_some else {}
        where = self.where(attention, positions(attention))
        logits = self.model(input_ids=ids, **where, use_cache=False, **some).logits
        if logits.shape[1] == width:
            logits = logits[:, -longest - 1 : -1]
        targets = ids[:, -longest:]
        lengths = torch.tensor([len(completion) for _, completion in pairs], device=device)
        mask = torch.arange(longest, device=device).flip(0)[None, :] < lengths[:, None]
        return logits, targets, mask

    def after_shared_prompts(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        """As `completion_logits`, with equal prompts computed once; the completions begin together."""
        first, decoding = self._begun([prompt for prompt, _ in pairs])
        targets, real = right_pad([completion for _, completion in pairs], self.pad, self.model.device)
        mask = torch.cat([decoding.mask, real], dim=1)
        logits = first[:, None]
        if targets.shape[1] > 1:
            at = positions(mask)[:, -targets.shape[1] : -1]
            later = self.after(decoding.cache, targets[:, :-1], mask[:, :-1], at)
            logits = torch.cat([logits, later], dim=1)
        return logits, targets, real.bool()

    def after(self, cache: Any, tokens: Tensor, mask: Tensor, at: Tensor) -> Tensor:
        """The logits (B, S, V) of `tokens` (B, S), which follow the tokens in the cache; `mask` (B, T) covers both, `at` (B,
        S) are the positions of `tokens`."""
        logits: Tensor = self.model(
            input_ids=tokens, **self.where(mask, at), **{self._cache: cache}, use_cache=True
        ).logits
        return logits

    def where(self, mask: Tensor, at: Tensor) -> dict[str, Tensor]:
        """The arguments for which tokens are real and at which positions; some models count positions along the mask."""
        if not self._padded:
            return {}
        return {"attention_mask": mask} | ({"position_ids": at} if self._takes_positions else {})

    def fits(self, prompt: int, completion: int) -> bool:
        return window_of(self.model).fits(prompt, completion)


class CausalDecoding:
    """Implements Decoding."""

    def __init__(self, way: Causal, cache: Any, mask: Tensor) -> None:
        self._way, self.cache, self.mask = way, cache, mask

    def keep(self, rows: Tensor) -> None:
        select(self.cache, rows)
        self.mask = self.mask[rows]

    def step(self, tokens: Tensor) -> Tensor:
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], dim=1)
        return self._way.after(self.cache, tokens[:, None], self.mask, positions(self.mask)[:, -1:])[:, -1]
