"""Log-probabilities of tokens from a model's logits, summed in float64. A device without float64 (MPS) computes the logits,
and the processor the log-probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

WITHOUT_FLOAT64 = ("mps",)
BLOCK = 2**19  # logits computed together: 2 MB in float32


def summable(tensor: Tensor) -> Tensor:
    """The tensor on a device that can sum in float64: itself, or a copy on the processor."""
    return tensor.to("cpu") if tensor.device.type in WITHOUT_FLOAT64 else tensor


def token_log_probs(logits: Tensor, targets: Tensor) -> Tensor:
    """log p of each target token = its logit − log Σ exp(logits): (B, C), nats, float64; logits (B, C, V) of any precision,
    targets (B, C). The normaliser is summed in float64: a float32 logsumexp is off by 3e-4 over a sequence. The result is on
    the device of the logits, or on the processor if that device has no float64."""
    result: Tensor = _TokenLogProbs.apply(summable(logits), summable(targets))  # type: ignore[no-untyped-call]
    return result


def token_kl(p_logits: Tensor, q_logits: Tensor) -> Tensor:
    """KL(p‖q) = Σ p·(log p − log q) between the two laws of each token: (N,), nats, float64, from logits (N, V). A token that
    p never draws adds nothing; a token that p can draw and q cannot makes the divergence infinite."""
    p_logits, q_logits = summable(p_logits), summable(q_logits)
    result = torch.empty(len(p_logits), dtype=torch.float64, device=p_logits.device)
    for block in _blocks(p_logits):
        log_p, log_q = (torch.log_softmax(logits[block].double(), -1) for logits in (p_logits, q_logits))
        p = log_p.exp()
        result[block] = torch.where(p > 0, p * (log_p - log_q), 0.0).sum(-1)
    return result.clamp_(min=0.0)  # only rounding makes it negative


class _TokenLogProbs(torch.autograd.Function):
    """Computes a block of rows at a time, so that intermediate results stay in the processor's cache: a pass over all logits
    of a batch would cost more than its arithmetic."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor) -> Tensor:
        rows, chosen = logits.reshape(-1, logits.shape[-1]), targets.reshape(-1, 1)
        log_z = torch.empty(len(rows), 1, dtype=torch.float64, device=rows.device)
        for block in _blocks(rows):
            some = _at_least_float32(rows[block])
            peak = some.amax(-1, keepdim=True)
            log_z[block] = (some - peak).exp_().sum(-1, keepdim=True, dtype=torch.float64).log_() + peak
        ctx.save_for_backward(rows, chosen, log_z)
        ctx.shape = logits.shape
        return (rows.gather(-1, chosen) - log_z).view(targets.shape)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """∂ log p(target) / ∂ logits = 1[target] − softmax(logits)."""
        rows, chosen, log_z = ctx.saved_tensors
        gradient = gradient.reshape(-1, 1)
        result = torch.empty_like(rows)
        for block in _blocks(rows):
            some = _at_least_float32(rows[block])
            of_each = gradient[block].to(some.dtype)
            softmax = (some - log_z[block].to(some.dtype)).exp_()
            result[block] = softmax.mul_(-of_each).scatter_add_(-1, chosen[block], of_each)
        return result.view(ctx.shape), None


def _blocks(rows: Tensor) -> Iterator[slice]:
    size = max(1, BLOCK // rows.shape[1])
    return (slice(start, start + size) for start in range(0, len(rows), size))


def _at_least_float32(logits: Tensor) -> Tensor:
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
