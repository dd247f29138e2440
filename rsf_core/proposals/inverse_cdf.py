"""Sampling a token from logits by inverting the CDF at a given uniform, with the exact log-probability of that law.

One uniform a (candidate, position) makes a draw independent of batch size and order. Sums run block by block in
float64: a cumulative sum over 49k float32 entries would lose the tail.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rsf_core.settings import Sampling

BLOCK = 256


@dataclass(frozen=True, slots=True)
class Drawn:
    """`tokens` (B,); `log_q` (B,) of the law sampled from, `log_model` (B,) of the untouched logits; nats, float64."""

    tokens: Tensor
    log_q: Tensor
    log_model: Tensor


def draw(logits: Tensor, u: Tensor, sampling: Sampling) -> Drawn:
    """Draw one token a row from `logits` (B, V) after temperature, then top-k, then top-p, at the uniforms `u` (B,)
    in [0, 1), float64."""
    logits = logits.float()
    if sampling.temperature == 1.0 and sampling.top_k == 0 and sampling.top_p == 1.0:
        weights, peak = _weights(logits)
        tokens, total = _invert(weights, u)
        log_q = _log_prob(logits, peak, total, tokens)
        return Drawn(tokens, log_q, log_q)
    scaled = logits / sampling.temperature
    weights, peak = _weights(scaled)
    if sampling.top_k:
        weights = keep_top_k(weights, sampling.top_k)
    if sampling.top_p < 1.0:
        weights = keep_top_p(weights, sampling.top_p)
    tokens, total = _invert(weights, u)
    model_weights, model_peak = _weights(logits)
    model_total = model_weights.sum(-1, dtype=torch.float64)
    return Drawn(tokens, _log_prob(scaled, peak, total, tokens), _log_prob(logits, model_peak, model_total, tokens))


def keep_top_k(weights: Tensor, k: int) -> Tensor:
    """`weights` (B, V) with all but the k largest of a row set to 0."""
    if k >= weights.shape[-1]:
        return weights
    top = weights.topk(k, dim=-1)
    return torch.zeros_like(weights).scatter_(-1, top.indices, top.values)


def keep_top_p(weights: Tensor, p: float) -> Tensor:
    """`weights` (B, V) with all but the smallest set of largest entries that holds the share `p` set to 0 (nucleus
    sampling, Holtzman et al. 2020)."""
    ordered, indices = weights.sort(dim=-1, descending=True)
    before = ordered.cumsum(-1, dtype=torch.float64) - ordered
    ordered = ordered.masked_fill(before >= p * ordered.sum(-1, keepdim=True, dtype=torch.float64), 0.0)
    return torch.zeros_like(weights).scatter_(-1, indices, ordered)


def _weights(logits: Tensor) -> tuple[Tensor, Tensor]:
    peak = logits.amax(-1, keepdim=True)
    return (logits - peak).exp(), peak


def _invert(weights: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    """The token whose stretch of the CDF holds u·total, and the total, float64. A weight of 0 is never drawn."""
    rows, vocabulary = weights.shape
    padded = torch.nn.functional.pad(weights, (0, -vocabulary % BLOCK))
    blocks = padded.view(rows, -1, BLOCK)
    ends = blocks.sum(-1, dtype=torch.float64).cumsum(-1)
    total = ends[:, -1]
    goal = (u * total)[:, None]
    block = torch.searchsorted(ends, goal, right=True).clamp(max=ends.shape[1] - 1)
    before = torch.where(block > 0, ends.gather(1, (block - 1).clamp(min=0)), 0.0)
    inside = blocks.gather(1, block[:, :, None].expand(-1, 1, BLOCK)).squeeze(1).cumsum(-1, dtype=torch.float64)
    # the two sums round differently: where the goal lies past the block's end, the last possible token is meant
    last_possible = torch.searchsorted(inside, inside[:, -1:].contiguous())
    within = torch.minimum(torch.searchsorted(inside, goal - before, right=True), last_possible)
    return (block * BLOCK + within).squeeze(1), total


def _log_prob(logits: Tensor, peak: Tensor, total: Tensor, tokens: Tensor) -> Tensor:
    chosen = (logits.gather(-1, tokens[:, None]) - peak).squeeze(1)
    return chosen.double() - total.log()
