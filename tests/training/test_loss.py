"""The loss is the negative log-likelihood of the accepted samples; the original description's loss points the other way."""

from __future__ import annotations

import pytest
import torch

from rsf_core.training.loss import weighted_nll


@pytest.fixture
def batch():
    torch.manual_seed(0)
    logits = torch.randn(3, 4, 11, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, 11, (3, 4))
    mask = torch.tensor([[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 0, 1]], dtype=torch.bool)
    return logits, targets, mask


def plain_nll(logits, targets, mask):
    return -(torch.log_softmax(logits, -1).gather(-1, targets[..., None]).squeeze(-1) * mask).sum()


def test_it_is_the_sum_over_completion_tokens_normalised_once(batch):
    logits, targets, mask = batch
    assert weighted_nll(logits, targets, mask, torch.ones(3)).item() == pytest.approx(plain_nll(*batch).item() / 8)


def test_a_weight_of_two_is_the_sample_twice(batch):
    logits, targets, mask = batch
    weighted = weighted_nll(logits, targets, mask, torch.tensor([2.0, 1.0, 1.0])) * mask.sum()
    rows = [0, 0, 1, 2]
    twice = weighted_nll(logits[rows], targets[rows], mask[rows], torch.ones(4)) * mask[rows].sum()
    assert weighted.item() == pytest.approx(twice.item())


def test_minus_log_p_accept_has_the_gradient_of_the_nll_whatever_m(batch):
    """−log p_accept = −log p_θ + log q + log M: the proposal and M are constants."""
    logits, targets, mask = batch
    (nll,) = torch.autograd.grad(plain_nll(*batch), logits)
    log_p = (torch.log_softmax(logits, -1).gather(-1, targets[..., None]).squeeze(-1) * mask).sum()
    log_q, log_m = torch.tensor(-7.0), torch.tensor(3.0)
    (accept,) = torch.autograd.grad(-(log_p - log_q - log_m), logits)
    torch.testing.assert_close(nll, accept)


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
