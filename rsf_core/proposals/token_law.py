"""Sampling a token from logits as the winner of a race, with the exact log-probability of that law.

With E ~ Exp(1) for each token, the token with the largest weight/E wins with probability proportional to its weight: the
Gumbel-max trick (Gumbel 1954; Maddison, Tarlow & Minka 2014) without its logarithms. Between two laws, the winner changes with
a probability of at most twice their total variation. So batches of another size draw the same tokens, unless two of them are
within rounding of each other, and two models that draw with the same E differ little if their laws are alike. Inverting the
CDF would move every token after a change.

The race is run among blocks of tokens first, then inside the winning block: the same law, with 450 numbers a step instead of
50,000. Sums run block by block in float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rsf_core.domain.errors import ModelError
from rsf_core.domain.settings import Sampling
from rsf_core.models.log_probs import summable

BLOCK = 256
_AT_ONCE = 16  # positions of a candidate whose noise is made together
_LEAST = 1e-300  # an E of 0 comes once in 2^53 numbers, and 0/0 is NaN


@dataclass(frozen=True, slots=True)
class Drawn:
    """`tokens` (B,), on the device of the logits; `log_q` (B,) under the law sampled from, `log_model` (B,) under the
    untouched logits; nats, float64."""

    tokens: Tensor
    log_q: Tensor
    log_model: Tensor


class Noise:
    """The values of E for a candidate, by position: a Philox stream keyed by a hash of (seed, candidate id), whose counter is
    the position, so that a draw depends neither on its batch nor on earlier draws."""

    def __init__(self, seed: int, candidate_id: str) -> None:
        digest = blake2b(f"{seed}:{candidate_id}".encode(), digest_size=16).digest()
        self._key = np.frombuffer(digest, np.uint64)
        self._first, self._values = 0, np.zeros((0, 0))

    def at(self, position: int, vocabulary: int) -> NDArray[np.float64]:
        """The values at one position, from 0: shape (width(vocabulary),)."""
        size = width(vocabulary)
        if self._values.shape[1] != size or not self._first <= position < self._first + _AT_ONCE:
            self._first = position - position % _AT_ONCE
            # a step of the counter yields four 64-bit numbers
            generator = np.random.Generator(np.random.Philox(key=self._key, counter=self._first * size // 4))
            self._values = np.maximum(-np.log1p(-generator.random((_AT_ONCE, size))), _LEAST)
        return self._values[position - self._first]


def width(vocabulary: int) -> int:
    """How many numbers a race among `vocabulary` tokens takes: one for each block, rounded up to a multiple of four, and one
    for each token of a block."""
    blocks = -(-vocabulary // BLOCK)
    return blocks + -blocks % 4 + BLOCK


def draw(logits: Tensor, noise: Tensor, sampling: Sampling) -> Drawn:
    """Draw one token a row from `logits` (B, V) after temperature, then top-k, then top-p, with the noise of each row at its
    position, (B, width(V)), float64. The noise is made on the processor, so that it is the same for every device, and copied
    to the device that sums the law. Raises ModelError if the logits hold NaN."""
    device, logits = logits.device, summable(logits).float()
    noise = noise.to(logits.device)
    if sampling.temperature == 1.0 and sampling.top_k == 0 and sampling.top_p == 1.0:
        weights, peak = _weights(logits)
        tokens, total = _race(weights, noise)
        log_q = _log_prob(logits, peak, total, tokens)
        return Drawn(tokens.to(device), log_q, log_q)
    scaled = logits / sampling.temperature
    weights, peak = _weights(scaled)
    if sampling.top_k:
        weights = keep_top_k(weights, sampling.top_k)
    if sampling.top_p < 1.0:
        weights = keep_top_p(weights, sampling.top_p)
    tokens, total = _race(weights, noise)
    model_weights, model_peak = _weights(logits)
    model_total = model_weights.sum(-1, dtype=torch.float64)
    log_q = _log_prob(scaled, peak, total, tokens)
    return Drawn(tokens.to(device), log_q, _log_prob(logits, model_peak, model_total, tokens))


def keep_top_k(weights: Tensor, k: int) -> Tensor:
    """`weights` (B, V) with all but the k largest of each row set to 0."""
    if k >= weights.shape[-1]:
        return weights
    top = weights.topk(k, dim=-1)
    return torch.zeros_like(weights).scatter_(-1, top.indices, top.values)


def keep_top_p(weights: Tensor, p: float) -> Tensor:
    """`weights` (B, V), where each row keeps the fewest largest entries that hold at least the share `p`, and the others are 0
    (nucleus sampling, Holtzman et al. 2020)."""
    ordered, indices = weights.sort(dim=-1, descending=True)
    before = ordered.cumsum(-1, dtype=torch.float64) - ordered
    ordered = ordered.masked_fill(before >= p * ordered.sum(-1, keepdim=True, dtype=torch.float64), 0.0)
    return torch.zeros_like(weights).scatter_(-1, indices, ordered)


def _weights(logits: Tensor) -> tuple[Tensor, Tensor]:
    peak = logits.amax(-1, keepdim=True)
    return (logits - peak).exp(), peak


def _race(weights: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """The winning token of each row, (B,), and the sum of the row's weights, (B,), float64. A weight of 0 never wins."""
    rows, vocabulary = weights.shape
    blocks = torch.nn.functional.pad(weights, (0, -vocabulary % BLOCK)).view(rows, -1, BLOCK)
    sums = blocks.sum(-1, dtype=torch.float64)
    total = sums.sum(-1)
    if not bool(torch.isfinite(total).all()):
        raise ModelError(
            "the logits of the model are no numbers (NaN): nothing can be drawn from it. Use another model"
        )
    block = (sums / noise[:, : sums.shape[1]]).argmax(-1)
    inside = blocks[torch.arange(rows, device=blocks.device), block].double()
    return block * BLOCK + (inside / noise[:, -BLOCK:]).argmax(-1), total


def _log_prob(logits: Tensor, peak: Tensor, total: Tensor, tokens: Tensor) -> Tensor:
    chosen = (logits.gather(-1, tokens[:, None]) - peak).squeeze(1)
    return chosen.double() - total.log()
