"""The loss is the negative log-likelihood of the accepted samples; the original description's loss points the other way."""

from __future__ import annotations

import math

import pytest
import torch

from rsf_core.training.loss import bounded, rsf, sequence_nll, weighted_sum


@pytest.fixture
def batch():
    torch.manual_seed(0)
    logits = torch.randn(3, 4, 11, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, 11, (3, 4))
    mask = torch.tensor([[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 0, 1]], dtype=torch.bool)
    return logits, targets, mask


def plain_nll(logits, targets, mask):
    return -(torch.log_softmax(logits, -1).gather(-1, targets[..., None]).squeeze(-1) * mask).sum()


def test_it_is_the_sum_over_completion_tokens(batch):
    assert weighted_sum(sequence_nll(*batch), torch.ones(3)).item() == pytest.approx(plain_nll(*batch).item())


def test_a_weight_of_two_is_the_sample_twice(batch):
    nll = sequence_nll(*batch)
    twice = weighted_sum(nll[[0, 0, 1, 2]], torch.ones(4))
    assert weighted_sum(nll, torch.tensor([2.0, 1.0, 1.0])).item() == pytest.approx(twice.item())


def test_minus_log_p_accept_has_the_gradient_of_the_nll_whatever_m(batch):
    """−log p_accept = −log p_θ + log q + log M, where the proposal and M are constants."""
    logits, targets, mask = batch
    log_q = torch.tensor([-7.0, -2.0, -30.0], dtype=torch.float64)
    (nll,) = torch.autograd.grad(plain_nll(*batch), logits)
    for log_m in (-5.0, 0.0, 3.0):
        losses = rsf(sequence_nll(*batch), log_q, log_m)
        (accept,) = torch.autograd.grad(losses.sum(), logits)
        torch.testing.assert_close(accept, nll)
        log_p = (torch.log_softmax(logits, -1).gather(-1, targets[..., None]).squeeze(-1) * mask).sum(1)
        torch.testing.assert_close(losses, -(log_p - log_q - log_m))  # −log (p_θ / (M q))


def test_the_growth_bound_is_the_nll_below_it_and_flat_beyond(batch):
    """p_θ(x) ≥ M_θ·q(x) for the second sample only, so only its gradient is 0."""
    logits = batch[0]
    nll = sequence_nll(*batch)
    log_q = -nll.detach() + torch.tensor([0.0, -2.0, 5.0], dtype=torch.float64)  # p_θ/q = 1, e², e^−5
    losses = bounded(nll, log_q, growth_bound=3.0)
    torch.testing.assert_close(losses[[0, 2]], nll[[0, 2]])
    (gradient,) = torch.autograd.grad(losses.sum(), logits, retain_graph=True)
    (whole,) = torch.autograd.grad(nll.sum(), logits)
    assert not gradient[1].any()
    torch.testing.assert_close(gradient[[0, 2]], whole[[0, 2]])


def test_min_one_in_the_acceptance_would_be_a_growth_bound_of_m(batch):
    """−log min(1, p_θ/(M·q)) has no gradient if p_θ > M·q: it is `bounded` at M, up to constants."""
    nll, log_q, log_m = sequence_nll(*batch), torch.tensor([-9.0, -12.0, -1.0], dtype=torch.float64), 0.7
    capped = -torch.clamp(-nll - log_q - log_m, max=0.0)
    torch.testing.assert_close(rsf(bounded(nll, log_q, math.exp(log_m)), log_q, log_m), capped)


def test_the_loss_of_the_original_description_raises_the_cross_entropy(batch):
    """Its code, −log(M·CE), has the gradient −∇CE/CE: a step of descent goes uphill."""
    logits, targets, mask = batch
    (good,) = torch.autograd.grad(plain_nll(*batch), logits)
    cross_entropy = plain_nll(*batch)
    (seed,) = torch.autograd.grad(-torch.log(5.0 * cross_entropy), logits)
    torch.testing.assert_close(seed, -good / cross_entropy.detach())
    before = cross_entropy.item()
    assert plain_nll(logits - 0.1 * seed, targets, mask).item() > before
    assert plain_nll(logits - 0.1 * good, targets, mask).item() < before
