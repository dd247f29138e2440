"""A token drawn by inverting the CDF follows the law whose log-probability is reported."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from rsf_core.proposals.inverse_cdf import draw
from rsf_core.settings import Sampling

VOCABULARY = 700  # not a multiple of the block


def law(logits: np.ndarray, sampling: Sampling) -> np.ndarray:
    """The processed distribution, written plainly: temperature, then top-k, then top-p."""
    weights = np.exp((logits - logits.max()) / sampling.temperature)
    order = np.argsort(-weights, kind="stable")
    if sampling.top_k:
        weights[order[sampling.top_k :]] = 0.0
    if sampling.top_p < 1:
        before = np.cumsum(weights[order]) - weights[order]
        weights[order[before >= sampling.top_p * weights.sum()]] = 0.0
    return weights / weights.sum()


def some_logits(seed: int, vocabulary: int = VOCABULARY) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, vocabulary).astype(np.float32)


SETTINGS = [
    Sampling(),
    Sampling(temperature=0.7),
    Sampling(temperature=1.6, top_k=20),
    Sampling(top_p=0.8),
    Sampling(temperature=0.8, top_k=50, top_p=0.5),
]


@pytest.mark.parametrize("sampling", SETTINGS, ids=str)
def test_log_q_is_of_the_law_sampled_from_and_log_model_of_the_untouched_one(sampling):
    logits = some_logits(1)
    u = torch.linspace(0, 1 - 1e-12, 2000, dtype=torch.float64)
    drawn = draw(torch.from_numpy(logits).expand(len(u), -1), u, sampling)
    tokens = drawn.tokens.numpy()
    np.testing.assert_allclose(drawn.log_q.numpy(), np.log(law(logits.astype(float), sampling)[tokens]), atol=1e-5)
    np.testing.assert_allclose(
        drawn.log_model.numpy(), np.log(law(logits.astype(float), Sampling())[tokens]), atol=1e-5
    )


@pytest.mark.parametrize("sampling", SETTINGS, ids=str)
def test_draws_follow_the_law(sampling):
    logits = some_logits(2)
    count = 40_000
    u = torch.from_numpy(np.random.default_rng(3).random(count))
    tokens = draw(torch.from_numpy(logits).expand(count, -1), u, sampling).tokens.numpy()
    expected = count * law(logits.astype(float), sampling)
    observed = np.bincount(tokens, minlength=VOCABULARY)
    assert observed[expected == 0].sum() == 0
    often = expected > 10
    rest = [observed[~often].sum()], [expected[~often].sum()]
    if rest[1][0] > 0:
        observed, expected = np.concatenate([observed[often], rest[0]]), np.concatenate([expected[often], rest[1]])
    else:
        observed, expected = observed[often], expected[often]
    assert chisquare(observed, expected).pvalue > 0.001


@given(
    logits=st.lists(st.sampled_from([-np.inf, -80.0, -3.0, 0.0, 5.0]), min_size=2, max_size=600).filter(
        lambda values: max(values) > -np.inf
    ),
    u=st.sampled_from([0.0, 2**-53, 0.5, 1 - 2**-53]) | st.floats(0, 1, exclude_max=True),
)
def test_a_token_of_weight_zero_is_never_drawn_not_even_at_the_ends(logits, u):
    drawn = draw(torch.tensor([logits], dtype=torch.float32), torch.tensor([u], dtype=torch.float64), Sampling())
    assert logits[drawn.tokens.item()] > -np.inf
    assert np.isfinite(drawn.log_q.item())


def test_a_row_does_not_depend_on_the_rows_beside_it():
    logits = torch.from_numpy(np.stack([some_logits(seed) for seed in range(8)]))
    u = torch.from_numpy(np.random.default_rng(0).random(8))
    together = draw(logits, u, Sampling(temperature=0.9))
    for i in range(8):
        alone = draw(logits[i : i + 1], u[i : i + 1], Sampling(temperature=0.9))
        assert alone.tokens.item() == together.tokens[i].item()
        assert alone.log_q.item() == pytest.approx(together.log_q[i].item(), abs=1e-6)
