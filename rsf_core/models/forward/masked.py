"""A model with tokens ruled out by their position: the same for drawing, judging and training, so that log q is exact.

The logits of these tokens are −∞, so that log p of the others is normalised without them. If only one token is possible at a
position, its log p is 0 and has no gradient.
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
            # the padding of a batch keeps its logits: −∞ times 0 is NaN
            holds = real if mask.before is None else real & (positions < mask.before)
            ids = _inside(mask, logits)
            columns = logits[..., ids].masked_fill(holds[..., None], -math.inf)
            logits = logits.index_copy(-1, ids, columns)
        return logits, targets, real

    def at(self, logits: Tensor, position: int) -> Tensor:
        """The masked logits (B, V) at one position of the completions, from 0."""
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
    """`inner` with `masks`; `inner` itself if there are none."""
    return Masked(inner, masks) if masks else inner


def _inside(mask: Mask, logits: Tensor) -> Tensor:
    """The tokens of a mask that the head has a logit for: some heads have fewer logits than there are embeddings."""
    inside = [token for token in mask.token_ids if token < logits.shape[-1]]
    return torch.tensor(inside, dtype=torch.long, device=logits.device)
