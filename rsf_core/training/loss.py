"""The loss of rejection-sampling fine-tuning. −log p_accept(x|θ) with θ in the numerator and the proposal frozen is
−log p_θ(x) + log q(x) + log M: the negative log-likelihood plus a constant (docs/MATH.md, "The loss")."""

from __future__ import annotations

import math

from torch import Tensor

from rsf_core.models.log_probs import token_log_probs


def sequence_nll(logits: Tensor, targets: Tensor, mask: Tensor, temperature: float = 1.0) -> Tensor:
    """−log p_θ(x) of each completion at `temperature`, (B,), nats, summed over its tokens. logits (B, C, V), targets and mask
    (B, C)."""
    scaled = logits if temperature == 1.0 else logits / temperature
    log_p = token_log_probs(scaled, targets)
    return -(log_p * mask.to(log_p.device)).sum(1)


def rsf(nll: Tensor, log_q: Tensor, log_m: float) -> Tensor:
    """−log p_accept(x|θ) = nll + log q + log M, (B,), nats. Its gradient is that of the nll, because q and M are constants."""
    return nll + log_q + log_m


def bounded(nll: Tensor, log_q: Tensor, growth_bound: float) -> Tensor:
    """The nll if p_θ(x) < M_θ·q(x), else its value at that bound, without gradient: no sample's likelihood is pushed above
    `growth_bound` (M_θ) times that of the proposal. A trust region; (B,), nats."""
    return nll.clamp(min=-log_q - math.log(growth_bound))


def weighted_sum(losses: Tensor, weights: Tensor) -> Tensor:
    """Σ_i w_i·loss_i, a scalar in nats. Its divisor must be the same for every step of an epoch. Dividing by a step's own
    tokens, with batches of similar length, is nearly a mean over tokens and over-trains short completions (docs/MATH.md, "The
    loss")."""
    return (weights * losses).sum()
