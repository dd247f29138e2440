"""A model with tokens ruled out by their position: the same for what is drawn, judged and trained, so that log q is exact.

Their logits are −∞, which leaves log p of the others normalised without them; a position that only one token can have gives it
log p 0 and no gradient.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from rsf_core.domain import Mask
from rsf_core.models.forward.base import Decoding, Forward, Pairs, Tokens


class Masked:
    """Implements Forward: `inner` with `masks`."""

    def __init__(self, inner: Forward, masks: Sequence[Mask]) -> None:
        self._inner, self._masks = inner, masks

    def begin(self, prompts: Sequence[Tokens]) -> tuple[Tensor, Decoding]:
        logits, decoding = self._inner.begin(prompts)
        return self.at(logits, 0), MaskedDecoding(self, decoding)

    def completion_logits(self, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
        logits, targets, real = self._inner.completion_logits(pairs)
        positions = real.cumsum(1) - 1
        for mask in self._masks:
            # the padding of a batch keeps its logits: −∞ times 0 is no number
            holds = real if mask.before is None else real & (positions < mask.before)
            ids = _inside(mask, logits)
            columns = logits[..., ids].masked_fill(holds[..., None], -math.inf)
            logits = logits.index_copy(-1, ids, columns)
        return logits, targets, real

    def at(self, logits: Tensor, position: int) -> Tensor:
        """The logits (B, V) at one position of the completions, from 0."""
        for mask in self._masks:
            if mask.before is None or position < mask.before:
                logits = logits.index_fill(-1, _inside(mask, logits), -math.inf)
        return logits

    def fits(self, prompt: int, completion: int) -> bool:
        return self._inner.fits(prompt, completion)


class MaskedDecoding:
    """Implements Decoding."""

    def __init__(self, way: Masked, inner: Decoding) -> None:
        self._way, self._inner, self._position = way, inner, 0

    def keep(self, rows: Tensor) -> None:
        self._inner.keep(rows)

    def step(self, tokens: Tensor) -> Tensor:
        self._position += 1
        return self._way.at(self._inner.step(tokens), self._position)


def masked(inner: Forward, masks: Sequence[Mask]) -> Forward:
    """`inner` with `masks`, itself where there are none."""
    return Masked(inner, masks) if masks else inner


def _inside(mask: Mask, logits: Tensor) -> Tensor:
    """Its tokens that the head has a logit for: some heads have fewer than there are embeddings."""
    inside = [token for token in mask.token_ids if token < logits.shape[-1]]
    return torch.tensor(inside, dtype=torch.long, device=logits.device)
