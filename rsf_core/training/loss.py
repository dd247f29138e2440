"""The loss of rejection-sampling fine-tuning. −log p_accept(x|θ) with θ in the numerator and the proposal frozen is
−log p_θ(x) + log q(x) + log M: the negative log-likelihood plus a constant (MATH.md, "Loss")."""

from __future__ import annotations

from torch import Tensor

from rsf_core.forward import token_log_probs


def weighted_nll(logits: Tensor, targets: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
    """Σ_i w_i Σ_t −log p(x_it) / Σ_i T_i, a scalar in nats per token: summed over completion tokens, normalised once
    for the batch. logits (B, C, V), targets and mask (B, C), weights (B,)."""
    nll = -(token_log_probs(logits, targets) * mask).sum(1)
    return (weights * nll).sum() / mask.sum()
