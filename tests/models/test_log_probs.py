"""log p of tokens is what torch gives in float64, from logits of any precision, with the matching gradient."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.models import log_probs
from rsf_core.models.log_probs import token_log_probs


def reference(logits, targets):
    return torch.log_softmax(logits.double(), -1).gather(-1, targets[..., None]).squeeze(-1)


def batch(seed, *shape, dtype=torch.float32, scale=3.0):
    random = torch.Generator().manual_seed(seed)
    logits = (torch.randn(*shape, generator=random) * scale).to(dtype)
    return logits, torch.randint(0, shape[-1], shape[:-1], generator=random)


@given(st.integers(0, 99), st.integers(1, 4), st.integers(1, 6), st.integers(1, 300), st.sampled_from([1.0, 30.0]))
def test_it_is_the_log_softmax_at_the_target(seed, rows, columns, vocabulary, scale):
    logits, targets = batch(seed, rows, columns, vocabulary, scale=scale)
    log_probs = token_log_probs(logits, targets)
    assert log_probs.dtype == torch.float64
    torch.testing.assert_close(log_probs, reference(logits, targets), atol=1e-6, rtol=0)


def test_a_sequence_of_a_large_vocabulary_is_right_to_a_millionth():
    logits, targets = batch(0, 1, 200, 50_000)
    gap = (token_log_probs(logits, targets) - reference(logits, targets)).sum().abs()
    assert gap < 1e-6


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_gradient_is_that_of_the_log_softmax_in_the_precision_of_the_logits(dtype, monkeypatch):
    monkeypatch.setattr(log_probs, "BLOCK", 22)  # of eleven tokens: two rows at a time, the last alone
    logits, targets = batch(1, 3, 3, 11, dtype=dtype)
    weights = torch.arange(9.0, dtype=torch.float64).view(3, 3)
    ours, theirs = logits.clone().requires_grad_(), logits.double().requires_grad_()
    (token_log_probs(ours, targets) * weights).sum().backward()
    (reference(theirs, targets) * weights).sum().backward()
    assert ours.grad.dtype == dtype
    torch.testing.assert_close(
        ours.grad.double(), theirs.grad, atol=1e-6, rtol=1e-6 if dtype == torch.float32 else 4e-3
    )


def test_finite_differences_give_the_gradient():
    logits, targets = batch(2, 2, 3, 7, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda logits: token_log_probs(logits, targets), logits.requires_grad_())


def test_an_impossible_token_has_minus_infinity_and_its_rival_the_rest():
    logits = torch.tensor([[[0.0, float("-inf"), 0.0], [0.0, float("-inf"), 0.0]]])
    assert token_log_probs(logits, torch.tensor([[1, 2]])).exp().tolist() == [[0.0, 0.5]]
